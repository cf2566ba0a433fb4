/** Post-quantum pre-shared keys in the key schedule: RFC 8784 (with IKE_AUTH), RFC 9867 (with IKE_INTERMEDIATE). */
import type { Prf } from './algorithms.ts';
import { IkeKeys, type IkeSuite, ikeKeyOctets } from './keys.ts';
import { wipe } from './misc.ts';
import { prf, prfPlus } from './prf.ts';

/** SK_d = prf+(PPK, SK_d'), and likewise SK_pi and SK_pr; the others stay. RFC 8784 §3. `keys` are left as they are. */
export function mixedWithPpk(suite: IkeSuite, keys: IkeKeys, ppk: Uint8Array): IkeKeys {
  const mixed = (key: Uint8Array) => prfPlus(suite.prf, ppk, key, key.length);
  const [d, pi, pr] = [mixed(keys.skD), mixed(keys.skPi), mixed(keys.skPr)];
  const block = Buffer.concat([d, keys.skAi, keys.skAr, keys.skEi, keys.skEr, pi, pr]);
  for (const key of [d, pi, pr]) wipe(key);
  return new IkeKeys(block, suite);
}

/** Of the handshake: both nonces, and SPIi | SPIr. */
interface Context {
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  readonly spis: Uint8Array;
}

/** All seven anew, from SKEYSEED' = prf+(PPK, SK_d): RFC 9867 §3.1. `keys` are left as they are. */
export function renewedByPpk(suite: IkeSuite, keys: IkeKeys, ppk: Uint8Array, { ni, nr, spis }: Context): IkeKeys {
  const seed = prfPlus(suite.prf, ppk, keys.skD, suite.prf.keyOctets);
  const block = prfPlus(suite.prf, seed, Buffer.concat([ni, nr, spis]), ikeKeyOctets(suite));
  wipe(seed);
  return new IkeKeys(block, suite);
}

/** By which the peer knows, before anything is encrypted with it, that both have the same PPK: RFC 9867 §3.1. */
export const ppkConfirmation = (alg: Prf, ppk: Uint8Array, { ni, nr, spis }: Context): Uint8Array =>
  prf(alg, ppk, ni, nr, spis).subarray(0, PPK_CONFIRMATION_OCTETS);

export const PPK_CONFIRMATION_OCTETS = 8;
