/** Authentication with a shared secret, RFC 7296 §2.15: one of both ends', what EAP has made, or for NULL none (RFC 7619). */
import type { Prf } from '../crypto/algorithms.ts';
import { wipe } from '../crypto/misc.ts';
import { prf } from '../crypto/prf.ts';
import { type Signing, signedOctets } from './signed-octets.ts';

const KEY_PAD = new TextEncoder().encode('Key Pad for IKEv2');

/** AUTH = prf(prf(secret, "Key Pad for IKEv2"), signed octets). `secret` stays the caller's. */
export function pskAuth(alg: Prf, secret: Uint8Array, signing: Signing): Uint8Array {
  const key = prf(alg, secret, KEY_PAD);
  const auth = prf(alg, key, ...signedOctets(alg, signing));
  wipe(key);
  return auth;
}
