/**
 * The Security Association payload, RFC 2408 §3.4 to §3.6 and RFC 2407 §4.6.1: a tree, SA ⊃ Proposal ⊃ Transform ⊃
 * Attribute, where proposals with the same number are wanted together.
 *
 *     | Next Payload  |   RESERVED    |        Proposal Length        |
 *     | Proposal #    |  Protocol-Id  |    SPI Size   |# of Transforms|
 *     ~                        SPI (variable)                         ~
 *     |                        <Transforms>                           |
 *
 *     | Next Payload  |   RESERVED    |        Transform Length       |
 *     | Transform #   | Transform-Id  |           RESERVED2           |
 *     ~                      SA Attributes                            ~
 *
 * Hand-coded for the reason that IKEv2's is: every level gives its length, "last or more" and a count, and where the
 * three do not agree two readers of the same octets could see different proposals.
 */
import { type Field, hex, payload, uint } from '../../wire/field.ts';
import { MAX_PROPOSALS, MAX_TRANSFORMS } from '../../wire/limits.ts';
import { nameOf } from '../../wire/names.ts';
import type { Reader } from '../../wire/reader.ts';
import type { Writer } from '../../wire/writer.ts';
import { type Attribute, readAttributes, writeAttributes } from './attributes.ts';
import { DOI, PAYLOAD, PROTOCOL_NAMES, SIT_IDENTITY_ONLY } from './registry.ts';

export interface Proposal {
  readonly number: number;
  /** `PROTOCOL` in registry.ts. */
  readonly protocol: number;
  readonly spi: Uint8Array;
  readonly transforms: readonly Transform[];
}

export interface Transform {
  readonly number: number;
  /** Its meaning depends on the proposal's protocol. */
  readonly id: number;
  readonly attributes: readonly Attribute[];
}

/** Phase 1 knows 16 attributes, phase 2 fewer; a lifetime takes two. */
const MAX_TRANSFORM_ATTRIBUTES = 32;
const PROPOSAL_HEADER = 8;
const TRANSFORM_HEADER = 8;

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

/** A constant that nothing can be said without: another DOI or situation gives the rest another form. */
const only = (what: string, value: number): Field<undefined> => ({
  read: (r) => {
    const at = r.at;
    const got = r.uint(4);
    if (got !== value) r.fail(`${what} ${got}, not ${value}`, at);
  },
  write: (w) => w.uint(4, value),
});

export const SA = payload(PAYLOAD.SA, 'SA', {
  _doi: only('DOI', DOI.IPSEC),
  _situation: only('situation', SIT_IDENTITY_ONLY),
  proposals,
});

export const doi = uint(4);

/** `0:ISAKMP 1:1{1=7 14=256} 2:1{…}`. */
function showProposal(p: Proposal): string {
  const spi = p.spi.length > 0 ? ` spi ${hex(p.spi)}` : '';
  return `${p.number}:${nameOf(PROTOCOL_NAMES, p.protocol)}${spi} ${p.transforms.map(showTransform).join(' ')}`;
}

function showTransform(t: Transform): string {
  const values = t.attributes.map(({ type, value }) => `${type}=${typeof value === 'number' ? value : hex(value)}`);
  return `${t.number}:${t.id}{${values.join(' ')}}`;
}

function readProposal(r: Reader, budget: { transforms: number }): Proposal {
  const outer = enterSubstructure(r, PROPOSAL_HEADER, PAYLOAD.P);
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
  const outer = enterSubstructure(r, TRANSFORM_HEADER, PAYLOAD.T);
  const number = r.uint(1);
  const id = r.uint(1);
  r.skip(2);
  const attributes = readAttributes(r, MAX_TRANSFORM_ATTRIBUTES);
  r.leave(outer);
  return { number, id, attributes };
}

/** Reads "last or more", the reserved octet and the length, and enters what follows them. */
function enterSubstructure(r: Reader, headerOctets: number, more: number): number {
  const at = r.at;
  const next = r.uint(1);
  r.skip(1);
  const length = r.uint(2);
  if (length < headerOctets) r.fail(`length ${length} shorter than its own header`, at + 2);
  const outer = r.enter(length - 4, at + 2);
  if (r.fault) return outer;
  if (next !== PAYLOAD.NONE && next !== more) r.fail(`Next Payload ${next} is neither 0 nor ${more}`, at);
  else if (next === PAYLOAD.NONE && r.end !== outer)
    r.fail(`${outer - r.end} octets after the last substructure`, r.end);
  else if (next === more && r.end === outer) r.fail('more substructures announced than there are', at);
  return outer;
}

function writeProposal(w: Writer, p: Proposal, isLast: boolean): void {
  const from = w.at;
  w.uint(1, isLast ? PAYLOAD.NONE : PAYLOAD.P);
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
  w.uint(1, isLast ? PAYLOAD.NONE : PAYLOAD.T);
  w.zeros(3);
  w.uint(1, t.number);
  w.uint(1, t.id);
  w.zeros(2);
  writeAttributes(w, t.attributes);
  w.patchLength16(from + 2, from);
}
