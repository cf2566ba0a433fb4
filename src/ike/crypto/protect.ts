/**
 * The body of an SK or SKF payload: RFC 7296 §3.14, with AEADs as in RFC 5282 and counter mode as in RFC 5930.
 *
 *     header .. SK header | IV | ciphertext of (plaintext, padding, pad length) | ICV
 *     <---- prefix ------>
 *     <----------- authenticated ------------------------------------------->      by a MAC
 *     <- authenticated -->       <----------- authenticated --------------->       by an AEAD
 */
import { type CipherGCMTypes, createCipheriv, createDecipheriv } from 'node:crypto';
import type { Encr } from './algorithms.ts';
import { opensslCipher } from './ciphers.ts';
import type { IkeSuite } from './keys.ts';
import { type MacName, mac } from './mac.ts';
import { equalSecret } from './misc.ts';

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
  const padded = Buffer.alloc(octets);
  padded.set(plaintext);
  padded[octets - 1] = octets - 1 - plaintext.length;

  const out = new Uint8Array(prefix.length + iv.length + octets + icvOctets(suite));
  out.set(prefix);
  out.set(iv, prefix.length);
  const at = prefix.length + iv.length;
  const { key, nonce } = keyAndNonce(encr, encrKey, iv);
  if (encr.isAead) {
    const cipher = createCipheriv(aeadName(suite), key, nonce, { authTagLength: encr.icvOctets });
    cipher.setAAD(prefix, { plaintextLength: octets });
    out.set(cipher.update(padded), at);
    cipher.final();
    out.set(cipher.getAuthTag(), at + octets);
  } else {
    const cipher = createCipheriv(opensslCipher(encr, suite.encrBits), key, nonce).setAutoPadding(false);
    out.set(cipher.update(padded), at);
    out.set(icv(suite, integKey, out.subarray(0, at + octets)), at + octets);
  }
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
  const tag = datagram.subarray(end);
  const { key, nonce } = keyAndNonce(encr, encrKey, datagram.subarray(aadOctets, start));
  let padded: Uint8Array;
  if (encr.isAead) {
    const decipher = createDecipheriv(aeadName(suite), key, nonce, { authTagLength: encr.icvOctets });
    decipher.setAuthTag(tag);
    decipher.setAAD(datagram.subarray(0, aadOctets), { plaintextLength: octets });
    try {
      padded = decipher.update(datagram.subarray(start, end));
      decipher.final();
    } catch {
      return { ok: false, why: 'unauthentic' };
    }
  } else {
    if (!equalSecret(icv(suite, integKey, datagram.subarray(0, end)), tag)) return { ok: false, why: 'unauthentic' };
    const decipher = createDecipheriv(opensslCipher(encr, suite.encrBits), key, nonce).setAutoPadding(false);
    padded = decipher.update(datagram.subarray(start, end));
  }
  const plaintextOctets = octets - 1 - padded[octets - 1];
  return plaintextOctets < 0
    ? { ok: false, why: 'padding' }
    : { ok: true, plaintext: padded.subarray(0, plaintextOctets) };
}

/** Plaintext, padding and the pad length, which is always there. */
const paddedOctets = (encr: Encr, plaintextOctets: number): number =>
  Math.ceil((plaintextOctets + 1) / encr.blockOctets) * encr.blockOctets;

const icvOctets = ({ encr, integ }: ProtectionSuite): number =>
  encr.isAead ? encr.icvOctets : (integ?.icvOctets ?? 0);

/** Node types AEADs by family; the three behave alike once the tag's length is given. */
const aeadName = (suite: ProtectionSuite): CipherGCMTypes =>
  opensslCipher(suite.encr, suite.encrBits) as CipherGCMTypes;

function keyAndNonce(encr: Encr, keyAndSalt: Uint8Array, iv: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  if (encr.saltOctets === 0) return { key: keyAndSalt, nonce: iv };
  const keyOctets = keyAndSalt.length - encr.saltOctets;
  // A counter mode's nonce is a whole block, its counter starting at one (RFC 3686 §4).
  const nonce = new Uint8Array(encr.isAead ? encr.saltOctets + iv.length : 16);
  nonce.set(keyAndSalt.subarray(keyOctets));
  nonce.set(iv, encr.saltOctets);
  if (!encr.isAead) nonce[15] = 1;
  return { key: keyAndSalt.subarray(0, keyOctets), nonce };
}

function icv(suite: ProtectionSuite, key: Uint8Array, authenticated: Uint8Array): Uint8Array {
  const { integ } = suite;
  if (!integ || integ.id === 0) throw new TypeError(`${suite.encr.name} without integrity protects nothing`);
  const keyed = mac(integ.name.replace(/_\d+$/, '') as MacName, key);
  const tag = keyed.of(authenticated).subarray(0, integ.icvOctets);
  keyed.wipe();
  return tag;
}
