/**
 * The tree of an SA payload, which both versions have down to the transform: SA ⊃ Proposal ⊃ Transform. RFC 7296
 * §3.3.1 and §3.3.2, RFC 2408 §3.5 and §3.6.
 *
 *     | last or more  |   RESERVED    |        Proposal Length        |
 *     | Proposal Num  |  Protocol ID  |    SPI Size   |Num  Transforms|
 *     ~                        SPI (variable)                         ~
 *     |                        <Transforms>                           |
 *
 *     | last or more  |   RESERVED    |        Transform Length       |
 *     ~                       the version's own                       ~
 *
 * Hand-coded, because a table of rows cannot say what holds this tree together: every level gives its length,
 * "last or more" and a count, and the three must agree. Where they do not, two readers of the same octets could
 * see different proposals, so all of them are checked.
 */
import { type Field, hex } from './field.ts';
import { MAX_PROPOSALS, MAX_TRANSFORMS } from './limits.ts';
import { nameOf } from './names.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

export interface ProposalOf<T> {
  readonly number: number;
  /** Security protocol identifier: `PROTOCOL` in the version's registry.ts. */
  readonly protocol: number;
  readonly spi: Uint8Array;
  readonly transforms: readonly T[];
}

/** What the versions say each in their way. */
export interface Dialect<T> {
  /** The octet that is 0 in the last substructure: what the RFC calls it, and its value in all others. */
  readonly mark: { readonly name: string; readonly moreProposals: number; readonly moreTransforms: number };
  readonly protocolNames: ReadonlyMap<number, string>;
  /** A transform behind its length. */
  readonly transform: {
    readonly read: (r: Reader) => T;
    readonly write: (w: Writer, t: T) => void;
    readonly show: (t: T) => string;
  };
}

/** At least one, at most `MAX_PROPOSALS` with `MAX_TRANSFORMS` between them. */
export function proposalList<T>(dialect: Dialect<T>): Field<readonly ProposalOf<T>[]> {
  return {
    read(r) {
      const list: ProposalOf<T>[] = [];
      const budget = { transforms: MAX_TRANSFORMS };
      if (!r.more) r.fail('no proposal');
      while (r.more) {
        if (list.length === MAX_PROPOSALS) r.fail(`more than ${MAX_PROPOSALS} proposals`);
        list.push(readProposal(r, dialect, budget));
      }
      return list;
    },
    write(w, list) {
      if (list.length === 0) throw new RangeError('an SA payload has at least one proposal');
      for (let i = 0; i < list.length; i++) writeProposal(w, dialect, list[i], i === list.length - 1);
    },
    show: (list) => list.map((p) => showProposal(p, dialect)).join(' | '),
  };
}

const LAST = 0;
const PROPOSAL_HEADER = 8;
const TRANSFORM_HEADER = 8;

function showProposal<T>(p: ProposalOf<T>, { protocolNames, transform }: Dialect<T>): string {
  const spi = p.spi.length > 0 ? ` spi ${hex(p.spi)}` : '';
  return `${p.number}:${nameOf(protocolNames, p.protocol)}${spi} ${p.transforms.map((t) => transform.show(t)).join(' ')}`;
}

function readProposal<T>(r: Reader, dialect: Dialect<T>, budget: { transforms: number }): ProposalOf<T> {
  const { mark, transform } = dialect;
  const outer = enterSubstructure(r, PROPOSAL_HEADER, mark.name, mark.moreProposals);
  const number = r.uint(1);
  const protocol = r.uint(1);
  const spiOctets = r.uint(1);
  const countAt = r.at;
  const count = r.uint(1);
  const spi = r.octets(spiOctets);
  const transforms: T[] = [];
  while (r.more) {
    if (transforms.length === count) r.fail(`more transforms than the ${count} announced`, countAt);
    if (--budget.transforms < 0) r.fail(`more than ${MAX_TRANSFORMS} transforms`);
    const around = enterSubstructure(r, TRANSFORM_HEADER, mark.name, mark.moreTransforms);
    transforms.push(transform.read(r));
    r.leave(around);
  }
  if (transforms.length !== count) r.fail(`${transforms.length} transforms where ${count} were announced`, countAt);
  r.leave(outer);
  return { number, protocol, spi, transforms };
}

/** Reads "last or more", the reserved octet and the length, and enters what follows them. */
function enterSubstructure(r: Reader, headerOctets: number, markName: string, more: number): number {
  const at = r.at;
  const mark = r.uint(1);
  r.skip(1);
  const length = r.uint(2);
  if (length < headerOctets) r.fail(`length ${length} shorter than its own header`, at + 2);
  const outer = r.enter(length - 4, at + 2);
  if (r.fault) return outer;
  if (mark !== LAST && mark !== more) r.fail(`${markName} ${mark} is neither 0 nor ${more}`, at);
  else if (mark === LAST && r.end !== outer) r.fail(`${outer - r.end} octets after the last substructure`, r.end);
  else if (mark === more && r.end === outer) r.fail('more substructures announced than there are', at);
  return outer;
}

function writeProposal<T>(w: Writer, { mark, transform }: Dialect<T>, p: ProposalOf<T>, isLast: boolean): void {
  const from = beginSubstructure(w, isLast ? LAST : mark.moreProposals);
  w.uint(1, p.number);
  w.uint(1, p.protocol);
  w.uint(1, p.spi.length);
  w.uint(1, p.transforms.length);
  w.octets(p.spi);
  for (let i = 0; i < p.transforms.length; i++) {
    const within = beginSubstructure(w, i === p.transforms.length - 1 ? LAST : mark.moreTransforms);
    transform.write(w, p.transforms[i]);
    w.patchLength16(within + 2, within);
  }
  w.patchLength16(from + 2, from);
}

/** Where it begins, for its length to be filled in. */
function beginSubstructure(w: Writer, mark: number): number {
  const from = w.at;
  w.uint(1, mark);
  w.zeros(3);
  return from;
}
