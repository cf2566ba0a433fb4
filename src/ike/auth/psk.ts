/** Authentication with a shared secret, RFC 7296 §2.15. */
import type { Id } from '../../net/id.ts';
import type { Prf } from '../crypto/algorithms.ts';
import { wipe } from '../crypto/misc.ts';
import { prf } from '../crypto/prf.ts';

const KEY_PAD = new TextEncoder().encode('Key Pad for IKEv2');

/** What one end signs: its own first message, the other's nonce, its own identity under its SK_p. */
export interface SignedOctets {
  readonly message: Uint8Array;
  readonly nonce: Uint8Array;
  readonly id: Id;
  readonly skP: Uint8Array;
}

/** AUTH = prf(prf(secret, "Key Pad for IKEv2"), message | nonce | prf(SK_p, ID payload without its header)). */
export function pskAuth(alg: Prf, secret: Uint8Array, signed: SignedOctets): Uint8Array {
  const key = prf(alg, secret, KEY_PAD);
  const idBody = Uint8Array.of(signed.id.type, 0, 0, 0);
  const auth = prf(alg, key, signed.message, signed.nonce, prf(alg, signed.skP, idBody, signed.id.data));
  wipe(key);
  return auth;
}
