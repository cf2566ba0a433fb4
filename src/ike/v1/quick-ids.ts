/** Whose traffic a child is for, RFC 2407 §4.6.2: an address, a subnet or a range, one protocol and one port. */
import { Address } from '../../net/address.ts';
import { Id } from '../../net/id.ts';
import { Selector } from '../../net/selector.ts';
import { joined } from '../crypto/misc.ts';
import { clip } from '../explain/words.ts';
import { ID_TYPE } from '../wire/registry.ts';
import { NET_ID, type Payload, type PayloadNamed } from './wire/index.ts';

type NetId = PayloadNamed<'ID'>;

/** Undefined if IKEv1 has no words for it: a range of ports. */
export function netId({ start, end, family, prefix, protocol, startPort, endPort }: Selector): Payload | undefined {
  const isAny = startPort === 0 && endPort === 65_535;
  if (!isAny && startPort !== endPort) return undefined;
  const about = { type: 'ID', protocol, port: isAny ? 0 : startPort } as const;
  const [host, subnet, range] =
    family === 4
      ? [ID_TYPE.ID_IPV4_ADDR, NET_ID.ID_IPV4_ADDR_SUBNET, NET_ID.ID_IPV4_ADDR_RANGE]
      : [ID_TYPE.ID_IPV6_ADDR, NET_ID.ID_IPV6_ADDR_SUBNET, NET_ID.ID_IPV6_ADDR_RANGE];
  if (start.equals(end)) return { ...about, idType: host, data: start.toBytes() };
  if (prefix === undefined) return { ...about, idType: range, data: joined(start.toBytes(), end.toBytes()) };
  return { ...about, idType: subnet, data: joined(start.toBytes(), mask(family, prefix)) };
}

/** As the peer wrote it, where it is none of those: a name says no addresses. */
export const idText = ({ idType, data }: NetId): string =>
  `${new Id(idType, data).typeName} '${clip(`${new Id(idType, data)}`)}'`;

/** What the peer says; undefined if it is no address, no contiguous mask, or a range that runs backwards. */
export function selectorOf({ idType, protocol, port, data }: NetId): Selector | undefined {
  const octets = OCTETS.get(idType);
  const isHost = idType === ID_TYPE.ID_IPV4_ADDR || idType === ID_TYPE.ID_IPV6_ADDR;
  if (octets === undefined || data.length !== (isHost ? octets : 2 * octets)) return undefined;
  const start = Address.fromBytes(data.slice(0, octets));
  const end = isHost ? start : lastOf(idType, data, octets);
  if (!end || start.compare(end) > 0) return undefined;
  return new Selector(start, end, protocol, port, port === 0 ? 65_535 : port);
}

const OCTETS: ReadonlyMap<number, 4 | 16> = new Map<number, 4 | 16>([
  [ID_TYPE.ID_IPV4_ADDR, 4],
  [NET_ID.ID_IPV4_ADDR_SUBNET, 4],
  [NET_ID.ID_IPV4_ADDR_RANGE, 4],
  [ID_TYPE.ID_IPV6_ADDR, 16],
  [NET_ID.ID_IPV6_ADDR_SUBNET, 16],
  [NET_ID.ID_IPV6_ADDR_RANGE, 16],
]);

function lastOf(idType: number, data: Uint8Array, octets: number): Address | undefined {
  const second = data.slice(octets);
  if (idType === NET_ID.ID_IPV4_ADDR_RANGE || idType === NET_ID.ID_IPV6_ADDR_RANGE) return Address.fromBytes(second);
  const prefix = prefixOf(second);
  if (prefix === undefined) return undefined;
  // Bits of the address that the mask has not are a mistake, not a host of the subnet.
  if (second.some((bits, i) => (data[i] & ~bits & 255) !== 0)) return undefined;
  return Address.fromBytes(data.slice(0, octets).map((octet, i) => octet | (~second[i] & 255)));
}

function prefixOf(bits: Uint8Array): number | undefined {
  let prefix = 0;
  for (let i = 0; i < bits.length; i++) {
    const ones = Math.clz32(~(bits[i] << 24));
    const isMask = bits[i] === ((0xff00 >> ones) & 0xff) && (ones === 0 || prefix === 8 * i);
    if (!isMask) return undefined;
    prefix += ones;
  }
  return prefix;
}

const mask = (family: 4 | 6, prefix: number): Uint8Array =>
  Uint8Array.from({ length: family === 4 ? 4 : 16 }, (_, i) => {
    const bits = Math.min(8, Math.max(0, prefix - 8 * i));
    return 256 - 2 ** (8 - bits);
  });
