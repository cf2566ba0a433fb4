/** Signatures of certificates and lists, each verified once in a thread: who has signed what stays true. */
import type { PublicKey, Wrong } from '../../crypto/signature/public-key.ts';
import { type Signed, verifySigned } from '../../crypto/signed.ts';
import type { Certificate } from './certificate.ts';
import { Memo } from './memo.ts';

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

/** Why `issuer` has not signed `signed`, which goes by `fingerprint`; undefined if it has. */
export function unsigned(signed: Signed, fingerprint: string, issuer: Certificate): string | undefined {
  const pair = fingerprint + issuer.keyFingerprint;
  if (GOOD.has(pair)) return undefined;
  const key = keyOf(issuer);
  const wrong = 'wrong' in key ? key.wrong : verifySigned(signed, key);
  if (wrong === undefined) GOOD.add(pair, true);
  return wrong;
}

const GOOD = new Memo<true>(4096);
