/** The key schedule of IKEv1: RFC 2409 §5 (SKEYID and what follows from it), §5.5 (KEYMAT), appendix B (the cipher's key). */
import { encrKeyOctets, type Prf } from '../../crypto/algorithms.ts';
import { keep } from '../../crypto/keep.ts';
import type { IkeSuite } from '../../crypto/keys.ts';
import { joined, wipe } from '../../crypto/misc.ts';
import { prf } from '../../crypto/prf.ts';

/** What phase 1 agrees on. `encrBits` 0 is the cipher's only length; integrity is the PRF's. */
export interface IsakmpSuite extends IkeSuite {
  readonly integ: undefined;
}

type KeyLengths = Pick<IsakmpSuite, 'encr' | 'encrBits' | 'prf'>;

export interface KeyInputs extends KeyLengths {
  readonly shared: Uint8Array;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  /** CKY-I | CKY-R, 16 octets. */
  readonly cookies: Uint8Array;
  /** With signatures there is none. */
  readonly psk: Uint8Array | undefined;
}

/** Octets of the flat block SKEYID | SKEYID_d | SKEYID_a | the cipher's key. */
export const isakmpKeyOctets = (suite: KeyLengths): number =>
  3 * suite.prf.outOctets + encrKeyOctets(suite.encr, suite.encrBits);

/** The flat block, RFC 2409 §5 and appendix B. */
export function isakmpKeys(inputs: KeyInputs): Uint8Array {
  const { prf: alg, shared, cookies } = inputs;
  const skeyid = skeyidOf(inputs);
  const d = prf(alg, skeyid, shared, cookies, COUNTERS[0]);
  const a = prf(alg, skeyid, d, shared, cookies, COUNTERS[1]);
  const e = prf(alg, skeyid, a, shared, cookies, COUNTERS[2]);
  const key = cipherKey(alg, e, encrKeyOctets(inputs.encr, inputs.encrBits));
  const block = joined(skeyid, d, a, key);
  for (const secret of [skeyid, d, a, e, key]) wipe(secret);
  return block;
}

/** 0, 1 and 2 as octets: what is never written to need not be made each time. */
const COUNTERS = [0, 1, 2].map((value) => Uint8Array.of(value));

/** RFC 2409 §5: by a secret, or for signatures by the nonces. */
function skeyidOf({ prf: alg, psk, shared, ni, nr }: KeyInputs): Uint8Array {
  return psk ? prf(alg, psk, ni, nr) : prf(alg, joined(ni, nr), shared);
}

/** RFC 2409 appendix B: as much of SKEYID_e as is needed, stretched if it is too short. */
function cipherKey(alg: Prf, e: Uint8Array, octets: number): Uint8Array {
  if (octets <= e.length) return e.slice(0, octets);
  const out = new Uint8Array(octets);
  let k = prf(alg, e, COUNTERS[0]);
  for (let at = 0; at < octets; at += k.length) {
    if (at > 0) k = prf(alg, e, k);
    out.set(k.subarray(0, octets - at), at);
  }
  wipe(k);
  return out;
}

/** The keys of an ISAKMP SA: views of the one block it owns, which are zeros after `wipe`. */
export class IsakmpKeys {
  readonly #block: Uint8Array;
  readonly #octets: number;

  /** Takes `block` over; another length than the suite asks for is our own bug and throws. */
  constructor(block: Uint8Array, suite: KeyLengths) {
    if (block.length !== isakmpKeyOctets(suite))
      throw new RangeError(`${block.length} octets are no keys of this suite`);
    this.#block = keep(block);
    wipe(block);
    this.#octets = suite.prf.outOctets;
  }

  /** For HASH_I and HASH_R alone. */
  get skeyid(): Uint8Array {
    return this.#part(0);
  }
  get skeyidD(): Uint8Array {
    return this.#part(1);
  }
  get skeyidA(): Uint8Array {
    return this.#part(2);
  }
  /** The cipher's: as much of SKEYID_e as it takes, or more. */
  get encr(): Uint8Array {
    return this.#block.subarray(3 * this.#octets);
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

  #part(index: number): Uint8Array {
    return this.#block.subarray(index * this.#octets, (index + 1) * this.#octets);
  }
}

export interface KeymatInputs {
  readonly prf: Prf;
  readonly skeyidD: Uint8Array;
  /** Of the security protocol, RFC 2407 §4.4.1. */
  readonly protocol: number;
  /** Of the end that receives by these keys. */
  readonly spi: Uint8Array;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  /** With PFS. */
  readonly shared: Uint8Array | undefined;
}

const NOTHING = new Uint8Array();

/** The keys of one SA in one direction, RFC 2409 §5.5. */
export function keymat(inputs: KeymatInputs, octets: number): Uint8Array {
  const { prf: alg, skeyidD, spi, ni, nr, shared = NOTHING } = inputs;
  const protocol = new Uint8Array(1);
  protocol[0] = inputs.protocol;
  const out = new Uint8Array(octets);
  let k: Uint8Array = NOTHING;
  for (let at = 0; at < octets; at += alg.outOctets) {
    const next = prf(alg, skeyidD, k, shared, protocol, spi, ni, nr);
    wipe(k);
    k = next;
    out.set(k.subarray(0, octets - at), at);
  }
  wipe(k);
  return out;
}
