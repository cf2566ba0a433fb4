/** EAP as initiator, RFC 7296 §2.16: the peer is the authenticator, and whoever knows the methods answers it. */

import { isPattern } from '../../net/eap-users.ts';
import type { Id } from '../../net/id.ts';
import { nameOf } from '../auth/eap/identity.ts';
import { equalSecret, wipe } from '../crypto/misc.ts';
import { clip } from '../explain/words.ts';
import type { AuthRound, Policy } from '../policy.ts';
import { named, type Refusal } from '../refusal.ts';
import { AUTH_METHOD, EXCHANGE, find, NOTIFY, type Payload } from '../wire/index.ts';
import { nullAuth, otherRole, secretAuth } from './auth-octets.ts';
import type { OurProof } from './auth-prove.ts';
import { type AuthTalk, type EapTalk, ourIdOf } from './auth-talk.ts';
import type { ChildOffer, IkeSa } from './ike-sa.ts';
import { proveWithPpk } from './ppk-auth.ts';
import { hasNotify, notification, type Turn } from './turn.ts';

/** More than any method needs: EAP-TLS with a long chain in fragments of 1000 octets takes thirty. */
export const MAX_EAP_MESSAGES = 60;

export const isEapProven = (eap: EapTalk): boolean => eap.msk !== undefined;

export const eapPacketIn = (payloads: readonly Payload[]): Uint8Array | undefined => find(payloads, 'EAP')?.data;

export const eapPayload = (data: Uint8Array): Payload => ({ type: 'EAP', critical: false, data });

export function beginEap(turn: Turn, talk: AuthTalk, proof: Extract<OurProof, { t: 'eap' }>): void {
  const { isOnly, ways } = proof;
  talk.eap = { session: turn.env.jobId(), isOnly, ways, count: 0, msk: undefined, how: '' };
}

export function hearEap(
  turn: Turn,
  talk: AuthTalk,
  packet: Uint8Array,
  offer: ChildOffer,
  fail: (turn: Turn, offer: ChildOffer, text: string) => void,
): void {
  const { sa } = turn;
  const eap = talk.eap!;
  if (++eap.count > MAX_EAP_MESSAGES) {
    turn.env.limited?.('eap-messages');
    return fail(turn, offer, `EAP does not end after ${MAX_EAP_MESSAGES} messages`);
  }
  const { policy } = sa;
  const localId = ourIdOf(policy, talk.ours);
  const question = {
    t: 'eapPeer',
    session: eap.session,
    ways: eap.ways,
    localId,
    user: userOf(policy.ours[talk.ours], localId),
    conn: policy.name,
    peerId: talk.peerId,
    // Where it proves itself by something else besides, that is what it is held to.
    ...(eap.isOnly ? heldTo(turn, policy, 0, talk.peerId) : undefined),
    packet: Uint8Array.from(packet),
  } as const;
  turn.ask(
    question,
    (later, reply) => {
      if (reply.t !== 'eap')
        return fail(later, offer, `EAP failed: ${reply.t === 'none' ? reply.why : 'another question was answered'}`);
      if (reply.outcome === 'failure')
        return fail(later, offer, `EAP failed: ${clip(reply.why ?? 'the peer says so')}`);
      if (reply.outcome === 'success') {
        const msk = reply.msk ?? new Uint8Array();
        const wrong =
          eap.isOnly && msk.length === 0
            ? `${reply.method ?? 'the EAP method'} makes no key, and nothing else proves the peer`
            : undefined;
        if (wrong) {
          return fail(later, offer, wrong);
        }
        eap.msk = msk;
        eap.how = `using ${reply.method ?? 'EAP'}`;
        return prove(later, talk, offer, fail);
      }
      if (!reply.packet) return fail(later, offer, 'EAP failed: there is no answer to the peer');
      later.request(EXCHANGE.IKE_AUTH, [eapPayload(reply.packet)], { kind: 'eap', offer });
    },
    offer,
  );
}

/** What the connection says of the certificate that the peer may show inside of EAP. */
export function heldTo({ env }: Turn, policy: Policy, round: number, peerId: Id | undefined) {
  const { ca, key } = policy.theirs[round];
  return { ca, spkis: key && peerId ? env.directory.publicKeys(peerId, policy, round) : undefined };
}

/** A pattern is nobody's name. */
const userOf = (round: AuthRound | undefined, id: Id): string =>
  round?.eapId === undefined || isPattern(round.eapId) ? nameOf(id) : round.eapId;

function prove(turn: Turn, talk: AuthTalk, offer: ChildOffer, fail: Parameters<typeof hearEap>[4]): void {
  const make = ({ sa }: Turn) => ({
    auth: [eapAuthPayload(eapAuth(sa, sa.role, talk, ourIdOf(sa.policy, talk.ours)))],
  });
  const send = (now: Turn, auth: readonly Payload[]) => {
    talk.ours++;
    const isLast = talk.ours >= now.sa.policy.ours.length;
    const payloads = [...auth, ...(isLast ? [] : [notification(NOTIFY.ANOTHER_AUTH_FOLLOWS)])];
    now.request(EXCHANGE.IKE_AUTH, payloads, { kind: 'auth', offer });
  };
  if (talk.ours > 0) return send(turn, make(turn).auth);
  proveWithPpk(
    turn,
    (now, done) => done(now, make(now)),
    (now, made) => (made.wrong === undefined ? send(now, made.auth) : fail(now, offer, made.wrong)),
  );
}

export const eapAuthPayload = (data: Uint8Array): Payload => ({
  type: 'AUTH',
  critical: false,
  method: AUTH_METHOD.SHARED_KEY_MIC,
  data,
});

/** From the key that the method has made at both ends; else from SK_p. */
export function eapAuth(sa: IkeSa, who: IkeSa['role'], talk: AuthTalk, id: Parameters<typeof nullAuth>[2]): Uint8Array {
  const { msk } = talk.eap!;
  if (!msk) throw new Error('EAP is not over');
  return msk.length > 0 ? secretAuth(sa, who, id, msk) : nullAuth(sa, who, id);
}

/** The peer's own AUTH from the same key, which ends it. */
export function finishEap(turn: Turn, talk: AuthTalk, payloads: readonly Payload[]): Refusal | undefined {
  const { sa } = turn;
  const eap = talk.eap!;
  const auth = find(payloads, 'AUTH');
  const expected = eapAuth(sa, otherRole(sa), talk, talk.peerId!);
  const isGood = auth?.method === AUTH_METHOD.SHARED_KEY_MIC && equalSecret(expected, auth.data);
  if (!isGood)
    return {
      wrong: `peer ${named(talk.peerId!)} failed authentication: its AUTH does not come from the key that EAP made`,
      kind: 'eap',
      why: () => [],
    };
  wipe(eap.msk);
  talk.eap = undefined;
  if (talk.theirs === 0) {
    talk.theirs++;
    talk.proofs = [...talk.proofs, `${eap.how} and ${named(talk.peerId!)}`];
    talk.moreFollows = hasNotify(payloads, NOTIFY.ANOTHER_AUTH_FOLLOWS);
  }
  turn.outs.push({ t: 'forgetEap', session: eap.session });
  return undefined;
}
