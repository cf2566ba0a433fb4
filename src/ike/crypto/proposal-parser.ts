/**
 * libreswan 5.2's proposal grammar, its refusals word for word:
 *
 *     proposals = proposal *("," proposal)
 *     IKE       = encr ["-" (prf / integ ["-" prf])] [("-" / ";") dh]
 *     ESP       = encr ["-" integ] [("-" / ";") dh]
 *     AH        = integ [("-" / ";") dh]
 *     dh        = name *("+" name) *(("-" / ";") additional)      additional: proposal-additional.ts, IKEv2 only
 *     encr      = cipher *("+" cipher)
 *     cipher    = name [["_" / "-"] key-bits]
 *     prf, ..   = name *("+" name)                     in IKEv1 nothing is joined by "+"
 */
import {
  type Encr,
  encrByName,
  type Group,
  groupByName,
  type Integ,
  integByName,
  type Prf,
  prfByName,
} from './algorithms.ts';
import { explicitExchange, isAdditional, MOST_ADDITIONAL, pickDistinct } from './proposal-additional.ts';
import { isApproved, type Proposal, type ProposalContext, proposal } from './proposal-defaults.ts';

/** Carries the error text out of the descent, and no further than `parseProposals`. */
export class Refusal extends Error {}

interface Token {
  /** What stood before it. */
  readonly delimiter: '' | '-' | ';' | '+';
  readonly text: string;
}

/** Reads one proposal at a time. */
export class Parser {
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
    const { protocol, version } = this.#context;
    const words = version === 1 ? /(^|[-;])([^-;]*)/g : /(^|[-;+])([^-;+]*)/g;
    this.#tokens = [...text.matchAll(words)].map(([, delimiter, text]) => ({
      delimiter: delimiter as Token['delimiter'],
      text,
    }));
    const encr = protocol === 'ah' ? [] : this.#encr();
    const { prf, integ } = protocol === 'ike' ? this.#prfs() : { prf: [], integ: this.#integs() };
    const dh = this.#tokens.length > 0 && !this.#isExplicit() ? this.#rows(GROUP, this.#take()) : [];
    const addke = version === 2 ? this.#additional() : [];
    const left = this.#tokens[0];
    if (left) throw new Refusal(`${this.#label} proposal contains unexpected '${left.text}'`);
    return this.#checked(encr, prf, integ, dh, addke);
  }

  #encr(): Proposal['encr'] {
    const found: { alg: Encr; bits: number }[] = [];
    do {
      const { text } = this.#tokens.shift()!;
      const [next] = this.#tokens;
      const isLength = next?.delimiter === '-' && /^\d/.test(next.text);
      if (isLength) this.#tokens.shift();
      found.push(this.#cipher(text, isLength ? next.text : undefined));
    } while (this.#tokens[0]?.delimiter === '+');
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
    const [, stem, suffix] = (encrByName(name) ? undefined : /^(.+?)_?(\d+)$/.exec(name)) ?? [];
    const hasLength = length === undefined && suffix !== undefined && encrByName(stem) !== undefined;
    const alg = this.#row(ENCR, hasLength ? stem : name, name);
    const digits = length ?? (hasLength ? suffix : undefined);
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
    if (!this.#isDashed() || this.#isExplicit()) return { prf: [], integ: [] };
    const names = this.#take();
    // `sha1` is a PRF that brings its integrity; only what is no PRF may be integrity alone, and that is IKEv2's.
    const isInteg = this.#context.version === 2 && names.every((name) => !prfByName(name) && integByName(name));
    if (!isInteg) return { prf: this.#rows(PRF, names), integ: [] };
    return { integ: this.#rows(INTEG, names), prf: this.#isDashed() ? this.#rows(PRF, this.#take()) : [] };
  }

  #integs(): Integ[] {
    const isThere = this.#context.protocol === 'ah' || (this.#isDashed() && !this.#isExplicit());
    return isThere ? this.#rows(INTEG, this.#take()) : [];
  }

  /** What follows the group: lists of alternatives, each at the place that it names, or at the next. */
  #additional(): Group[][] {
    const lists: Group[][] = [];
    while (this.#tokens[0] && isAdditional(this.#tokens[0].text)) {
      const names = this.#take();
      const explicit = explicitExchange(names[0]);
      const place = explicit?.place ?? lists.length;
      if (place >= MOST_ADDITIONAL) {
        throw new Refusal(`${this.#label} proposal has more than ${MOST_ADDITIONAL} additional key exchanges`);
      }
      while (lists.length <= place) lists.push([]);
      const rows = this.#rows(ADDITIONAL, explicit ? [explicit.name, ...names.slice(1)] : names);
      lists[place].push(...rows.filter((row) => !lists[place].includes(row)));
    }
    if (!pickDistinct(lists)) {
      throw new Refusal(
        `${this.#label} additional key exchanges must not be the same, and there is nothing else to choose`,
      );
    }
    return lists;
  }

  #isExplicit(): boolean {
    return this.#context.version === 2 && explicitExchange(this.#tokens[0]?.text ?? '') !== undefined;
  }

  #isDashed(): boolean {
    return this.#tokens[0]?.delimiter === '-';
  }

  /** The next name, and those that `+` joins to it. */
  #take(): string[] {
    const names = [this.#tokens.shift()!.text];
    while (this.#tokens[0]?.delimiter === '+') names.push(this.#tokens.shift()!.text);
    return names;
  }

  #rows<T extends Row>(kind: Kind<T>, names: readonly string[]): T[] {
    const kept: T[] = [];
    for (const name of names) {
      const row = this.#row(kind, name, name);
      if (kept.includes(row)) this.#duplicate(kind.noun, row.name);
      else kept.push(row);
    }
    return kept;
  }

  #row<T extends Row>(kind: Kind<T>, name: string, whole: string): T {
    const { version, protocol, fips } = this.#context;
    // IKEv1 takes an empty group for a name.
    if (name === '' && (version === 2 || kind.noun !== GROUP.noun)) {
      throw new Refusal(`${this.#label} ${kind.noun} is empty`);
    }
    const row = kind.byName(name);
    const refuse = (why: string) => new Refusal(`${this.#label} ${kind.noun} '${whole}' is not ${why}`);
    if (!row) throw refuse(UNBUILT.has(name.toLowerCase()) ? 'supported' : 'recognized');
    if (protocol !== 'ike' && row.kind === 'dh' && !isChildGroup(row.name)) throw refuse('supported');
    if (row.kind === 'encr' && !row[protocol as 'ike' | 'esp']) throw refuse('supported');
    if (fips && !isApproved(row)) throw refuse('supported');
    if (version === 1 && !isIkeV1(row, protocol)) throw refuse('supported by IKEv1');
    return row;
  }

  #duplicate(noun: string, name: string): void {
    this.notes.push(`discarding duplicate ${this.#label} ${noun} ${name}`);
  }

  #checked(encr: Proposal['encr'], prf: Prf[], integ: Integ[], dh: Group[], addke: Group[][]): Proposal {
    const { protocol } = this.#context;
    const hasNone = integ.some((row) => row.id === 0);
    if (protocol === 'ah') {
      if (hasNone) throw new Refusal(`${this.#label} cannot have 'none' as the integrity algorithm`);
      return proposal('ah', { integ, dh, addke });
    }
    const { alg } = encr[0];
    const subject = `${this.#label} encryption algorithm ${alg.name}`;
    if (alg.isAead && integ.some((row) => row.id !== 0)) {
      throw new Refusal(`AEAD ${subject} must have 'NONE' as the integrity algorithm`);
    }
    if (!alg.isAead && hasNone) throw new Refusal(`non-AEAD ${subject} cannot have 'NONE' as the integrity algorithm`);
    if (protocol === 'ike' && dh.some((row) => row.id === 0))
      throw new Refusal(`IKE DH algorithm 'NONE' not permitted`);
    if (protocol === 'ike') this.#checkSize(dh);
    return proposal(protocol, { encr, prf, integ: hasNone ? [] : integ, dh, addke });
  }

  /** IKE_SA_INIT cannot be fragmented, RFC 7383 §1, and must pass in one packet of the usual 1500 octets. */
  #checkSize(dh: readonly Group[]): void {
    for (const { isKem, name, publicOctets } of dh) {
      if (publicOctets > LARGEST_FIRST && isKem) {
        throw new Refusal(
          `IKE DH algorithm ${name} is too large for IKE_SA_INIT; let it follow a group, as in 'dh31-${name}'`,
        );
      }
      if (publicOctets > SURE_FIRST && isKem) {
        this.notes.push(`IKE_SA_INIT with ${name} is larger than 1280 octets and cannot be fragmented`);
      }
    }
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
const ADDITIONAL: Kind<Group> = { noun: 'additional key exchange', byName: groupByName };

/** Octets of a key that leave room for the rest of the message and its headers in 1280 octets, and in 1500. */
const SURE_FIRST = 900;
const LARGEST_FIRST = 1200;

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
      return protocol === 'ike' ? row.id !== 0 && !row.isKem : row.name.startsWith('MODP');
  }
}

const V1_IKE_CIPHERS: ReadonlySet<string> = new Set(['AES_CBC', 'AES_CTR', '3DES_CBC', 'CAMELLIA_CBC']);
