/**
 * Inner addresses that one end gets of the other, as both versions of IKE know them: the Configuration payload of RFC 7296
 * §3.15, and Mode Config, which it came of. A lease is the SA's: its children take it into their selectors, and it lasts over
 * rekeys until the SA ends.
 */
import { Address, type Family } from '../net/address.ts';
import { Selector } from '../net/selector.ts';
import { Subnet } from '../net/subnet.ts';
import type { Env, Lease, Out, Told } from './effects.ts';
import { clip } from './explain/words.ts';
import type { ChildPolicy, CpPolicy, Policy } from './policy.ts';
import { CFG_ATTRIBUTE } from './wire/index.ts';

export interface CpAttribute {
  readonly type: number;
  readonly value: Uint8Array;
}

/** Not in IANA's registry, from the days of IKEv1; strongSwan and Cisco ask for it. */
export const UNITY_BANNER = 28672;

/** Attribute types by family: the numbers are the same in both versions. */
export const OF_FAMILY = {
  4: {
    address: CFG_ATTRIBUTE.INTERNAL_IP4_ADDRESS,
    dns: CFG_ATTRIBUTE.INTERNAL_IP4_DNS,
    subnet: CFG_ATTRIBUTE.INTERNAL_IP4_SUBNET,
  },
  6: {
    address: CFG_ATTRIBUTE.INTERNAL_IP6_ADDRESS,
    dns: CFG_ATTRIBUTE.INTERNAL_IP6_DNS,
    subnet: CFG_ATTRIBUTE.INTERNAL_IP6_SUBNET,
  },
} as const;

export const FAMILIES: readonly Family[] = [4, 6];

export type CpServer = Extract<CpPolicy, { role: 'server' }>;
export type CpClient = Extract<CpPolicy, { role: 'client' }>;

/** An SA of either version. */
interface Leasing {
  leases: readonly Lease[];
  readonly policy: Policy;
}

interface LeasingTurn {
  readonly sa: Leasing;
  readonly outs: Out[];
}

/** What of its traffic a connection allows to children of this SA: where an address is leased, that one. */
export function allowed(
  sa: Pick<Leasing, 'leases'>,
  { cp, child }: Policy,
): Pick<ChildPolicy, 'local' | 'remote' | 'narrowing'> {
  if (!cp) return child;
  const leased = sa.leases.map(({ address }) => Selector.ofAddress(address));
  const { local, remote } = child;
  return cp.role === 'server' ? { local, remote: leased, narrowing: true } : { local: leased, remote, narrowing: true };
}

/** With the SA its leases end; `isKnown`: the peer knows. */
export function endLeases(turn: LeasingTurn & { readonly env: Env }, isKnown: boolean): void {
  const { sa, env } = turn;
  const { leases } = sa;
  if (leases.length === 0) return;
  sa.leases = [];
  if (sa.policy.cp?.role === 'client') return void turn.outs.push({ t: 'unassigned', leases });
  for (const lease of leases) env.release(lease, isKnown);
}

// --- what a client makes of what it is told ------------------------------------------------------------------

/** The first address of each family that is wanted, for we ask for one; `wrong`: why there is none that we could use. */
function addressesFor(
  { families }: CpClient,
  attributes: readonly CpAttribute[],
  peer: Address,
): { readonly addresses: readonly Address[] } | { readonly wrong: string } {
  const addresses = families.flatMap((family) => addressOf(family, attributes));
  if (addresses.length === 0) return { wrong: `the peer leases us no address of IPv${families.join(' or IPv')}` };
  const odd = addresses.find((address) => !isUsable(address) || address.equals(peer));
  return odd ? { wrong: `the peer leases us ${odd}, which nobody can have` } : { addresses };
}

/** Takes what the peer leases us into the SA; why not, if it leases nothing that we could use. `read`: what else it tells. */
export function takeLeases(
  turn: LeasingTurn & { say(text: string): void },
  cp: CpClient,
  { peer, attributes }: { readonly peer: Address; readonly attributes: readonly CpAttribute[] },
  read: (attributes: readonly CpAttribute[]) => Told,
): Told | { readonly wrong: string } {
  const found = addressesFor(cp, attributes, peer);
  if ('wrong' in found) return found;
  const { addresses } = found;
  const leases = addresses.map((address) => Object.freeze({ address }));
  const told = read(attributes);
  turn.sa.leases = leases;
  turn.outs.push({ t: 'assigned', leases, told });
  turn.say(`the peer leases us ${addresses.join(' and ')}${toldText(told)}`);
  return told;
}

function addressOf(family: Family, attributes: readonly CpAttribute[]): Address[] {
  for (const { type, value } of attributes) {
    const address = type === OF_FAMILY[family].address ? addressIn(value, family) : undefined;
    if (address) return [address];
  }
  return [];
}

function isUsable(address: Address): boolean {
  if (address.isAny || address.isLoopback) return false;
  const [first] = address.toBytes();
  return address.family === 4 ? first !== 0 && first < 224 : first !== 0xff;
}

/** An IPv4 or IPv6 address in an attribute; with IPv6, as many octets may follow as the attribute has for a prefix. */
export function addressIn(value: Uint8Array, family: Family): Address | undefined {
  const octets = family === 4 ? 4 : 16;
  return value.length === octets || (family === 6 && value.length === 17)
    ? Address.fromBytes(value, 0, octets)
    : undefined;
}

/** Of each kind. */
export const MOST_TOLD = 32;
const MOST_OCTETS = 255;

/** What `read` makes of the attributes, and no more than a log line has room for. */
export const told = <T>(
  attributes: readonly CpAttribute[],
  read: (attribute: CpAttribute) => T | undefined,
): readonly T[] => attributes.flatMap((attribute) => read(attribute) ?? []).slice(0, MOST_TOLD);

export const textsIn = (attributes: readonly CpAttribute[], wanted: number): readonly string[] =>
  told(attributes, ({ type, value }) => (type === wanted && value.length > 0 ? printable(value) : undefined));

export const serversIn = (attributes: readonly CpAttribute[]): readonly Address[] =>
  told(attributes, ({ type, value }) => {
    const family = FAMILIES.find((f) => OF_FAMILY[f].dns === type);
    return family && addressIn(value, family);
  });

export const subnetsIn = (attributes: readonly CpAttribute[]): readonly Subnet[] =>
  told(attributes, ({ type, value }) => {
    const family = FAMILIES.find((f) => OF_FAMILY[f].subnet === type);
    return family && subnetIn(value, family);
  });

/** A peer's text ends in logs: printable ASCII of a bounded length. */
export const printable = (value: Uint8Array): string =>
  clip(
    Buffer.from(value)
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, '?'),
    MOST_OCTETS,
  );

/** IPv4 with a mask, IPv6 with a prefix. */
export function subnetIn(value: Uint8Array, family: Family): Subnet | undefined {
  if (value.length !== (family === 4 ? 8 : 17)) return undefined;
  const address = addressIn(family === 4 ? value.subarray(0, 4) : value, family);
  const prefix = family === 4 ? prefixOf(value.subarray(4)) : value[16];
  return address && prefix !== undefined && prefix <= address.bits ? Subnet.of(address, prefix) : undefined;
}

/** Ones, then zeros. */
function prefixOf(mask: Uint8Array): number | undefined {
  const [, ones] = /^(1*)0*$/.exec([...mask].map((octet) => octet.toString(2).padStart(8, '0')).join('')) ?? [];
  return ones?.length;
}

/** For the log line that begins with the addresses. */
const toldText = ({ dns, domains, subnets, banner }: Told): string =>
  [
    dns.length > 0 ? `; name servers ${dns.join(', ')}` : '',
    domains.length > 0 ? ` for ${domains.join(', ')}` : '',
    subnets.length > 0 ? `; subnets ${subnets.join(', ')}` : '',
    banner === undefined ? '' : `; it says: ${banner}`,
  ].join('');

// --- what a server tells --------------------------------------------------------------------------------------

/** Octets of an identity that a lease is remembered by. */
export const MOST_NAME = 1_024;

/** By what the lease of a user is remembered, whatever address it comes from. */
export const userIdentity = (name: string): string => `user:${clip(name, MOST_NAME)}`;

export const textAttribute = (type: number, text: string): CpAttribute => ({
  type,
  value: new Uint8Array(Buffer.from(text)),
});

export const serverAttributes = ({ dns }: CpServer): CpAttribute[] =>
  dns.map((server) => ({ type: OF_FAMILY[server.family].dns, value: server.toBytes() }));

/** Subnets that a peer is told of. */
const MOST_SUBNETS = 64;

/** All there is needs no mention. RFC 7296 §3.15.2. */
export const subnetsToTell = (local: readonly Selector[]): readonly Subnet[] =>
  local
    .flatMap((selector) => selector.subnets())
    .filter(({ prefix }) => prefix > 0)
    .slice(0, MOST_SUBNETS);

export const subnetAttribute = ({ address, prefix, family }: Subnet): CpAttribute => {
  const octets = address.toBytes();
  const value = family === 6 ? withPrefix(octets, prefix) : Uint8Array.of(...octets, ...maskOf(prefix));
  return { type: OF_FAMILY[family].subnet, value };
};

export const withPrefix = (octets: Uint8Array, prefix: number): Uint8Array => Uint8Array.of(...octets, prefix);

/** Four octets. */
export const maskOf = (prefix: number): Uint8Array =>
  Uint8Array.from({ length: 4 }, (_, i) => 0xff & (0xff00 >> Math.min(8, Math.max(0, prefix - 8 * i))));
