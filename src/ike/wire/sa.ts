/**
 * The Security Association payload, RFC 7296 §3.3: a tree, SA ⊃ Proposal ⊃ Transform ⊃ Attribute.
 *
 *     | Last Substruc |   RESERVED    |        Proposal Length        |
 *     | Proposal Num  |  Protocol ID  |    SPI Size   |Num  Transforms|
 *     ~                        SPI (variable)                         ~
 *     |                        <Transforms>                           |
 *
 *     | Last Substruc |   RESERVED    |        Transform Length       |
 *     |Transform Type |   RESERVED    |          Transform ID         |
 *     ~                      Transform Attributes                     ~
 *
 * Hand-coded, because a table of rows cannot say what holds this tree together: every level gives its length,
 * "last or more" and a count, and the three must agree. Where they do not, two readers of the same octets could
 * see different proposals, so all of them are checked.
 */
import { type Field, hex, payload } from './field.ts';
import { MAX_PROPOSALS, MAX_TRANSFORM_ATTRIBUTES, MAX_TRANSFORMS } from './limits.ts';
import { nameOf } from './names.ts';
import type { Reader } from './reader.ts';
import { PROTOCOL_NAMES, TRANSFORM_ATTRIBUTE } from './registry.ts';
import { transformName } from './registry-transform.ts';
import type { Writer } from './writer.ts';

export interface Proposal {
  readonly number: number;
  /** Security protocol identifier: `PROTOCOL` in registry.ts. */
  readonly protocol: number;
  readonly spi: Uint8Array;
  readonly transforms: readonly Transform[];
}

export interface Transform {
  readonly type: number;
  readonly id: number;
  /** The Key Length attribute. */
  readonly keyBits?: number;
  /**
   * Every other attribute, and a Key Length that is repeated or in the wrong format, in wire order. Whoever
   * does not understand one must not choose the transform (RFC 7296 §3.3.6). Absent if there are none.
   */
  readonly attributes?: readonly TransformAttribute[];
}

/** RFC 7296 §3.3.5: 16 bits in place (a number), or octets with a length of their own. */
export interface TransformAttribute {
  /** 15 bits. */
  readonly type: number;
  readonly value: number | Uint8Array;
}

const LAST = 0;
const MORE_PROPOSALS = 2;
const MORE_TRANSFORMS = 3;
const PROPOSAL_HEADER = 8;
const TRANSFORM_HEADER = 8;
const TV_FORMAT = 0x8000;

const proposals: Field<readonly Proposal[]> = {
  read(r) {
    const list: Proposal[] = [];
    const budget = { transforms: MAX_TRANSFORMS };
    if (!r.more) r.fail('no proposal');
    while (r.more) {
      if (list.length === MAX_PROPOSALS) r.fail(`more than ${MAX_PROPOSALS} proposals`);
      list.push(readProposal(r, budget));
    }
    return list;
  },
  write(w, list) {
    if (list.length === 0) throw new RangeError('an SA payload has at least one proposal');
    for (let i = 0; i < list.length; i++) writeProposal(w, list[i], i === list.length - 1);
  },
  show: (list) => list.map(showProposal).join(' | '),
};

export const SA = payload(33, 'SA', { proposals });

/** `3:ESP spi 0102cafe ENCR_AES_CBC_256 AUTH_HMAC_SHA2_256_128 SN=…`. */
function showProposal(p: Proposal): string {
  const spi = p.spi.length > 0 ? ` spi ${hex(p.spi)}` : '';
  return `${p.number}:${nameOf(PROTOCOL_NAMES, p.protocol)}${spi} ${p.transforms.map(showTransform).join(' ')}`;
}

function showTransform(t: Transform): string {
  const extra = (t.attributes ?? []).map((a) => `{${a.type}=${typeof a.value === 'number' ? a.value : hex(a.value)}}`);
  return `${transformName(t.type, t.id)}${t.keyBits === undefined ? '' : `_${t.keyBits}`}${extra.join('')}`;
}

function readProposal(r: Reader, budget: { transforms: number }): Proposal {
  const outer = enterSubstructure(r, PROPOSAL_HEADER, MORE_PROPOSALS);
  const number = r.uint(1);
  const protocol = r.uint(1);
  const spiOctets = r.uint(1);
  const countAt = r.at;
  const count = r.uint(1);
  const spi = r.octets(spiOctets);
  const transforms: Transform[] = [];
  while (r.more) {
    if (transforms.length === count) r.fail(`more transforms than the ${count} announced`, countAt);
    if (--budget.transforms < 0) r.fail(`more than ${MAX_TRANSFORMS} transforms`);
    transforms.push(readTransform(r));
  }
  if (transforms.length !== count) r.fail(`${transforms.length} transforms where ${count} were announced`, countAt);
  r.leave(outer);
  return { number, protocol, spi, transforms };
}

function readTransform(r: Reader): Transform {
  const outer = enterSubstructure(r, TRANSFORM_HEADER, MORE_TRANSFORMS);
  const type = r.uint(1);
  r.skip(1);
  const id = r.uint(2);
  let keyBits: number | undefined;
  const attributes: TransformAttribute[] = [];
  for (let seen = 0; r.more; seen++) {
    if (seen === MAX_TRANSFORM_ATTRIBUTES) r.fail(`more than ${MAX_TRANSFORM_ATTRIBUTES} attributes`);
    const head = r.uint(2);
    const operand = r.uint(2);
    const attribute = head & ~TV_FORMAT;
    if ((head & TV_FORMAT) === 0) attributes.push({ type: attribute, value: r.octets(operand) });
    else if (attribute === TRANSFORM_ATTRIBUTE.KEY_LENGTH && keyBits === undefined) keyBits = operand;
    else attributes.push({ type: attribute, value: operand });
  }
  r.leave(outer);
  return {
    type,
    id,
    ...(keyBits !== undefined && { keyBits }),
    ...(attributes.length > 0 && { attributes }),
  };
}

/** Reads "last or more", the reserved octet and the length, and enters what follows them. */
function enterSubstructure(r: Reader, headerOctets: number, more: number): number {
  const at = r.at;
  const last = r.uint(1);
  r.skip(1);
  const length = r.uint(2);
  if (length < headerOctets) r.fail(`length ${length} shorter than its own header`, at + 2);
  const outer = r.enter(length - 4, at + 2);
  if (r.fault) return outer;
  if (last !== LAST && last !== more) r.fail(`Last Substruc ${last} is neither 0 nor ${more}`, at);
  else if (last === LAST && r.end !== outer) r.fail(`${outer - r.end} octets after the last substructure`, r.end);
  else if (last === more && r.end === outer) r.fail('more substructures announced than there are', at);
  return outer;
}

function writeProposal(w: Writer, p: Proposal, isLast: boolean): void {
  const from = w.at;
  w.uint(1, isLast ? LAST : MORE_PROPOSALS);
  w.zeros(3);
  w.uint(1, p.number);
  w.uint(1, p.protocol);
  w.uint(1, p.spi.length);
  w.uint(1, p.transforms.length);
  w.octets(p.spi);
  for (let i = 0; i < p.transforms.length; i++) writeTransform(w, p.transforms[i], i === p.transforms.length - 1);
  w.patchLength16(from + 2, from);
}

function writeTransform(w: Writer, t: Transform, isLast: boolean): void {
  const from = w.at;
  w.uint(1, isLast ? LAST : MORE_TRANSFORMS);
  w.zeros(3);
  w.uint(1, t.type);
  w.zeros(1);
  w.uint(2, t.id);
  if (t.keyBits !== undefined) {
    w.uint(2, TV_FORMAT | TRANSFORM_ATTRIBUTE.KEY_LENGTH);
    w.uint(2, t.keyBits);
  }
  for (const { type, value } of t.attributes ?? []) {
    if (type >= TV_FORMAT) throw new RangeError(`${type} does not fit 15 bits`);
    const inPlace = typeof value === 'number';
    w.uint(2, inPlace ? TV_FORMAT | type : type);
    w.uint(2, inPlace ? value : value.length);
    if (!inPlace) w.octets(value);
  }
  w.patchLength16(from + 2, from);
}
