/**
 * The Security Association payload, RFC 2408 §3.4 to §3.6 and RFC 2407 §4.6.1: the tree of `../../wire/proposal-list.ts`,
 * where proposals with the same number are wanted together, and its transforms.
 *
 *     | Next Payload  |   RESERVED    |        Transform Length       |
 *     | Transform #   | Transform-Id  |           RESERVED2           |
 *     ~                      SA Attributes                            ~
 */
import { type Field, hex, payload, uint } from '../../wire/field.ts';
import { type ProposalOf, proposalList } from '../../wire/proposal-list.ts';
import type { Reader } from '../../wire/reader.ts';
import type { Writer } from '../../wire/writer.ts';
import { type Attribute, readAttributes, writeAttributes } from './attributes.ts';
import { DOI, PAYLOAD, PROTOCOL_NAMES, SIT_IDENTITY_ONLY } from './registry.ts';

export type Proposal = ProposalOf<Transform>;

export interface Transform {
  readonly number: number;
  /** Its meaning depends on the proposal's protocol. */
  readonly id: number;
  readonly attributes: readonly Attribute[];
}

/** Phase 1 knows 16 attributes, phase 2 fewer; a lifetime takes two. */
const MAX_TRANSFORM_ATTRIBUTES = 32;

/** Shown as `0:ISAKMP 1:1{1=7 14=256} 2:1{…}`. */
const proposals = proposalList<Transform>({
  mark: { name: 'Next Payload', moreProposals: PAYLOAD.P, moreTransforms: PAYLOAD.T },
  protocolNames: PROTOCOL_NAMES,
  transform: { read: readTransform, write: writeTransform, show: showTransform },
});

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

function showTransform(t: Transform): string {
  const values = t.attributes.map(({ type, value }) => `${type}=${typeof value === 'number' ? value : hex(value)}`);
  return `${t.number}:${t.id}{${values.join(' ')}}`;
}

function readTransform(r: Reader): Transform {
  const number = r.uint(1);
  const id = r.uint(1);
  r.skip(2);
  const attributes = readAttributes(r, MAX_TRANSFORM_ATTRIBUTES);
  return { number, id, attributes };
}

function writeTransform(w: Writer, t: Transform): void {
  w.uint(1, t.number);
  w.uint(1, t.id);
  w.zeros(2);
  writeAttributes(w, t.attributes);
}
