/**
 * Encryption of IKEv1, RFC 2409 §5 and appendix B: CBC over what follows the header, padded with zeros; each message's
 * IV is the last block of the message before it in its exchange, whoever has sent that.
 */
import { decrypt, encrypt } from '../../crypto/ciphers.ts';
import { hash } from './hash.ts';
import { idOctets } from './hashes.ts';
import type { IsakmpKeys, IsakmpSuite } from './keys.ts';

type Cipher = Pick<IsakmpSuite, 'encr' | 'encrBits' | 'prf'>;

const NO_AAD = new Uint8Array();

/** Of the first encrypted message of phase 1. */
export const firstIv = (suite: Cipher, gxi: Uint8Array, gxr: Uint8Array): Uint8Array =>
  hash(suite.prf, gxi, gxr).slice(0, suite.encr.blockOctets);

/** Of the first message of an exchange after phase 1, whose last block is `last`. */
export const exchangeIv = (suite: Cipher, last: Uint8Array, messageId: number): Uint8Array =>
  hash(suite.prf, last, idOctets(messageId)).slice(0, suite.encr.blockOctets);

export function seal(suite: Cipher, keys: IsakmpKeys, iv: Uint8Array, chain: Uint8Array): Uint8Array {
  const { blockOctets } = suite.encr;
  const padded = new Uint8Array(Math.ceil(chain.length / blockOctets) * blockOctets);
  padded.set(chain);
  const sealed = encrypt(suite.encr, suite.encrBits, keys.encr, iv, NO_AAD, padded);
  padded.fill(0);
  return sealed;
}

/** Whatever comes out: whether it is what was put in, only a hash inside can tell. Undefined unless it is whole blocks. */
export function open(suite: Cipher, keys: IsakmpKeys, iv: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length === 0 || sealed.length % suite.encr.blockOctets !== 0) return undefined;
  return decrypt(suite.encr, suite.encrBits, keys.encr, iv, NO_AAD, sealed);
}

/** The IV of the message that follows `sealed`. Octets of its own: to slice a Buffer would keep all of it. */
export const nextIv = (suite: Cipher, sealed: Uint8Array): Uint8Array =>
  Uint8Array.prototype.slice.call(sealed, -suite.encr.blockOctets);
