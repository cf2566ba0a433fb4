/** The values of ipsec.conf(5) that are more than a word or a number: text into something typed, or a fault. */
import type { Address, Family } from '../net/address.ts';
import type { AddressRange } from '../net/address-range.ts';
import { parseAddress, parseCidr, parseRange, parseSubnet } from './address-text.ts';
import type { Cidr, Mark, VirtualSubnet } from './conn.ts';
import { shown } from './printable.ts';
import type { ValueFault } from './values.ts';

const MAX_UINT32 = 0xffff_ffff;

/** `VALUE[/MASK]`, decimal, hex after `0x`, octal after `0` or binary after `0b`; the value may be -1 and must lie within the mask. */
export function parseMark(text: string): Mark | ValueFault {
  const [valueText, maskText, ...more] = text.split('/');
  const value = valueText === '-1' ? 'unique' : parseUint32(valueText);
  const mask = maskText === undefined ? MAX_UINT32 : parseUint32(maskText);
  if (value === undefined || mask === undefined || more.length > 0) {
    return { fault: `expected VALUE or VALUE/MASK of 32 bits, or -1, got ${shown(text)}` };
  }
  const bits = value === 'unique' ? MAX_UINT32 : value;
  if ((bits & ~mask) !== 0) return { fault: `${shown(valueText)} has bits outside the mask ${shown(maskText ?? '')}` };
  return Object.freeze({ value, mask });
}

function parseUint32(text: string): number | undefined {
  const number = /^0[0-7]+$/.test(text)
    ? Number.parseInt(text, 8)
    : /^(0x[0-9a-f]{1,16}|0b[01]{1,64}|0|[1-9]\d{0,15})$/i.test(text)
      ? Number(text)
      : Number.NaN;
  return number <= MAX_UINT32 ? number : undefined;
}

/** `vhost:` or `vnet:` and words for what may be chosen: `%no`, `%priv`, `%all`, `%v4:SUBNET`, `%v6:SUBNET`. */
export function parseVirtual(words: readonly string[]): VirtualSubnet | ValueFault {
  const isHost = words[0].startsWith('vhost:');
  const said = [words[0].slice(words[0].indexOf(':') + 1), ...words.slice(1)];
  const found = { no: false, private: false, all: false };
  const subnets: VirtualSubnet['subnets'][number][] = [];
  for (const word of said) {
    if (word === '%no') found.no = true;
    else if (word === '%priv') found.private = true;
    else if (word === '%all') found.all = true;
    else {
      const [, family, text] = /^(?:%v([46]):)?(.*)$/s.exec(word)!;
      const parsed = parseSubnet(text);
      if (!parsed || (family !== undefined && parsed.subnet.family !== Number(family))) {
        return { fault: `${shown(word)} is none of %no, %priv, %all, %v4:SUBNET and %v6:SUBNET` };
      }
      subnets.push(parsed.subnet);
    }
  }
  return Object.freeze({ isHost, ...found, subnets: Object.freeze(subnets) });
}

/** `vhost:%priv` and the like. */
export const isVirtual = (text: string): boolean => /^v(host|net):/.test(text);

/** Ranges to lease, in order. RFC 7296 §3.15 has a prefix with an IPv6 address, so those are subnets. */
export function parsePool(words: readonly string[]): readonly AddressRange[] | ValueFault {
  const ranges: AddressRange[] = [];
  for (const word of words) {
    const range = parseRange(word);
    if (!range) return { fault: `${shown(word)} is no range: expected FIRST-LAST or ADDRESS/BITS` };
    if (range.start.isAny) return { fault: `${shown(word)} begins with the address that stands for none` };
    if (range.start.family === 6 && !isSubnet(range)) return { fault: `${shown(word)}: IPv6 needs ADDRESS/BITS` };
    const other = ranges.findIndex((known) => overlap(known, range));
    if (other >= 0) return { fault: `${shown(word)} overlaps ${shown(words[other])}` };
    ranges.push(Object.freeze(range));
  }
  return ranges.length > 0 ? Object.freeze(ranges) : { fault: 'a range is missing' };
}

const overlap = (a: AddressRange, b: AddressRange): boolean =>
  a.start.family === b.start.family && a.start.compare(b.end) <= 0 && b.start.compare(a.end) <= 0;

function isSubnet({ start, end }: AddressRange): boolean {
  const [first, last] = [start.toBigInt(), end.toBigInt()];
  const size = last - first + 1n;
  return (size & (size - 1n)) === 0n && first % size === 0n;
}

/** Addresses; only those of `family` where it is given. */
export function parseAddresses(words: readonly string[], family?: Family): readonly Address[] | ValueFault {
  const found: Address[] = [];
  for (const word of words) {
    const address = parseAddress(word);
    if (!address) return { fault: `${shown(word)} is no address` };
    if (family !== undefined && address.family !== family) return { fault: `${shown(word)} is not of IPv${family}` };
    found.push(address);
  }
  return Object.freeze(found);
}

/** An address of an interface, with the size of its network. */
export function parseInterfaceIp(text: string): Cidr | ValueFault {
  const cidr = parseCidr(text);
  return cidr && !cidr.address.isAny ? Object.freeze(cidr) : { fault: `expected ADDRESS/BITS, got ${shown(text)}` };
}

const YES: ReadonlySet<string> = new Set(['yes', 'true', 'on', 'y']);
const NO: ReadonlySet<string> = new Set(['no', 'false', 'off', 'n']);

/** yes is 1, no is undefined; 0 and 1 are numbers here. */
export function parseIpsecInterface(text: string): number | undefined | ValueFault {
  const word = text.toLowerCase();
  if (NO.has(word)) return undefined;
  if (YES.has(word)) return 1;
  const number = /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN;
  return number < MAX_UINT32 ? number : { fault: `expected yes, no or the number of an interface, got ${shown(text)}` };
}
