/** What proves phase 1 and every message after it: HASH_I and HASH_R (RFC 2409 §5), HASH(1) to HASH(3) (§5.5, §5.7). */
import type { Prf } from '../../crypto/algorithms.ts';
import { prf } from '../../crypto/prf.ts';

export interface Proof {
  readonly prf: Prf;
  readonly skeyid: Uint8Array;
  /** Public values and cookies: of the end that proves itself, and of the other. */
  readonly own: { readonly public: Uint8Array; readonly cookie: Uint8Array };
  readonly other: { readonly public: Uint8Array; readonly cookie: Uint8Array };
  /** The initiator's SA payload and the ID payload of who proves itself, as they were sent, without generic headers. */
  readonly sa: Uint8Array;
  readonly id: Uint8Array;
}

/** HASH_I of the initiator, HASH_R of the responder. */
export const proofHash = ({ prf: alg, skeyid, own, other, sa, id }: Proof): Uint8Array =>
  prf(alg, skeyid, own.public, other.public, own.cookie, other.cookie, sa, id);

/** By what a message of phase 2 is held against: SKEYID_a and the message's id. */
export interface Channel {
  readonly prf: Prf;
  readonly skeyidA: Uint8Array;
  readonly messageId: number;
}

/** HASH(1): `rest` is all that follows the HASH payload. Informational and transaction exchanges have no other. */
export const hash1 = ({ prf: alg, skeyidA, messageId }: Channel, rest: Uint8Array): Uint8Array =>
  prf(alg, skeyidA, idOctets(messageId), rest);

/** HASH(2): by the answer's rest and the initiator's nonce. */
export const hash2 = ({ prf: alg, skeyidA, messageId }: Channel, ni: Uint8Array, rest: Uint8Array): Uint8Array =>
  prf(alg, skeyidA, idOctets(messageId), ni, rest);

/** HASH(3): a proof of liveness. */
export const hash3 = ({ prf: alg, skeyidA, messageId }: Channel, ni: Uint8Array, nr: Uint8Array): Uint8Array =>
  prf(alg, skeyidA, Uint8Array.of(0), idOctets(messageId), ni, nr);

/** Four octets, big-endian. By hand: a DataView of so few makes a buffer, which costs more than they do. */
export function idOctets(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  octets[0] = value >>> 24;
  octets[1] = value >>> 16;
  octets[2] = value >>> 8;
  octets[3] = value;
  return octets;
}
