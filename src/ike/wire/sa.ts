/**
 * The Security Association payload, RFC 7296 §3.3: the tree of proposal-list.ts, and its transforms.
 *
 *     | Last Substruc |   RESERVED    |        Transform Length       |
 *     |Transform Type |   RESERVED    |          Transform ID         |
 *     ~                      Transform Attributes                     ~
 */
import { hex, payload } from './field.ts';
import { MAX_TRANSFORM_ATTRIBUTES } from './limits.ts';
import { type ProposalOf, proposalList } from './proposal-list.ts';
import type { Reader } from './reader.ts';
import { PROTOCOL_NAMES, TRANSFORM_ATTRIBUTE } from './registry.ts';
import { transformName } from './registry-transform.ts';
import type { Writer } from './writer.ts';

export type Proposal = ProposalOf<Transform>;

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

/** Shown as `3:ESP spi 0102cafe ENCR_AES_CBC_256 AUTH_HMAC_SHA2_256_128 SN=…`. */
const proposals = proposalList<Transform>({
  mark: { name: 'Last Substruc', moreProposals: 2, moreTransforms: 3 },
  protocolNames: PROTOCOL_NAMES,
  transform: { read: readTransform, write: writeTransform, show: showTransform },
});

export const SA = payload(33, 'SA', { proposals });

const TV_FORMAT = 0x8000;

function showTransform(t: Transform): string {
  const extra = (t.attributes ?? []).map((a) => `{${a.type}=${typeof a.value === 'number' ? a.value : hex(a.value)}}`);
  return `${transformName(t.type, t.id)}${t.keyBits === undefined ? '' : `_${t.keyBits}`}${extra.join('')}`;
}

function readTransform(r: Reader): Transform {
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
  return {
    type,
    id,
    ...(keyBits !== undefined && { keyBits }),
    ...(attributes.length > 0 && { attributes }),
  };
}

function writeTransform(w: Writer, t: Transform): void {
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
}
