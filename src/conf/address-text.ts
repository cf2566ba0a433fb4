/** Addresses, subnets, ranges, selectors and protoports in the spellings that ipsec.conf(5) allows. */
import { Address, type Family } from '../net/address.ts';
import type { AddressRange } from '../net/address-range.ts';
import { Selector } from '../net/selector.ts';
import { Subnet } from '../net/subnet.ts';
import type { Cidr, Protoport } from './conn.ts';

/** IPv6, or IPv4 with one to four parts in decimal, octal or hex as inet_aton(3) reads them (`127.1`). */
export function parseAddress(text: string): Address | undefined {
  const common = dottedQuad(text);
  if (common !== undefined) return Address.fromBytes(common);
  if (text.includes(':')) return text.includes('.') ? undefined : Address.parse(text);
  const parts = numbersOf(text);
  if (parts === undefined) return undefined;
  const last = parts[parts.length - 1];
  if (parts.slice(0, -1).some((p) => p > 255) || last >= 256 ** (5 - parts.length)) return undefined;
  return ipv4(parts.slice(0, -1).reduce((sum, part, i) => sum + part * 256 ** (3 - i), last));
}

/** The spelling that nearly all have; undefined for any other, leading zeros among them, which mean octal. */
function dottedQuad(text: string): readonly number[] | undefined {
  const octets: number[] = [];
  let octet = -1;
  for (let i = 0; i <= text.length; i++) {
    const digit = i < text.length ? text.charCodeAt(i) - 48 : DOT;
    if (digit === DOT && octet >= 0) {
      octets.push(octet);
      octet = -1;
    } else if (digit >= 0 && digit <= 9 && octet !== 0) octet = octet < 0 ? digit : octet * 10 + digit;
    else return undefined;
    if (octet > 255) return undefined;
  }
  return octets.length === 4 ? octets : undefined;
}

const DOT = '.'.charCodeAt(0) - 48;

/** With a prefix length, a netmask, or neither; `10/8` is 10.0.0.0/8; `%default` is everything. */
export function parseSubnet(
  text: string,
  family?: Family,
): { readonly subnet: Subnet; readonly hasHostBits: boolean } | undefined {
  if (text === '%default' && family !== undefined) return { subnet: Subnet.all(family), hasHostBits: false };
  const [head, mask, ...more] = text.split('/');
  if (more.length > 0) return undefined;
  if (mask === undefined) {
    const address = parseAddress(head);
    return address && { subnet: Subnet.of(address), hasHostBits: false };
  }
  const address = parseNetwork(head);
  const prefix = address && parsePrefix(mask, address);
  if (address === undefined || prefix === undefined) return undefined;
  const subnet = Subnet.of(address, prefix);
  return { subnet, hasHostBits: !subnet.address.equals(address) };
}

/** ADDRESS/BITS with its host bits; all bits if there is no `/`. */
export function parseCidr(text: string): Cidr | undefined {
  const [head, bits, ...more] = text.split('/');
  const address = parseAddress(head);
  if (address === undefined || more.length > 0) return undefined;
  if (bits === undefined) return { address, prefix: address.bits };
  return /^\d{1,3}$/.test(bits) && Number(bits) <= address.bits ? { address, prefix: Number(bits) } : undefined;
}

/** `FIRST-LAST`, a subnet without host bits (or, if `zeroes`, with them set to zero), or one address. */
export function parseRange(text: string, zeroes = false): AddressRange | undefined {
  const dash = text.indexOf('-');
  if (dash >= 0) {
    const start = parseAddress(text.slice(0, dash));
    const end = parseAddress(text.slice(dash + 1));
    const isRange = start !== undefined && end !== undefined && start.family === end.family && start.compare(end) <= 0;
    return isRange ? { start, end } : undefined;
  }
  const parsed = parseSubnet(text);
  if (parsed === undefined || (parsed.hasHostBits && !zeroes)) return undefined;
  return { start: parsed.subnet.address, end: parsed.subnet.last };
}

/** `ADDRESSES[/PROTOCOL[/PORT]]`, where ADDRESSES is as for `parseRange`. */
export function parseSelector(text: string, zeroes = false): Selector | undefined {
  const parts = text.split('/');
  const isRange = parts[0].includes('-');
  const own = isRange ? 1 : 2;
  const range = parseRange(parts.slice(0, own).join('/'), zeroes);
  const [protocolText = '0', portText, ...more] = parts.slice(own);
  const protocol = parseProtocol(protocolText);
  if (range === undefined || protocol === undefined || more.length > 0) return undefined;
  const port = portText === undefined ? 0 : parsePort(portText);
  if (port === undefined || (protocol === 0 && port !== 0)) return undefined;
  return new Selector(range.start, range.end, protocol, port, port === 0 ? 65535 : port);
}

/** `%any`, `PROTOCOL`, `PROTOCOL/PORT`, `PROTOCOL/%any`. */
export function parseProtoport(text: string): Protoport | undefined {
  if (text === '%any') return { protocol: 0, port: 0, wildcard: false };
  const [protocolText, portText = '', ...more] = text.split('/');
  const protocol = parseProtocol(protocolText);
  if (protocol === undefined || more.length > 0) return undefined;
  if (portText === '%any') return { protocol, port: 0, wildcard: true };
  const port = portText === '' ? 0 : parsePort(portText);
  if (port === undefined || (protocol === 0 && port !== 0)) return undefined;
  return { protocol, port, wildcard: false };
}

const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  icmp6: 58,
  'ipv6-icmp': 58,
  icmpv6: 58,
  ospf: 89,
  l2tp: 115,
  sctp: 132,
  udplite: 136,
};

function parseProtocol(text: string): number | undefined {
  if (text === '%any') return 0;
  const name = text.toLowerCase();
  if (Object.hasOwn(PROTOCOLS, name)) return PROTOCOLS[name];
  return /^\d{1,3}$/.test(text) && Number(text) <= 255 ? Number(text) : undefined;
}

function parsePort(text: string): number | undefined {
  const port = numberOf(text);
  return port !== undefined && port <= 65535 ? port : undefined;
}

/** Before a `/` missing octets are zeros at the end: `10.1/16`. */
function parseNetwork(text: string): Address | undefined {
  const parts = text.includes(':') ? undefined : numbersOf(text);
  if (parts === undefined || parts.length === 4 || parts.some((p) => p > 255)) return parseAddress(text);
  return ipv4(parts.reduce((sum, part, i) => sum + part * 256 ** (3 - i), 0));
}

function parsePrefix(text: string, address: Address): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= address.bits ? Number(text) : undefined;
  if (address.family === 6 || text.length > 15 || (!text.includes('.') && !/^0x[0-9a-f]{1,8}$/i.test(text)))
    return undefined;
  const mask = parseAddress(text);
  if (mask === undefined) return undefined;
  const inverse = 0xffffffffn - mask.toBigInt();
  return (inverse & (inverse + 1n)) === 0n ? 32 - (inverse === 0n ? 0 : inverse.toString(2).length) : undefined;
}

const ipv4 = (value: number): Address => Address.fromBigInt(4, BigInt(value));

function numbersOf(text: string): number[] | undefined {
  if (text.length > 64) return undefined;
  const numbers: number[] = [];
  for (const part of text.split('.')) {
    const number = numberOf(part);
    if (number === undefined || numbers.length === 4) return undefined;
    numbers.push(number);
  }
  return numbers;
}

/** Decimal, `0x` hex, or octal after a leading zero. */
function numberOf(text: string): number | undefined {
  if (/^(0|[1-9]\d{0,9})$/.test(text)) return Number(text);
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return Number.parseInt(text, 16);
  if (/^0[0-7]{1,11}$/.test(text)) return Number.parseInt(text, 8);
  return undefined;
}
