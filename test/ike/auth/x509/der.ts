/** DER, and what is none: tests write down what no tool would. */

export const SEQUENCE = 0x30;
export const SET = 0x31;

export function tlv(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  return Uint8Array.from(Buffer.concat([Uint8Array.of(tag, ...lengthOf(length)), ...contents]));
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
  return [0x80 | octets.length, ...octets];
}

export const seq = (...contents: readonly Uint8Array[]): Uint8Array => tlv(SEQUENCE, ...contents);
export const explicit = (n: number, ...contents: readonly Uint8Array[]): Uint8Array => tlv(0xa0 | n, ...contents);
export const implicit = (n: number, contents: Uint8Array): Uint8Array => tlv(0x80 | n, contents);
export const octetString = (contents: Uint8Array): Uint8Array => tlv(0x04, contents);
export const bitString = (contents: Uint8Array): Uint8Array => tlv(0x03, Uint8Array.of(0), contents);
export const bool = (is: boolean): Uint8Array => tlv(0x01, Uint8Array.of(is ? 0xff : 0));
export const NULL = tlv(0x05);
export const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** Of a number, or of the octets of one, to which nothing is added. */
export function integer(value: number | bigint | Uint8Array, tag = 0x02): Uint8Array {
  if (value instanceof Uint8Array) return tlv(tag, value);
  const digits = BigInt(value).toString(16);
  const octets = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return octets[0] < 0x80 ? tlv(tag, octets) : tlv(tag, Uint8Array.of(0), octets);
}

export function oid(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const octets: number[] = [];
  for (const arc of [40 * first + second, ...rest]) {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift(0x80 | (left & 0x7f));
    octets.push(...groups);
  }
  return tlv(0x06, Uint8Array.from(octets));
}

/** Bits by their numbers, in the shortest form. */
export function namedBits(bits: readonly number[], tag = 0x03): Uint8Array {
  if (bits.length === 0) return tlv(tag, Uint8Array.of(0));
  const last = Math.max(...bits);
  const octets = new Uint8Array(2 + (last >> 3));
  octets[0] = 7 - (last & 7);
  for (const bit of bits) octets[1 + (bit >> 3)] |= 0x80 >> (bit & 7);
  return tlv(tag, octets);
}

/** s since 1970. */
export function time(seconds: number): Uint8Array {
  const text = `${new Date(seconds * 1000).toISOString().replace(/[-:T]|\.\d+Z/g, '')}Z`;
  const year = Number(text.slice(0, 4));
  return year >= 1950 && year < 2050 ? tlv(0x17, ascii(text.slice(2))) : tlv(0x18, ascii(text));
}
