/**
 * The body of an SK or SKF payload: RFC 7296 §3.14, with AEADs as in RFC 5282 and counter mode as in RFC 5930.
 *
 *     header .. SK header | IV | ciphertext of (plaintext, padding, pad length) | ICV
 *     <---- prefix ------>
 *     <----------- authenticated ------------------------------------------->      by a MAC
 *     <- authenticated -->       <----------- authenticated --------------->       by an AEAD
 */
import type { Encr, Integ } from './algorithms.ts';
import { aeadOf, decrypt, encrypt } from './ciphers.ts';
import type { IkeSuite } from './keys.ts';
import { icv } from './mac.ts';
import { equalSecret } from './misc.ts';
import { shortcuts } from './shortcuts.ts';

/** All that protection asks of a suite. */
export type ProtectionSuite = Pick<IkeSuite, 'encr' | 'encrBits' | 'integ'>;

export type Opened =
  | { readonly ok: true; readonly plaintext: Uint8Array }
  | { readonly ok: false; readonly why: 'short' | 'unauthentic' | 'padding' };

/** Octets of the explicit IV: random ones for CBC; for the others any that never come again under the key. */
export const ivOctets = (suite: ProtectionSuite): number => suite.encr.ivOctets;

/** Octets that `plaintextOctets` of payloads become: IV, padded ciphertext and ICV. */
export function sealedOctets(suite: ProtectionSuite, plaintextOctets: number): number {
  return suite.encr.ivOctets + paddedOctets(suite.encr, plaintextOctets) + icvOctets(suite);
}

/**
 * The whole datagram: `prefix`, IV, ciphertext, ICV. `prefix` runs from the IKE header through the SK payload's
 * header (SKF's with its fragment numbers), with the final lengths in place. Keys hold their salts.
 */
export function seal(
  suite: ProtectionSuite,
  encrKey: Uint8Array,
  integKey: Uint8Array,
  iv: Uint8Array,
  prefix: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const { encr } = suite;
  if (iv.length !== encr.ivOctets) throw new RangeError(`${encr.name} has no IV of ${iv.length} octets`);
  const octets = paddedOctets(encr, plaintext.length);
  if (shortcuts && encr.isAead) {
    const whole = shortcuts.seal(aeadOf(encr, suite.encrBits, encrKey), iv, prefix, plaintext, octets);
    if (whole) return whole;
  }
  const padded = Buffer.alloc(octets);
  padded.set(plaintext);
  padded[octets - 1] = octets - 1 - plaintext.length;

  const out = new Uint8Array(prefix.length + iv.length + octets + icvOctets(suite));
  out.set(prefix);
  out.set(iv, prefix.length);
  const at = prefix.length + iv.length;
  const sealed = encrypt(encr, suite.encrBits, encrKey, iv, prefix, padded);
  out.set(sealed, at);
  if (!encr.isAead) out.set(icv(macOf(suite), integKey, out.subarray(0, at + octets)), at + octets);
  padded.fill(0);
  return out;
}

/** The payloads of a datagram whose SK (SKF) body begins at `aadOctets`; nothing is decrypted that is not authentic. */
export function open(
  suite: ProtectionSuite,
  encrKey: Uint8Array,
  integKey: Uint8Array,
  datagram: Uint8Array,
  aadOctets: number,
): Opened {
  const { encr } = suite;
  const start = aadOctets + encr.ivOctets;
  const end = datagram.length - icvOctets(suite);
  const octets = end - start;
  if (octets < 1 || octets % encr.blockOctets !== 0) return { ok: false, why: 'short' };
  if (!encr.isAead && !equalSecret(icv(macOf(suite), integKey, datagram.subarray(0, end)), datagram.subarray(end))) {
    return { ok: false, why: 'unauthentic' };
  }
  const padded = decrypted(suite, encrKey, datagram, aadOctets, start, end);
  if (!padded) return { ok: false, why: 'unauthentic' };
  const plaintextOctets = octets - 1 - padded[octets - 1];
  return plaintextOctets < 0
    ? { ok: false, why: 'padding' }
    : { ok: true, plaintext: padded.subarray(0, plaintextOctets) };
}

/** What stands from `start` to `end`, undefined if an AEAD's ICV is not right. */
function decrypted(
  { encr, encrBits }: ProtectionSuite,
  encrKey: Uint8Array,
  datagram: Uint8Array,
  aadOctets: number,
  start: number,
  end: number,
): Uint8Array | undefined {
  if (shortcuts && encr.isAead) {
    const taken = shortcuts.open(aeadOf(encr, encrBits, encrKey), datagram, aadOctets, encr.ivOctets);
    if (taken) return taken === 'unauthentic' ? undefined : taken;
  }
  const sealed = datagram.subarray(start, encr.isAead ? undefined : end);
  return decrypt(encr, encrBits, encrKey, datagram.subarray(aadOctets, start), datagram.subarray(0, aadOctets), sealed);
}

/** Plaintext, padding and the pad length, which is always there. */
const paddedOctets = (encr: Encr, plaintextOctets: number): number =>
  Math.ceil((plaintextOctets + 1) / encr.blockOctets) * encr.blockOctets;

const icvOctets = ({ encr, integ }: ProtectionSuite): number =>
  encr.isAead ? encr.icvOctets : (integ?.icvOctets ?? 0);

/** RFC 7296 §3.3: without an AEAD there is always a MAC; a suite without either is our own bug. */
function macOf({ encr, integ }: ProtectionSuite): Integ {
  if (!integ || integ.id === 0) throw new TypeError(`${encr.name} without integrity protects nothing`);
  return integ;
}
