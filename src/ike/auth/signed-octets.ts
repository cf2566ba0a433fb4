/**
 * What an end signs, or makes a MAC over, to prove who it is. RFC 7296 §2.15, and RFC 9242 §3.3.2 for `IntAuth`:
 *
 *     its own first message | the other's nonce | prf(SK_p, its ID payload without the header) [ | IntAuth ]
 */
import type { Id } from '../../net/id.ts';
import type { Prf } from '../crypto/algorithms.ts';
import { prf } from '../crypto/prf.ts';

export interface Signing {
  /** Its IKE_SA_INIT message as it was on the wire. */
  readonly message: Uint8Array;
  readonly nonce: Uint8Array;
  readonly id: Id;
  /** SK_pi or SK_pr. */
  readonly skP: Uint8Array;
  /** After IKE_INTERMEDIATE exchanges. */
  readonly intAuth?: Uint8Array | undefined;
}

/** In pieces: a MAC needs them no other way. */
export function signedOctets(alg: Prf, { message, nonce, id, skP, intAuth }: Signing): readonly Uint8Array[] {
  const maced = prf(alg, skP, Uint8Array.of(id.type, 0, 0, 0), id.data);
  return intAuth ? [message, nonce, maced, intAuth] : [message, nonce, maced];
}
