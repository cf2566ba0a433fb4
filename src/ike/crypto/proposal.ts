/**
 * libreswan 5.2's proposal grammar, its errors word for word:
 *
 *     proposals = proposal *("," proposal)
 *     IKE       = encr ["-" (prf / integ ["-" prf])] [("-" / ";") dh]
 *     ESP       = encr ["-" integ] [("-" / ";") dh]
 *     AH        = integ [("-" / ";") dh]
 *     encr, ..  = name *("+" name)                     one name only in IKEv1
 *
 * A cipher's key length follows its name, after nothing, `_` or `-`. What is left out is filled in from the defaults.
 */
import {
  type Encr,
  encrByName,
  type Group,
  groupByName,
  type Integ,
  integByName,
  integOfPrf,
  type Prf,
  prfByName,
} from './algorithms.ts';
import {
  defaultProposals,
  fillers,
  formatProposal,
  isApproved,
  type Proposal,
  type ProposalContext,
  proposal,
} from './proposal-defaults.ts';

export { defaultProposals, formatProposal, type Proposal } from './proposal-defaults.ts';

export type ParsedProposals =
  | { readonly ok: true; readonly proposals: readonly Proposal[]; readonly notes: string[] }
  | { readonly ok: false; readonly error: string };

/**
 * `text` undefined stands for a keyword that was not given: the defaults. With `pfs` false the groups of ESP and AH are
 * dropped, with a note. `notes` are libreswan's remarks, without a prefix.
 */
export function parseProposals(
  text: string | undefined,
  context: ProposalContext & { readonly pfs?: boolean },
): ParsedProposals {
  const { protocol, version, fips, pfs = true } = context;
  if (text === undefined) return { ok: true, proposals: defaultProposals(protocol, version, fips), notes: [] };
  const label = protocol.toUpperCase();
  if (text === '') return { ok: false, error: `${label} proposal is empty` };
  const parser = new Parser(context, label);
  try {
    const named = unique(text.split(',').map((one) => parser.proposal(one)));
    const settled = protocol === 'ike' ? named : settleGroups(named, pfs, label, parser.notes);
    return {
      ok: true,
      proposals: Object.freeze(unique(settled.flatMap((p) => complete(p, context)))),
      notes: parser.notes,
    };
  } catch (refused) {
    if (refused instanceof Refusal) return { ok: false, error: refused.message };
    throw refused;
  }
}

/** Carries the error text out of the descent, and never out of this file. */
class Refusal extends Error {}

interface Token {
  /** What stood before it. */
  readonly delimiter: '' | '-' | ';';
  readonly text: string;
}

class Parser {
  readonly notes: string[] = [];
  readonly #context: ProposalContext;
  readonly #label: string;
  #tokens: Token[] = [];

  constructor(context: ProposalContext, label: string) {
    this.#context = context;
    this.#label = label;
  }

  /** What `text` names, and nothing else yet. */
  proposal(text: string): Proposal {
    const { protocol } = this.#context;
    this.#tokens = [...text.matchAll(/(^|[-;])([^-;]*)/g)].map(([, delimiter, text]) => ({
      delimiter: delimiter as Token['delimiter'],
      text,
    }));
    const encr = protocol === 'ah' ? [] : this.#encr();
    const { prf, integ } = protocol === 'ike' ? this.#prfs() : { prf: [], integ: this.#integs() };
    const dh = this.#tokens.length > 0 ? this.#list(GROUP, this.#tokens.shift()!.text) : [];
    const left = this.#tokens[0];
    if (left) throw new Refusal(`${this.#label} proposal contains unexpected '${left.text}'`);
    return this.#checked(encr, prf, integ, dh);
  }

  #encr(): Proposal['encr'] {
    const { text } = this.#tokens.shift()!;
    const items = this.#split(text, ENCR.noun);
    const found = items.map((item, i) => {
      const next = this.#tokens[0];
      const isLength = i === items.length - 1 && next?.delimiter === '-' && /^\d/.test(next.text);
      if (isLength) this.#tokens.shift();
      return this.#cipher(item, isLength ? next.text : undefined);
    });
    const kept: { alg: Encr; bits: number }[] = [];
    for (const one of found) {
      if (!kept.some(({ alg, bits }) => alg === one.alg && (bits === 0 || bits === one.bits))) kept.push(one);
      else this.#duplicate(ENCR.noun, one.bits ? `${one.alg.name}_${one.bits}` : one.alg.name);
    }
    const [first] = kept;
    if (kept.some(({ alg }) => alg.isAead !== first.alg.isAead)) {
      throw new Refusal(`AEAD and non-AEAD ${this.#label} encryption algorithm cannot be combined`);
    }
    return kept;
  }

  /** `aes`, `aes128`, `aes_128`, or `aes` with the `128` of the next token. */
  #cipher(name: string, length: string | undefined): { alg: Encr; bits: number } {
    const whole = length === undefined ? name : `${name}-${length}`;
    const joined = length === undefined && !encrByName(name) ? /^(.*?\D)_?(\d+)$/.exec(name) : null;
    const hasLength = joined !== null && encrByName(joined[1].replace(/_$/, '')) !== undefined;
    const stem = hasLength ? joined[1].replace(/_$/, '') : name;
    const alg = this.#row(ENCR, stem, name);
    const digits = length ?? (hasLength ? joined[2] : undefined);
    if (digits === undefined) return { alg, bits: 0 };
    return { alg, bits: this.#bits(alg, digits, whole) };
  }

  #bits(alg: Encr, digits: string, whole: string): number {
    const noun = `${this.#label} ${ENCR.noun}`;
    if (!/^\d+$/.test(digits)) throw new Refusal(`${noun} '${whole}' key length contains a non-numeric character`);
    const bits = Number(digits);
    if (bits === 0) throw new Refusal(`${this.#label} encryption key length is zero`);
    // The Key Length attribute has 16 bits, RFC 7296 §3.3.5.
    if (bits > 0xffff) throw new Refusal(`${noun} '${whole}' key length WAY too big`);
    if (alg.keyBits.length === 0) throw new Refusal(`${noun} ${alg.name} does not take variable key lengths`);
    if (!alg.keyBits.includes(bits)) {
      const valid = [...alg.keyBits].sort((a, b) => a - b).join(', ');
      throw new Refusal(`${noun} ${alg.name} with key length ${bits} invalid; valid key lengths: ${valid}`);
    }
    return alg.fixedKeyLength ? 0 : bits;
  }

  /** `prf`, or `integ` and perhaps a `prf`; nothing that follows a `;`. */
  #prfs(): { prf: Prf[]; integ: Integ[] } {
    const text = this.#dashed();
    if (text === undefined) return { prf: [], integ: [] };
    // `sha1` is a PRF that brings its integrity; only what is no PRF may be integrity alone, and that is IKEv2's.
    const isInteg =
      this.#context.version === 2 && text.split('+').every((name) => !prfByName(name) && integByName(name));
    if (!isInteg) return { prf: this.#list(PRF, text), integ: [] };
    const integ = this.#list(INTEG, text);
    const next = this.#dashed();
    return { integ, prf: next === undefined ? [] : this.#list(PRF, next) };
  }

  #integs(): Integ[] {
    const text = this.#context.protocol === 'ah' ? this.#tokens.shift()?.text : this.#dashed();
    return text === undefined ? [] : this.#list(INTEG, text);
  }

  #dashed(): string | undefined {
    return this.#tokens[0]?.delimiter === '-' ? this.#tokens.shift()!.text : undefined;
  }

  #list<T extends Row>(kind: Kind<T>, text: string): T[] {
    const kept: T[] = [];
    for (const name of this.#split(text, kind.noun)) {
      const row = this.#row(kind, name, name);
      if (kept.includes(row)) this.#duplicate(kind.noun, row.name);
      else kept.push(row);
    }
    return kept;
  }

  #split(text: string, noun: string): string[] {
    const items = this.#context.version === 1 ? [text] : text.split('+');
    // IKEv1 takes an empty group for a name; its other lists can only be empty at the front.
    const isName = this.#context.version === 1 && noun === GROUP.noun;
    if (!isName && items.includes('')) throw new Refusal(`${this.#label} ${noun} is empty`);
    return items;
  }

  #row<T extends Row>(kind: Kind<T>, name: string, whole: string): T {
    const { version, protocol, fips } = this.#context;
    const row = kind.byName(name);
    const refuse = (why: string) => new Refusal(`${this.#label} ${kind.noun} '${whole}' is not ${why}`);
    if (!row) throw refuse(UNBUILT.has(name.toLowerCase()) ? 'supported' : 'recognized');
    if (protocol !== 'ike' && kind === (GROUP as unknown) && !isChildGroup(row.name)) throw refuse('supported');
    if (row.kind === 'encr' && !row[protocol as 'ike' | 'esp']) throw refuse('supported');
    if (fips && !isApproved(row)) throw refuse('supported');
    if (version === 1 && !isIkeV1(row, protocol)) throw refuse('supported by IKEv1');
    return row;
  }

  #duplicate(noun: string, name: string): void {
    this.notes.push(`discarding duplicate ${this.#label} ${noun} ${name}`);
  }

  #checked(encr: Proposal['encr'], prf: Prf[], integ: Integ[], dh: Group[]): Proposal {
    const { protocol } = this.#context;
    const hasNone = integ.some((row) => row.id === 0);
    if (protocol === 'ah') {
      if (hasNone) throw new Refusal(`${this.#label} cannot have 'none' as the integrity algorithm`);
      return proposal('ah', { integ, dh });
    }
    const { alg } = encr[0];
    const subject = `${this.#label} encryption algorithm ${alg.name}`;
    if (alg.isAead && integ.some((row) => row.id !== 0)) {
      throw new Refusal(`AEAD ${subject} must have 'NONE' as the integrity algorithm`);
    }
    if (!alg.isAead && hasNone) throw new Refusal(`non-AEAD ${subject} cannot have 'NONE' as the integrity algorithm`);
    if (protocol === 'ike' && dh.some((row) => row.id === 0))
      throw new Refusal(`IKE DH algorithm 'NONE' not permitted`);
    return proposal(protocol, { encr, prf, integ: hasNone ? [] : integ, dh });
  }
}

type Row = Encr | Prf | Integ | Group;

interface Kind<T extends Row> {
  readonly noun: string;
  readonly byName: (name: string) => T | undefined;
}

const ENCR: Kind<Encr> = { noun: 'encryption algorithm', byName: encrByName };
const PRF: Kind<Prf> = { noun: 'PRF algorithm', byName: prfByName };
const INTEG: Kind<Integ> = { noun: 'integrity algorithm', byName: integByName };
const GROUP: Kind<Group> = { noun: 'DH algorithm', byName: groupByName };

/** Algorithms with a number and a name that nobody should use; they are known so that the refusal can say so. */
const UNBUILT: ReadonlySet<string> = new Set(
  'des des_iv64 des_iv32 rc5 idea cast blowfish 3idea rc4 mars rc6 serpent twofish tiger ripemd modp768 dh1'.split(' '),
);

/** Groups of 1024 bits are IKE's only: libreswan has none in `esp=`, and a child follows its IKE SA's group anyway. */
const isChildGroup = (name: string): boolean => name !== 'MODP1024' && name !== 'DH22';

/** What IKEv1 has a number for in libreswan's tables. */
function isIkeV1(row: Row, protocol: Proposal['protocol']): boolean {
  switch (row.kind) {
    case 'encr':
      return protocol === 'ike' ? V1_IKE_CIPHERS.has(row.name) : row.name !== 'CHACHA20_POLY1305';
    case 'prf':
      return row.name.startsWith('HMAC_');
    case 'integ':
      return true;
    case 'dh':
      return protocol === 'ike' ? row.id !== 0 : row.name.startsWith('MODP');
  }
}

const V1_IKE_CIPHERS: ReadonlySet<string> = new Set(['AES_CBC', 'AES_CTR', '3DES_CBC', 'CAMELLIA_CBC']);

function settleGroups(proposals: Proposal[], pfs: boolean, label: string, notes: string[]): Proposal[] {
  if (pfs) {
    const naming = proposals.filter((p) => p.dh.length > 0).length;
    if (naming === 0 || naming === proposals.length) return proposals;
    throw new Refusal(`either all or no ${label} proposals should specify DH`);
  }
  return proposals.map((p) => {
    for (const group of p.dh) {
      const what = group.id === 0 ? 'redundant ' : '';
      notes.push(`ignoring ${what}${label} DH algorithm ${group.name} as PFS policy is disabled`);
    }
    return p.dh.length > 0 ? proposal(p.protocol, { ...p, dh: [] }) : p;
  });
}

/** Fills in what is missing: in IKEv2 as alternatives, in IKEv1 as a proposal for each. */
function complete(p: Proposal, context: ProposalContext): Proposal[] {
  const filler = fillers(context);
  const isAead = p.encr[0]?.alg.isAead ?? false;
  const prf = p.prf.length > 0 ? p.prf : filler.prf;
  const dh = p.dh.length > 0 ? p.dh : filler.dh;
  const integ = isAead || p.integ.length > 0 ? p.integ : p.protocol === 'ike' ? prf.map(integOfPrf) : filler.integ;
  if (context.version === 2) return [proposal(p.protocol, { ...p, prf, integ, dh })];

  // An empty list makes one proposal without it.
  const one = <T>(list: readonly T[]): (readonly T[])[] => (list.length > 0 ? list.map((item) => [item]) : [[]]);
  const hashes =
    p.protocol === 'ike'
      ? prf.map((row) => ({ prf: [row], integ: [integOfPrf(row)] }))
      : one(integ).map((integ) => ({ integ }));
  return hashes.flatMap((hash) => one(dh).map((dh) => proposal(p.protocol, { encr: p.encr, ...hash, dh })));
}

function unique(proposals: Proposal[]): Proposal[] {
  return [...new Map(proposals.map((p) => [formatProposal(p), p])).values()];
}
