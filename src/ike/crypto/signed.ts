/** Signatures as certificates, CRLs and OCSP responses have them, and the digest that these are found by. */
import { constants, hash, verify as opensslVerify } from 'node:crypto';
import { der, readElement, readInteger, TAG } from './signature/der.ts';
import type { PublicKey } from './signature/public-key.ts';
import { isPss, type Scheme, schemeOf } from './signature/scheme.ts';
import { verify } from './signature/sign.ts';

export const sha256 = (octets: Uint8Array): Uint8Array => hash('sha256', octets, 'buffer');

export interface Signed {
  readonly signedPart: Uint8Array;
  /** AlgorithmIdentifier in DER. */
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Why `signed` is not signed with `key`; undefined if it is. RSA PKCS#1 and PSS, ECDSA and EdDSA, with SHA-2: SHA-1 and
 * MD5, for which others than the signer can make what is signed, are refused.
 */
export function verifySigned(signed: Signed, key: PublicKey): string | undefined {
  const { signedPart, algorithm, signature } = signed;
  const scheme = schemeOf(METHOD, algorithm);
  if (scheme === undefined) return isPss(algorithm) ? verifyPss(signed, key) : refused(algorithm);
  return scheme.hash === 'SHA1' ? weak('SHA-1') : verify(key, scheme, signedPart, signature);
}

/** Method 14 of RFC 7427, whose AlgorithmIdentifiers are those of X.509. */
const METHOD = 14;

const weak = (hash: string): string => `its signature is made with ${hash}, which is weak`;

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

/** PKCS#1 with MD2, MD4 and MD5: RFC 3279 §2.2.1. ecdsa-with-Specified and the like are none of ours. */
function refused(algorithm: Uint8Array): string {
  const text = hex(algorithm);
  if (/^30(0d|0b)06092a864886f70d0101(02|03|04)(0500)?$/.test(text))
    return weak(text.endsWith('020500') ? 'MD2' : 'MD5');
  return `its signature algorithm ${text.length > 60 ? `${text.slice(0, 60)}...` : text} is unknown`;
}

/**
 * In IKE the salt is as long as the hash, in certificates often as long as it can be. The rest is the same: the
 * identifier must be one of IKE's once the usual salt is put in.
 */
function verifyPss({ signedPart, algorithm, signature }: Signed, key: PublicKey): string | undefined {
  const found = pssOf(algorithm);
  if (found === undefined) return 'its RSASSA-PSS is not one with the same hash for message and mask';
  const { scheme, saltLength } = found;
  if (scheme.hash === 'SHA1') return weak('SHA-1');
  const length = key.rsa?.modulus.length;
  if (length === undefined) return `its signature is RSA, and the key is not`;
  if (signature.length !== length) return `its signature has ${signature.length} octets instead of ${length}`;
  const how = { key: key.handle, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  try {
    return opensslVerify(scheme.digest, signedPart, how, signature) ? undefined : 'its signature does not match';
  } catch {
    return 'its signature does not match';
  }
}

/** RFC 4055 §3.1: RSASSA-PSS-params, all of it written out but for the trailer. */
function pssOf(algorithm: Uint8Array): { scheme: Scheme; saltLength: number } | undefined {
  const outer = readElement(algorithm, TAG.SEQUENCE);
  const oid = outer && readElement(outer.body, OID);
  const parameters = oid && readElement(oid.rest, TAG.SEQUENCE);
  const hash = parameters && readElement(parameters.body, 0xa0);
  const mask = hash && readElement(hash.rest, 0xa1);
  const salt = mask && readElement(mask.rest, 0xa2);
  const number = salt && readInteger(salt.body);
  if (!outer || !oid || !parameters || !mask || !salt || !number || number.rest.length > 0 || number.body.length > 2)
    return undefined;
  const saltLength = number.body.reduce((sum, octet) => sum * 256 + octet, 0);
  const before = parameters.body.subarray(0, parameters.body.length - mask.rest.length);
  const ours = { oid: outer.body.subarray(0, outer.body.length - oid.rest.length), before, after: salt.rest };
  for (const usual of [32, 48, 64, 20]) {
    const usualSalt = der(0xa2, der(TAG.INTEGER, Uint8Array.of(usual)));
    const identifier = der(TAG.SEQUENCE, ours.oid, der(TAG.SEQUENCE, ours.before, usualSalt, ours.after));
    const scheme = schemeOf(METHOD, identifier);
    if (scheme) return { scheme, saltLength };
  }
  return undefined;
}

const OID = 0x06;
