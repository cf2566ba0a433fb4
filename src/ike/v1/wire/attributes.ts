/**
 * Data attributes, RFC 2408 §3.3: in basic form a type and 16 bits, in variable form a type, a length and octets.
 *
 *     |A|       Attribute Type        |  A=0: length,  A=1: value     |
 *     ~                         A=0: value                            ~
 */
import type { Field } from '../../wire/field.ts';
import { hex, hidden } from '../../wire/field.ts';
import { nameOf } from '../../wire/names.ts';
import { Reader } from '../../wire/reader.ts';
import { type Writer, written } from '../../wire/writer.ts';
import { CFG_ATTRIBUTE, CFG_ATTRIBUTE_NAMES } from './registry.ts';

export interface Attribute {
  /** 15 bits. */
  readonly type: number;
  /** In basic form a number of 16 bits, in variable form octets. */
  readonly value: number | Uint8Array;
}

/** In one transform or transaction; the largest known transaction has some forty. */
export const MAX_ATTRIBUTES = 256;
const BASIC = 0x8000;

/** As long as at least `least` octets are left. */
export function readAttributes(r: Reader, most: number, least = 1): Attribute[] {
  const list: Attribute[] = [];
  while (r.left >= least && r.more) {
    if (list.length === most) r.fail(`more than ${most} attributes`);
    const head = r.uint(2);
    const operand = r.uint(2);
    list.push({ type: head & ~BASIC, value: (head & BASIC) !== 0 ? operand : r.octets(operand) });
  }
  return list;
}

export function writeAttributes(w: Writer, list: readonly Attribute[]): void {
  for (const { type, value } of list) {
    if (type >= BASIC) throw new RangeError(`${type} does not fit 15 bits`);
    const isBasic = typeof value === 'number';
    w.uint(2, isBasic ? BASIC | type : type);
    w.uint(2, isBasic ? value : value.length);
    if (!isBasic) w.octets(value);
  }
}

/** As a RESPONDER-LIFETIME notification holds them; undefined if they make no sense. */
export function decodeAttributes(octets: Uint8Array): Attribute[] | undefined {
  const r = new Reader(octets, 'N');
  const list = readAttributes(r, MAX_ATTRIBUTES);
  return r.fault ? undefined : list;
}

export const encodeAttributes = (list: readonly Attribute[]): Uint8Array => written((w) => writeAttributes(w, list));

/** Those of a transaction, where some hold what a person types to log in. */
export const configuration: Field<readonly Attribute[]> = {
  read: readPadded,
  write: writeAttributes,
  show: (list) => list.map((a) => `${nameOf(CFG_ATTRIBUTE_NAMES, a.type)}=${showValue(a)}`).join(', '),
};

/** libreswan pads the payload to four octets, and counts those in its length. */
function readPadded(r: Reader): Attribute[] {
  const list = readAttributes(r, MAX_ATTRIBUTES, HEAD);
  while (r.more) if (r.uint(1) !== 0) r.fail('no zeros behind the last attribute', r.at - 1);
  return list;
}

/** Octets of type and length. */
const HEAD = 4;

/** A number, in whichever form it came; undefined if it is longer than what an exact number of JavaScript's holds. */
export function numberIn({ value }: Attribute): number | undefined {
  if (typeof value === 'number') return value;
  const significant = value.findIndex((octet) => octet !== 0);
  const octets = significant < 0 ? value.subarray(0, 0) : value.subarray(significant);
  if (value.length === 0 || octets.length > 6) return undefined;
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** The shorter form that has room for `value`. */
export function attribute(type: number, value: number): Attribute {
  if (value <= 0xffff) return { type, value };
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value);
  return { type, value: octets };
}

const showValue = ({ type, value }: Attribute): string =>
  typeof value === 'number' ? `${value}` : SECRET.has(type) ? hidden(value) : hex(value);

const SECRET: ReadonlySet<number> = new Set([
  ...[CFG_ATTRIBUTE.XAUTH_USER_PASSWORD, CFG_ATTRIBUTE.XAUTH_PASSCODE, CFG_ATTRIBUTE.XAUTH_CHALLENGE],
  ...[CFG_ATTRIBUTE.XAUTH_NEXT_PIN, CFG_ATTRIBUTE.XAUTH_ANSWER],
]);
