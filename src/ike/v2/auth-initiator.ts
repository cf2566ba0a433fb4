/**
 * IKE_AUTH as initiator. RFC 7296 §1.2, §2.16; RFC 4739 §2. As a rule one request and its answer; each further proof
 * of ours, and each EAP message, is a request more:
 *
 *     IDi, [CERT,] [CERTREQ,] [IDr,] [AUTH,] SA, TSi, TSr   ──►
 *                                                           ◄──   IDr, [CERT,] AUTH [, EAP] [, SA, TSi, TSr]
 *     EAP | AUTH | IDi, [CERT,] [AUTH] | nothing            ──►
 *                                                           ◄──   EAP | AUTH | …
 */
import { Id as Identity } from '../../net/id.ts';
import { wrongIssuer } from '../auth-by-signature.ts';
import { explainId } from '../explain/identities.ts';
import { explainAuthRefusal } from '../explain/refusals.ts';
import { faultText } from '../fault.ts';
import { named, plain, type Refusal } from '../refusal.ts';
import { where } from '../where.ts';
import { EXCHANGE, find, NOTIFY, type Payload } from '../wire/index.ts';
import { certRequests } from './auth-certs.ts';
import { checkAuth } from './auth-check.ts';
import { finishInitiator } from './auth-child.ts';
import { tooFew } from './auth-choose.ts';
import { claimIn } from './auth-claim.ts';
import { type Made, type OurProof, ourAuth, ourProof } from './auth-prove.ts';
import { type AuthTalk, beginTalk, doubled, idOf, idPayload, talkOf } from './auth-talk.ts';
import { offerPayloads, reserveSpi } from './child-setup.ts';
import { configurationRequest } from './cp-client.ts';
import { beginEap, eapPacketIn, finishEap, hearEap, isEapProven } from './eap-peer.ts';
import { dropOffer, dropPending, end } from './ending.ts';
import { handshakeOf } from './handshake.ts';
import type { ChildOffer } from './ike-sa.ts';
import { turnAway } from './informational.ts';
import { proveWithPpk, settlePpk } from './ppk-auth.ts';
import { wasSent } from './redirect.ts';
import { errorIn, hasNotify, type Incoming, notification, type Turn } from './turn.ts';

export function startAuth(turn: Turn): void {
  const { sa, env } = turn;
  const { policy } = sa;
  const most = Math.max(policy.ours.length, policy.theirs.length);
  if (most > 1 && !handshakeOf(sa).multipleAuth)
    return void end(
      turn,
      'refused',
      `the connection wants ${most} proofs of one end, and the peer knows of one (RFC 4739)`,
    );
  const talk = beginTalk(sa, policy);
  const proof = nextProof(turn, talk);
  if ('wrong' in proof) {
    turn.why(proof.why());
    return void end(turn, 'local', proof.wrong);
  }
  const spiIn = reserveSpi(turn, policy);
  if (typeof spiIn !== 'number') return void end(turn, 'local', faultText(spiIn));
  const offer: ChildOffer = {
    policy,
    serial: env.serial(),
    spiIn,
    proposals: policy.child.proposals,
    ni: handshakeOf(sa).ni,
    isRetry: false,
    isSure: true,
  };
  prove(turn, proof, offer);
}

/** Nobody can be asked to be an identity that stands for many. */
const askedFor = ({ sa }: Turn) => (sa.policy.remoteId?.hasWildcards ? undefined : sa.policy.remoteId);

function nextProof(turn: Turn, talk: AuthTalk): ReturnType<typeof ourProof> {
  const { sa } = turn;
  const peerId = talk.firstId ?? askedFor(turn) ?? Identity.ofAddress(sa.peer.address);
  return ourProof(turn, sa.policy, talk.ours, { peerId, eapOnly: true });
}

function prove(turn: Turn, proof: OurProof, offer: ChildOffer): void {
  const send = (later: Turn, made: Made) => sendProof(later, proof, offer, made);
  if (proof.t === 'eap' || proof.round > 0) return ourAuth(turn, proof, undefined, offer, send);
  proveWithPpk(turn, (now, done) => ourAuth(now, proof, undefined, offer, done), send);
}

function sendProof(turn: Turn, proof: OurProof, offer: ChildOffer, made: Made): void {
  if (made.wrong !== undefined) {
    dropOffer(turn, offer, 'local', made.wrong);
    return void end(turn, 'local', made.wrong);
  }
  const { sa } = turn;
  const talk = talkOf(sa);
  const isFirst = talk.ours === 0 && sa.state !== 'authSent';
  if (proof.t === 'eap') beginEap(turn, talk, proof);
  else talk.ours++;
  turn.enter('authSent');
  const { id, certs, auth } = made;
  const payloads = isFirst ? firstRequest(turn, made, offer) : [id, ...certs, ...auth];
  turn.request(EXCHANGE.IKE_AUTH, payloads, { kind: 'auth', offer });
  if (isFirst) turn.say(`sent IKE_AUTH request to ${where(sa.peer)}`);
}

function firstRequest(turn: Turn, { id, certs, auth }: Extract<Made, { wrong?: never }>, offer: ChildOffer): Payload[] {
  const { policy } = turn.sa;
  const wanted = askedFor(turn);
  const { multipleAuth } = handshakeOf(turn.sa);
  const hasMore = policy.ours.length > 1 || policy.theirs.length > 1;
  return [
    id,
    ...(policy.initialContact && !wasSent(turn.sa) ? [notification(NOTIFY.INITIAL_CONTACT)] : []),
    ...certs,
    ...certRequests(turn, policy, { inClear: false }),
    ...(wanted ? [idPayload('IDr', wanted)] : []),
    ...auth,
    ...(talkOf(turn.sa).eap?.isOnly ? [notification(NOTIFY.EAP_ONLY_AUTHENTICATION)] : []),
    ...(multipleAuth && hasMore ? [notification(NOTIFY.MULTIPLE_AUTH_SUPPORTED)] : []),
    ...configurationRequest(policy),
    ...offerPayloads(turn, offer),
  ];
}

/** What the peer owes goes first: its proof, if it has not given it or has announced another one; then it is our turn. */
export function authAnswered(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { offer } = turn.expects('auth', 'eap');
  const talk = talkOf(sa);
  const { payloads } = message;
  const { eap } = talk;
  const error = errorIn(payloads);
  const isOver = error !== undefined && !find(payloads, 'AUTH') && !find(payloads, 'SA');
  if (isOver) return refused(turn, error.name, error.notify);
  const twice = doubled(payloads);
  if (twice) return distrust(turn, offer, plain(`IKE_AUTH response with more than one ${twice}`, 'protocol'));
  const unmixed = settlePpk(turn, payloads);
  if (unmixed) return distrust(turn, offer, plain(unmixed, 'ppk'));
  if (eap && isEapProven(eap)) {
    const problem = finishEap(turn, talk, payloads);
    return problem ? distrust(turn, offer, problem) : goOn(turn, talk, message, offer);
  }
  const isOwed = talk.theirs === 0 || talk.moreFollows;
  const isByEap = eap?.isOnly === true && talk.peerId !== undefined && talk.theirs === 0;
  if (!isOwed || isByEap) return goOn(turn, talk, message, offer);
  hearProof(turn, talk, message, offer);
}

function hearProof(turn: Turn, talk: AuthTalk, message: Incoming, offer: ChildOffer): void {
  const { sa } = turn;
  const { policy } = sa;
  const { payloads } = message;
  const peerId = idOf(payloads, 'IDr');
  if (!peerId) return distrust(turn, offer, plain('peer does not say who it is', 'protocol'));
  const problem = unexpected(turn, talk, peerId);
  if (problem) return distrust(turn, offer, problem);
  talk.peerId = peerId;
  talk.firstId ??= peerId;
  if (!find(payloads, 'AUTH')) {
    if (talk.eap?.isOnly && talk.theirs === 0) return goOn(turn, talk, message, offer);
    return distrust(turn, offer, plain(`peer ${named(peerId)} does not prove who it is`, 'protocol'));
  }
  const round = talk.theirs;
  const checking = { policy, round, peerId, claim: claimIn(payloads), payloads, sign: undefined, offer };
  checkAuth(turn, checking, (later, verdict) => {
    if (!verdict.ok) return distrust(later, offer, verdict);
    if (talk.eap && verdict.isNameless)
      return distrust(later, offer, plain('peer proves itself by authby=null and wants EAP of us', 'method'));
    const problem = wrongIssuer(policy, round, peerId, verdict.names);
    if (problem) return distrust(later, offer, problem);
    talk.proofs = [...talk.proofs, verdict.how];
    talk.isNameless ||= verdict.isNameless;
    talk.theirs++;
    talk.moreFollows = hasNotify(payloads, NOTIFY.ANOTHER_AUTH_FOLLOWS);
    goOn(later, talk, message, offer);
  });
}

function unexpected({ sa }: Turn, talk: AuthTalk, peerId: Identity): Refusal | undefined {
  const { policy } = sa;
  const round = policy.theirs[talk.theirs];
  if (!round) return plain('peer proves itself more often than we ask for', 'protocol');
  const expected = talk.theirs === 0 ? policy.remoteId : round.id;
  if (!expected || expected.matches(peerId.key) !== undefined) return undefined;
  return {
    wrong: `peer ID ${named(peerId)} is not the configured '${expected}'`,
    kind: 'unknown-identity',
    why: () => explainId('the peer', peerId, 'we', expected, sa.peer.address),
  };
}

/** The peer owes nothing for now. */
function goOn(turn: Turn, talk: AuthTalk, message: Incoming, offer: ChildOffer): void {
  const { policy } = turn.sa;
  if (talk.eap) {
    const packet = eapPacketIn(message.payloads);
    if (packet) return hearEap(turn, talk, packet, offer, noEap);
    return distrust(turn, offer, plain('peer wants no EAP of us, and we have nothing else to prove who we are', 'eap'));
  }
  if (talk.ours < policy.ours.length) {
    const proof = nextProof(turn, talk);
    return 'wrong' in proof ? distrust(turn, offer, proof) : prove(turn, proof, offer);
  }
  if (talk.moreFollows) return turn.request(EXCHANGE.IKE_AUTH, [], { kind: 'auth', offer });
  if (talk.theirs < policy.theirs.length)
    return distrust(turn, offer, plain(tooFew(talk.theirs, policy.theirs.length), 'protocol'));
  finishInitiator(turn, talk, message, offer);
}

/** The peer failed to prove who it is, and may believe itself established: it is told in an exchange of its own (§2.21.2). */
export function distrust(turn: Turn, offer: ChildOffer, { wrong: text, kind, why }: Refusal): void {
  turn.env.distrusted?.(kind);
  turn.why(why());
  turn.say(text, { level: 'warn', event: 'failed' });
  // libreswan heeds no such notification by itself, and would keep its end for hours.
  turnAway(turn, offer, text, [notification(NOTIFY.AUTHENTICATION_FAILED)]);
}

const noEap = (turn: Turn, offer: ChildOffer, text: string): void => distrust(turn, offer, plain(text, 'eap'));

export function authRefused(turn: Turn, message: Incoming): void {
  const error = errorIn(message.payloads);
  refused(turn, error?.name, error?.notify);
}

function refused(turn: Turn, name: string | undefined, notify: number | undefined): void {
  const text = `IKE_AUTH response: peer refused with ${name ?? 'no reason'}`;
  if (notify === NOTIFY.AUTHENTICATION_FAILED) turn.env.distrusted?.('peer');
  turn.why(explainAuthRefusal(notify, turn.sa.policy, turn.sa.local.address));
  dropPending(turn, turn.expects('auth', 'eap'), 'refused', text);
  end(turn, 'refused', text);
}
