/** Asking the peer for inner addresses of ours, and what of its answer we take. RFC 7296 §2.19, §3.15; RFC 8598. */
import type { Address, Family } from '../../net/address.ts';
import { Subnet } from '../../net/subnet.ts';
import type { Told } from '../effects.ts';
import { clip } from '../explain/words.ts';
import type { Policy } from '../policy.ts';
import { CFG_ATTRIBUTE, CFG_TYPE, find, type Payload } from '../wire/index.ts';
import { type Attribute, addressIn, configuration, FAMILIES, OF_FAMILY, UNITY_BANNER } from './cp.ts';
import { NONE } from './ike-sa.ts';
import type { Turn } from './turn.ts';

/** The request, for a connection that wants addresses. */
export function configurationRequest({ cp }: Policy): readonly Payload[] {
  if (cp?.role !== 'client') return NONE;
  const ask = (type: number): Attribute => ({ type, value: new Uint8Array() });
  const attributes = cp.families.flatMap((family) => Object.values(OF_FAMILY[family]).map(ask));
  return [
    configuration(CFG_TYPE.CFG_REQUEST, [...attributes, ask(CFG_ATTRIBUTE.INTERNAL_DNS_DOMAIN), ask(UNITY_BANNER)]),
  ];
}

/** Takes what the peer leases us into the SA; why not, if it leases nothing that we could use. */
export function hearConfiguration(turn: Turn, payloads: readonly Payload[]): string | undefined {
  const { sa } = turn;
  const { cp } = sa.policy;
  if (cp?.role !== 'client') return undefined;
  const reply = find(payloads, 'CP');
  if (reply?.cfgType !== CFG_TYPE.CFG_REPLY) return 'the peer leases us no address (no CFG_REPLY)';
  const leases = cp.families.flatMap((family) => addressOf(family, reply.attributes));
  if (leases.length === 0) return `the peer leases us no address of IPv${cp.families.join(' or IPv')}`;
  const odd = leases.find((address) => !isUsable(address) || address.equals(sa.peer.address));
  if (odd) return `the peer leases us ${odd}, which nobody can have`;
  sa.leases = leases.map((address) => Object.freeze({ address }));
  const told = toldBy(reply.attributes);
  turn.outs.push({ t: 'assigned', leases: sa.leases, told });
  turn.say(`the peer leases us ${leases.join(' and ')}${toldText(told)}`);
  return undefined;
}

/** The first one: we have asked for one of each. */
function addressOf(family: Family, attributes: readonly Attribute[]): Address[] {
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

/** Of each kind. */
const MOST_TOLD = 32;
const MOST_OCTETS = 255;

function toldBy(attributes: readonly Attribute[]): Told {
  const all = <T>(read: (attribute: Attribute) => T | undefined): readonly T[] =>
    attributes.flatMap((attribute) => read(attribute) ?? []).slice(0, MOST_TOLD);
  const texts = (wanted: number) =>
    all(({ type, value }) => (type === wanted && value.length > 0 ? printable(value) : undefined));
  return {
    dns: all(({ type, value }) => {
      const family = FAMILIES.find((f) => OF_FAMILY[f].dns === type);
      return family && addressIn(value, family);
    }),
    domains: texts(CFG_ATTRIBUTE.INTERNAL_DNS_DOMAIN),
    subnets: all(subnetIn),
    banner: texts(UNITY_BANNER)[0],
  };
}

/** A peer's text ends in logs: printable ASCII of a bounded length. */
const printable = (value: Uint8Array): string =>
  clip(
    Buffer.from(value)
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, '?'),
    MOST_OCTETS,
  );

/** IPv4 with a mask, IPv6 with a prefix. */
function subnetIn({ type, value }: Attribute): Subnet | undefined {
  const family = FAMILIES.find((f) => OF_FAMILY[f].subnet === type);
  if (!family || value.length !== (family === 4 ? 8 : 17)) return undefined;
  const address = addressIn(family === 4 ? value.subarray(0, 4) : value, family);
  const prefix = family === 4 ? prefixOf(value.subarray(4)) : value[16];
  return address && prefix !== undefined && prefix <= address.bits ? Subnet.of(address, prefix) : undefined;
}

/** Ones, then zeros. */
function prefixOf(mask: Uint8Array): number | undefined {
  const [, ones] = /^(1*)0*$/.exec([...mask].map((octet) => octet.toString(2).padStart(8, '0')).join('')) ?? [];
  return ones?.length;
}

const toldText = ({ dns, domains, subnets, banner }: Told): string =>
  [
    dns.length > 0 ? `; name servers ${dns.join(', ')}` : '',
    domains.length > 0 ? ` for ${domains.join(', ')}` : '',
    subnets.length > 0 ? `; subnets ${subnets.join(', ')}` : '',
    banner === undefined ? '' : `; it says: ${banner}`,
  ].join('');
