/**
 * RSA signatures of IKEv1, RFC 2409 §5.1: "a private key encryption in PKCS #1 format and not a signature in PKCS #1
 * format", so that the block holds HASH_I or HASH_R bare, without the name of a hash.
 */
import { constants, type KeyObject, privateEncrypt, publicDecrypt } from 'node:crypto';
import { equalSecret } from '../../crypto/misc.ts';

const PADDING = constants.RSA_PKCS1_PADDING;

/** As long as the modulus; what is wrong with the key otherwise. */
export function signBare(key: KeyObject, proof: Uint8Array): Uint8Array | { readonly wrong: string } {
  try {
    return privateEncrypt({ key, padding: PADDING }, proof);
  } catch {
    return { wrong: 'OpenSSL cannot sign with this key' };
  }
}

/** Undefined if `signature` is one of `proof`; else why it is not. */
export function verifyBare(key: KeyObject, proof: Uint8Array, signature: Uint8Array): string | undefined {
  try {
    return equalSecret(publicDecrypt({ key, padding: PADDING }, signature), proof)
      ? undefined
      : 'its signature does not match';
  } catch {
    return 'its signature does not match';
  }
}
