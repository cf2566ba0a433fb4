/** What is agreed, and the keys that follow from it: RFC 7296 §2.14 (IKE SA), §2.17 (Child SA), §2.18 (rekey). */
import { type Encr, encrKeyOctets, type Group, type Integ, type Prf } from './algorithms.ts';
import { keep } from './keep.ts';
import { wipe } from './misc.ts';
import { prf, prfPlus } from './prf.ts';

/** The transforms of an IKE SA. `integ` is undefined exactly when `encr` is an AEAD; `encrBits` 0 is its default. */
export interface IkeSuite {
  readonly encr: Encr;
  readonly encrBits: number;
  readonly prf: Prf;
  readonly integ: Integ | undefined;
  readonly group: Group;
  /** Key exchanges after the first, in order, RFC 9370; as a rule none. */
  readonly additional?: readonly Group[];
}

/** The transforms of a Child SA. AH has no `encr`; `group` is there when the exchange had a KE, `additional` when others follow. */
export interface ChildSuite {
  readonly protocol: 'esp' | 'ah';
  readonly encr?: Encr;
  readonly encrBits: number;
  readonly integ?: Integ;
  readonly group?: Group;
  readonly additional?: readonly Group[];
  readonly esn: boolean;
  /** IKEv1: AH around the ESP, in an SA of its own. */
  readonly ah?: Integ;
  /** IKEv1: IPComp by DEFLATE within, in an SA of its own. */
  readonly compresses?: true;
}

/** Octets of each of SK_d and SK_p*, SK_a*, SK_e*. */
type IkeKeyLengths = Pick<IkeSuite, 'encr' | 'encrBits' | 'prf' | 'integ'>;

/** Octets of the flat block SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr. */
export function ikeKeyOctets(suite: IkeKeyLengths): number {
  return 3 * suite.prf.keyOctets + 2 * (suite.integ?.keyOctets ?? 0) + 2 * encrKeyOctets(suite.encr, suite.encrBits);
}

/** The seven keys of an IKE SA: views of the one block it owns, which are zeros after `wipe`. */
export class IkeKeys {
  readonly #block: Uint8Array;
  readonly #d: number;
  readonly #a: number;
  readonly #e: number;

  /** Takes `block` over; another length than the suite asks for is our own bug and throws. */
  constructor(block: Uint8Array, suite: IkeSuite) {
    if (block.length !== ikeKeyOctets(suite)) throw new RangeError(`${block.length} octets are no keys of this suite`);
    this.#block = keep(block);
    wipe(block);
    this.#d = suite.prf.keyOctets;
    this.#a = suite.integ?.keyOctets ?? 0;
    this.#e = encrKeyOctets(suite.encr, suite.encrBits);
  }

  get skD(): Uint8Array {
    return this.#block.subarray(0, this.#d);
  }
  get skAi(): Uint8Array {
    return this.#view(0, this.#a);
  }
  get skAr(): Uint8Array {
    return this.#view(this.#a, this.#a);
  }
  /** With its salt, as are all of SK_e*. */
  get skEi(): Uint8Array {
    return this.#view(2 * this.#a, this.#e);
  }
  get skEr(): Uint8Array {
    return this.#view(2 * this.#a + this.#e, this.#e);
  }
  get skPi(): Uint8Array {
    return this.#view(2 * this.#a + 2 * this.#e, this.#d);
  }
  get skPr(): Uint8Array {
    return this.#view(2 * this.#a + 2 * this.#e + this.#d, this.#d);
  }

  wipe(): void {
    wipe(this.#block);
  }

  toString(): string {
    return `<${this.#block.length} octets>`;
  }

  toJSON(): string {
    return this.toString();
  }

  #view(afterD: number, octets: number): Uint8Array {
    const start = this.#d + afterD;
    return this.#block.subarray(start, start + octets);
  }
}

/**
 * Secrets of the exchanges before the last one, when several make one set of keys (RFC 9370 §2.2.4): SK(0), and
 * SK(1) | SK(2) | .. without the last.
 */
export interface EarlierSecrets {
  readonly first: Uint8Array;
  readonly more: Uint8Array;
}

/** What enters the key schedule of an IKE SA. `rekey` is the SA it succeeds: its PRF and its SK_d. */
export interface IkeKeyInputs extends IkeKeyLengths {
  /** Of the last exchange: the only one, but for `earlier`. */
  readonly shared: Uint8Array;
  readonly earlier?: EarlierSecrets;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  /** SPIi | SPIr of the new SA, 16 octets. */
  readonly spis: Uint8Array;
  readonly rekey?: { readonly prf: Prf; readonly skD: Uint8Array };
}

/** The flat block of seven keys, RFC 7296 §2.14 and §2.18. */
export function ikeKeys(inputs: IkeKeyInputs): Uint8Array {
  const seed = skeyseed(inputs);
  const keys = prfPlus(inputs.prf, seed, Buffer.concat([inputs.ni, inputs.nr, inputs.spis]), ikeKeyOctets(inputs));
  wipe(seed);
  return keys;
}

export function skeyseed(inputs: Pick<IkeKeyInputs, 'prf' | 'shared' | 'earlier' | 'ni' | 'nr' | 'rekey'>): Uint8Array {
  const { prf: alg, shared, earlier, ni, nr, rekey } = inputs;
  if (rekey && earlier) return prf(rekey.prf, rekey.skD, earlier.first, ni, nr, earlier.more, shared);
  if (rekey) return prf(rekey.prf, rekey.skD, shared, ni, nr);
  // RFC 7296 §2.14: these two take 64 bits of each nonce as their key; prf+ takes all of them.
  const isBlockPrf = alg.name === 'AES_XCBC' || alg.name === 'AES_CMAC';
  const part = (nonce: Uint8Array) => (isBlockPrf ? nonce.subarray(0, 8) : nonce);
  return prf(alg, Buffer.concat([part(ni), part(nr)]), shared);
}

/** KEYMAT = prf+(SK_d, [g^ir |] Ni | Nr), RFC 7296 §2.17; with `earlier`, prf+(SK_d, SK(0) | Ni | Nr | SK(1) | ..), RFC 9370 §2.2.4. */
export function childKeymat(
  alg: Prf,
  skD: Uint8Array,
  shared: Uint8Array | undefined,
  ni: Uint8Array,
  nr: Uint8Array,
  octets: number,
  earlier?: EarlierSecrets,
): Uint8Array {
  const seed = Buffer.concat(
    shared ? (earlier ? [earlier.first, ni, nr, earlier.more, shared] : [shared, ni, nr]) : [ni, nr],
  );
  const keymat = prfPlus(alg, skD, seed, octets);
  if (shared) wipe(seed);
  return keymat;
}

/** Octets of KEYMAT, both directions. */
export function keymatOctets(suite: ChildSuite): number {
  return 2 * (childEncrOctets(suite) + (suite.integ?.keyOctets ?? 0));
}

/** Of one direction. `encr` holds the salt; both may be empty. */
export interface DirectionKeys {
  readonly encr: Uint8Array;
  readonly integ: Uint8Array;
}

/** Views of `keymat`, RFC 7296 §2.17: the initiator's traffic first, within it encryption before integrity. */
export function splitKeymat(
  suite: ChildSuite,
  keymat: Uint8Array,
): { readonly i2r: DirectionKeys; readonly r2i: DirectionKeys } {
  if (keymat.length !== keymatOctets(suite))
    throw new RangeError(`${keymat.length} octets are no KEYMAT of this suite`);
  const e = childEncrOctets(suite);
  const half = keymat.length / 2;
  const direction = (at: number) => ({
    encr: keymat.subarray(at, at + e),
    integ: keymat.subarray(at + e, at + half),
  });
  return { i2r: direction(0), r2i: direction(half) };
}

const childEncrOctets = (suite: ChildSuite): number => (suite.encr ? encrKeyOctets(suite.encr, suite.encrBits) : 0);
