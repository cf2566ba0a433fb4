/** Signatures of certificates and lists, each verified once in a thread: who has signed what stays true. */
import type { PublicKey, Wrong } from '../../crypto/signature/public-key.ts';
import { type Signed, verifySigned } from '../../crypto/signed.ts';
import type { Certificate } from './certificate.ts';
import { Pairs } from './pairs.ts';

/** NIST SP 800-131A and libreswan: shorter RSA keys sign nothing that we believe. */
export const LEAST_RSA_BITS = 2048;

/** The key of a certificate, if it may be used at all. What is wrong completes 'certificate "…": '. */
export function keyOf(certificate: Certificate): PublicKey | Wrong {
  const { key } = certificate;
  if ('wrong' in key) return { wrong: `bad key: ${key.wrong}` };
  if (key.kind === 'rsa' && key.bits < LEAST_RSA_BITS)
    return { wrong: `its RSA key has ${key.bits} bits, and at least ${LEAST_RSA_BITS} are wanted` };
  return key;
}

/** Why `issuer` has not signed `signed`, which has this SHA-256; undefined if it has. */
export function unsigned(signed: Signed, fingerprint: Uint8Array, issuer: Certificate): string | undefined {
  const { keyFingerprint } = issuer;
  if (GOOD.has(fingerprint, keyFingerprint)) return undefined;
  const key = keyOf(issuer);
  const wrong = 'wrong' in key ? key.wrong : verifySigned(signed, key);
  if (wrong === undefined) GOOD.add(fingerprint, keyFingerprint);
  return wrong;
}

/** Of 64 octets each. */
const GOOD = new Pairs(32_768);
