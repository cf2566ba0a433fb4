/**
 * What two ends remember between IKE_SA_INIT and IKE_AUTH when more secrets than the first key exchange's go into their
 * keys: exchanges of their own (RFC 9242, RFC 9370), pre-shared ones (RFC 8784, RFC 9867). Most SAs have none of it.
 */
import type { IkeKeys, IkeSuite } from '../crypto/keys.ts';
import { wipe } from '../crypto/misc.ts';
import { prf } from '../crypto/prf.ts';
import type { Policy } from '../policy.ts';
import { NOTIFY, type Payload } from '../wire/index.ts';
import { handshakeOf } from './handshake.ts';
import type { IkeSa } from './ike-sa.ts';
import { hasNotify } from './turn.ts';

export interface Mixing {
  /** Both ends can do IKE_INTERMEDIATE. */
  readonly isAgreed: boolean;
  /** Where a PPK goes in, if one does. */
  readonly ppk: 'none' | 'auth' | 'intermediate';
  /** IKE_INTERMEDIATE exchanges so far, and what AUTH is to cover of them: the initiator's and the responder's half. */
  exchanges: number;
  intAuthI: Uint8Array;
  intAuthR: Uint8Array;
  /** Of the suite's additional key exchanges. */
  done: number;
  /** Ours for the one that is under way. */
  private: Uint8Array;
  /** By which the peer asked for the keys of now: it may ask again. */
  former: IkeKeys | undefined;
  /** The PPK that the keys have in them. */
  ppkId: Uint8Array | undefined;
  /** In IKE_AUTH with a PPK: the keys as they were before, until it is known whether the peer has it too. */
  withoutPpk: IkeKeys | undefined;
}

/** What an IKE_SA_INIT message and our own wishes make of it; undefined if there is nothing to remember. */
export function agreeOn(suite: IkeSuite, theirs: readonly Payload[], ours: readonly Payload[]): Mixing | undefined {
  const both = (notify: number) => hasNotify(theirs, notify) && hasNotify(ours, notify);
  const isAgreed = both(NOTIFY.INTERMEDIATE_EXCHANGE_SUPPORTED);
  const inExchange = isAgreed && both(NOTIFY.USE_PPK_INT);
  const ppk = inExchange ? 'intermediate' : both(NOTIFY.USE_PPK) ? 'auth' : 'none';
  if (!isAgreed && ppk === 'none' && !suite.additional) return undefined;
  const none = new Uint8Array();
  return {
    ...{ isAgreed, ppk, exchanges: 0, intAuthI: none, intAuthR: none, done: 0, private: none },
    ...{ former: undefined, ppkId: undefined, withoutPpk: undefined },
  };
}

export function mixingOf(sa: IkeSa): Mixing {
  const { mixing } = handshakeOf(sa);
  if (!mixing) throw new Error(`#${sa.serial} has nothing to mix in state ${sa.state}`);
  return mixing;
}

/** Whether a connection may need exchanges before IKE_AUTH. */
export const wantsIntermediate = (policy: Policy): boolean =>
  policy.intermediate || policy.ike.some((p) => p.addke.length > 0);

/**
 * Takes a message of an IKE_INTERMEDIATE exchange into what AUTH covers, under the keys that protect it: the request,
 * then the response. RFC 9242 §3.3.2.
 */
export function cover(sa: IkeSa, half: 'request' | 'response', pieces: readonly Uint8Array[]): void {
  const handshake = handshakeOf(sa);
  const mixing = mixingOf(sa);
  const { prf: alg } = sa.suite!;
  if (half === 'request') mixing.intAuthI = prf(alg, sa.keys!.skPi, mixing.intAuthI, ...pieces);
  else {
    mixing.intAuthR = prf(alg, sa.keys!.skPr, mixing.intAuthR, ...pieces);
    // IKE_AUTH follows, or another exchange and this again.
    const messageId = ++mixing.exchanges + 1;
    handshake.intAuth = new Uint8Array([...mixing.intAuthI, ...mixing.intAuthR, 0, 0, messageId >> 8, messageId & 255]);
  }
}

/** From the next message on these keys protect, and of the old ones the peer's requests may come again. */
export function changeKeys(sa: IkeSa, keys: IkeKeys): void {
  const mixing = mixingOf(sa);
  mixing.former?.wipe();
  mixing.former = sa.role === 'responder' ? sa.keys : undefined;
  if (!mixing.former) sa.keys?.wipe();
  sa.keys = keys;
}

/** Twice in one exchange, with a key exchange and a PPK: the keys between them have protected nothing. */
export function changeKeysAgain(sa: IkeSa, keys: IkeKeys): void {
  sa.keys?.wipe();
  sa.keys = keys;
}

/** Secrets that are needed no longer. */
export function forgetMixing(mixing: Mixing | undefined): void {
  wipe(mixing?.private);
  mixing?.former?.wipe();
  if (mixing) forgetWithoutPpk(mixing);
}

/** Both ends have it. */
export function forgetWithoutPpk(mixing: Mixing): void {
  mixing.withoutPpk?.wipe();
  mixing.withoutPpk = undefined;
}
