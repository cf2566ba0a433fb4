/**
 * Which addresses may be fetched from. A certificate's issuer chooses the URL, and its name server the address: neither
 * shall make the daemon a way into the networks that it stands in (server-side request forgery).
 */
import { Address } from '../../net/address.ts';
import { Subnet } from '../../net/subnet.ts';

/** `fetch-private=`. */
export type PrivatePolicy = 'no' | 'yes' | readonly Subnet[];

/** Why not; undefined if it may be. */
export function refusal(address: Address, allowed: PrivatePolicy): string | undefined {
  const inner = embedded(address);
  if (inner) return refusal(inner, allowed);
  const kind = kindOf(address);
  if (kind === undefined) return undefined;
  if (kind.isNever) return `${kind.what} are never fetched from`;
  if (typeof allowed !== 'string' && allowed.some((subnet) => subnet.contains(address))) return undefined;
  if (allowed === 'yes' && !kind.mustBeNamed) return undefined;
  return `${kind.what} are fetched from only if fetch-private= says so`;
}

interface SpecialKind {
  readonly blocks: readonly Subnet[];
  readonly what: string;
  readonly isNever?: true;
  /** `yes` does not do: clouds keep their instances' credentials there. */
  readonly mustBeNamed?: true;
}

const kind = (what: string, blocks: string, extra: Omit<SpecialKind, 'what' | 'blocks'> = {}): SpecialKind => ({
  what,
  blocks: blocks.split(' ').map((text) => Subnet.parse(text)!),
  ...extra,
});

/** IANA's special-purpose address registries (RFC 6890). Of IPv6 only 2000::/3 is public. */
const SPECIAL: readonly SpecialKind[] = [
  kind('multicast, broadcast and unspecified addresses', '0.0.0.0/8 224.0.0.0/4 255.255.255.255/32 ::/128 ff00::/8', {
    isNever: true,
  }),
  kind('link-local addresses', '169.254.0.0/16 fe80::/10', { mustBeNamed: true }),
  kind('loopback addresses', '127.0.0.0/8 ::1/128'),
  kind('private addresses', '10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.168.0.0/16 fc00::/7'),
  kind(
    'addresses for special purposes',
    [
      '192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4',
      '2001::/23 2001:db8::/32 3fff::/20 ::/3 4000::/2 8000::/1',
    ].join(' '),
  ),
];

const kindOf = (address: Address): SpecialKind | undefined =>
  SPECIAL.find(({ blocks }) => blocks.some((block) => block.contains(address)));

/** The IPv4 address that packets to this one end at: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056). */
function embedded(address: Address): Address | undefined {
  const place = EMBEDDING.find(([block]) => block.contains(address))?.[1];
  return place === undefined ? undefined : Address.fromBytes(address.toBytes(), place, 4);
}

const EMBEDDING: readonly (readonly [Subnet, number])[] = [
  [Subnet.parse('::ffff:0:0/96')!, 12],
  [Subnet.parse('64:ff9b::/96')!, 12],
  [Subnet.parse('2002::/16')!, 2],
];
