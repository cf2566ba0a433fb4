/** Signing and verifying by the rows of `scheme.ts`. Nothing here throws, whatever a peer has sent. */
import {
  constants,
  hash,
  sign as opensslSign,
  verify as opensslVerify,
  privateEncrypt,
  publicDecrypt,
} from 'node:crypto';
import { equalSecret } from '../misc.ts';
import { curves } from './curves.ts';
import { fromSigValue, toSigValue } from './ecdsa-signature.ts';
import { kindRow } from './key-kind.ts';
import type { SigningKey } from './private-key.ts';
import type { PublicKey, Wrong } from './public-key.ts';
import type { Scheme } from './scheme.ts';

/** Why a key cannot have to do with a scheme, in words that complete "key: …"; undefined if it can. */
export function misfit({ kind, bits }: Pick<SigningKey, 'kind' | 'bits'>, scheme: Scheme): string | undefined {
  const row = kindRow(kind);
  if (row.type !== scheme.type || (scheme.kind && scheme.kind !== kind))
    return `${row.name} does not do ${scheme.name}`;
  // RFC 8017 §9.1.1: emLen, which is one octet less than the modulus if that has a bit too many.
  const room = Math.ceil((bits - 1) / 8);
  if (scheme.form === 'pss' && room < 2 * scheme.digestOctets + 2) return `${bits} bits are too few for ${scheme.name}`;
  return undefined;
}

/** What PKCS#1 v1.5 puts around what is signed, at least. RFC 8017 §9.2. */
const PKCS1_OCTETS = 11;

/** The signature over `octets` as it goes into AUTH, without AlgorithmIdentifier. */
export function sign(key: SigningKey, scheme: Scheme, octets: Uint8Array): Uint8Array | Wrong {
  const unfit = misfit(key, scheme);
  if (unfit !== undefined) return { wrong: unfit };
  const needed = 8 * (octets.length + PKCS1_OCTETS);
  if (scheme.form === 'bare' && key.bits < needed)
    return { wrong: `${key.bits} bits are too few for a hash of ${octets.length} octets, which takes ${needed}` };
  try {
    if (scheme.form === 'bare')
      return privateEncrypt({ key: key.handle, padding: constants.RSA_PKCS1_PADDING }, octets);
    const signature = opensslSign(scheme.digest, octets, { key: key.handle, ...options(scheme) });
    return scheme.form === 'der' ? toSigValue(signature) : signature;
  } catch {
    return { wrong: `OpenSSL cannot sign with ${scheme.name}` };
  }
}

/**
 * Undefined if `signature` is one of `octets`; else why it is not. Lengths and DER are checked here, to the octet; the
 * range of ECDSA's `r` and `s` and of EdDSA's `S`, padding and salt by OpenSSL. What remains is that ECDSA's `s` may be
 * turned into `n - s`, which IKE, where every signature covers fresh nonces, gives nobody.
 */
export function verify(key: PublicKey, scheme: Scheme, octets: Uint8Array, signature: Uint8Array): string | undefined {
  const unfit = misfit(key, scheme);
  if (unfit !== undefined) return unfit;
  const row = kindRow(key.kind);
  const raw = scheme.form === 'der' ? fromSigValue(signature, row.octets) : signature;
  if (raw === undefined) return 'its signature is no ECDSA-Sig-Value in DER';
  const length = row.type === 'RSA' ? key.rsa!.modulus.length : 2 * row.octets;
  if (raw.length !== length) return `its signature has ${signature.length} octets instead of ${length}`;
  const isPoints = row.type === 'ECDSA' ? verifyPoint(key, scheme, octets, raw) : undefined;
  if (isPoints !== undefined) return isPoints ? undefined : 'its signature does not match';
  try {
    const isGood =
      scheme.form === 'bare'
        ? equalSecret(publicDecrypt({ key: key.handle, padding: constants.RSA_PKCS1_PADDING }, raw), octets)
        : opensslVerify(scheme.digest, octets, { key: key.handle, ...options(scheme) }, raw);
    return isGood ? undefined : 'its signature does not match';
  } catch {
    return 'its signature does not match';
  }
}

/** Undefined where nobody has brought the curve. */
function verifyPoint({ kind, body }: PublicKey, { digest }: Scheme, octets: Uint8Array, raw: Uint8Array) {
  if (curves === undefined || digest === null) return undefined;
  return curves.verify(kindRow(kind).curve, body, hash(digest, octets, 'buffer'), raw);
}

function options({ form, digestOctets }: Scheme) {
  switch (form) {
    case 'bare':
    case 'pkcs1':
      return { padding: constants.RSA_PKCS1_PADDING };
    case 'pss':
      // MGF1 with the same hash is OpenSSL's default, and a salt of another length is refused.
      return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: digestOctets };
    case 'der':
    case 'raw':
      return { dsaEncoding: 'ieee-p1363' } as const;
    case 'eddsa':
      return {};
  }
}
