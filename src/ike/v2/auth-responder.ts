/**
 * IKE_AUTH as responder, RFC 7296 §1.2, §2.16; RFC 4739 §2. Nothing is answered but refusals until the connection is
 * chosen; nothing of the peer's is believed, and nothing installed, until all that the connection asks for is proven.
 */
import { type Verdict, wrongIssuer } from '../auth-by-signature.ts';
import { named, plain, type Refusal } from '../refusal.ts';
import { find, NOTIFY, type Payload } from '../wire/index.ts';
import { noteCertRequests } from './auth-certs.ts';
import { checkAuth } from './auth-check.ts';
import { finishResponder } from './auth-child.ts';
import { type Choice, choose, poolFor, type Stranger, tooFew } from './auth-choose.ts';
import { claimIn, notAllowed } from './auth-claim.ts';
import { type OurProof, ourAuth, ourProof, toSign } from './auth-prove.ts';
import { type AuthTalk, beginTalk, doubled, idOf, talkOf } from './auth-talk.ts';
import { askEap, beginEap, endEap } from './eap-server.ts';
import { end } from './ending.ts';
import { handshakeOf } from './handshake.ts';
import { hearPpk, ppkAnswer } from './ppk-auth.ts';
import { hasNotify, type Incoming, notification, type Turn } from './turn.ts';

/** The first request of IKE_AUTH. */
export function answerAuth(turn: Turn, message: Incoming): void {
  const { payloads } = message;
  const twice = doubled(payloads);
  if (twice) return distrustStranger(turn, message, plain(`IKE_AUTH request with more than one ${twice}`, 'protocol'));
  const stranger: Stranger = {
    peerId: idOf(payloads, 'IDi')!,
    wanted: idOf(payloads, 'IDr'),
    claim: claimIn(payloads),
    // As seen from our end.
    asked: { local: find(payloads, 'TSr')!.selectors, remote: find(payloads, 'TSi')!.selectors },
    moreFollows: hasNotify(payloads, NOTIFY.ANOTHER_AUTH_FOLLOWS),
    eapOnly: hasNotify(payloads, NOTIFY.EAP_ONLY_AUTHENTICATION),
  };
  noteCertRequests(handshakeOf(turn.sa), payloads);
  pursue(turn, message, stranger, poolFor(turn, stranger.peerId));
}

/** Holds the peer to the connection that fits best, or to another one if its certificate turns out to be for that. */
function pursue(turn: Turn, message: Incoming, stranger: Stranger, pool: Choice['others']): void {
  const choice = choose(turn, pool, stranger);
  if ('wrong' in choice) return distrustStranger(turn, message, choice);
  const { policy, proof, others } = choice;
  const { peerId } = stranger;
  if (stranger.claim.t === 'eap') return admit(turn, message, stranger, choice, undefined);
  const heard = hearPpk(turn, policy, message.payloads);
  if (heard.wrong !== undefined) return distrustStranger(turn, message, plain(heard.wrong, 'ppk'));
  const { payloads } = heard;
  const sign = proof.t === 'signature' ? toSign(turn, proof) : undefined;
  const checking = { policy, round: 0, peerId, claim: claimIn(payloads), payloads, sign };
  checkAuth(turn, checking, (later, verdict) => {
    if (!verdict.ok) return distrustStranger(later, message, verdict);
    const problem = wrongIssuer(policy, 0, peerId, verdict.names);
    if (!problem) return admit(later, message, stranger, choice, verdict);
    const issued = others.filter((other) => !wrongIssuer(other, 0, peerId, verdict.names));
    if (issued.length === 0) return distrustStranger(later, message, problem);
    later.debug(() => `the peer's certificate is not for "${policy.name}"`);
    pursue(later, message, stranger, issued);
  });
}

type Good = Extract<Verdict, { ok: true }>;

/** Believed so far; without a verdict it has asked for EAP. */
function admit(turn: Turn, message: Incoming, stranger: Stranger, choice: Choice, verdict: Good | undefined): void {
  const { policy, proof, others } = choice;
  const talk = beginTalk(turn.sa, policy);
  talk.peerId = stranger.peerId;
  talk.firstId = stranger.peerId;
  talk.others = others;
  talk.request = message.payloads.filter(({ type }) => OF_THE_CHILD.has(type));
  if (verdict) believe(talk, verdict, stranger.moreFollows);
  else beginEap(turn, talk, proof.t === 'eap');
  answer(turn, message, talk, { proof, signed: verdict?.signed });
}

const OF_THE_CHILD: ReadonlySet<Payload['type']> = new Set(['SA', 'TSi', 'TSr', 'N', 'CP'] as const);

function believe(talk: AuthTalk, { how, isNameless }: Good, moreFollows: boolean): void {
  talk.proofs = talk.proofs.concat(how);
  talk.isNameless ||= isNameless;
  talk.theirs++;
  talk.moreFollows = moreFollows;
}

/** A further proof of the peer's, perhaps of another identity: with AUTH, or by EAP. */
export function answerNextProof(turn: Turn, message: Incoming): void {
  const talk = talkOf(turn.sa);
  const { payloads } = message;
  const { policy, theirs: round } = talk;
  const peerId = idOf(payloads, 'IDi')!;
  const claim = claimIn(payloads);
  const refuse = (later: Turn, refusal: Refusal) => distrustRequest(later, message, refusal);
  if (talk.eap || !talk.moreFollows)
    return refuse(turn, plain(`peer says out of turn that it is ${named(peerId)}`, 'protocol'));
  const expected = policy.theirs[round]?.id;
  if (expected && expected.matches(peerId.key) === undefined)
    return refuse(turn, plain(`peer ID ${named(peerId)} is not the configured '${expected}'`, 'unknown-identity'));
  const unwanted = notAllowed(policy, round, claim);
  if (unwanted) return refuse(turn, unwanted);
  talk.peerId = peerId;
  talk.moreFollows = false;
  if (claim.t === 'eap') {
    beginEap(turn, talk, false);
    return answer(turn, message, talk);
  }
  checkAuth(turn, { policy, round, peerId, claim, payloads, sign: undefined }, (later, verdict) => {
    if (!verdict.ok) return refuse(later, verdict);
    const problem = wrongIssuer(policy, round, peerId, verdict.names);
    if (problem) return refuse(later, problem);
    believe(talk, verdict, hasNotify(payloads, NOTIFY.ANOTHER_AUTH_FOLLOWS));
    answer(later, message, talk);
  });
}

/** An EAP message, or after the last one the AUTH that comes of it. */
export function answerEap(turn: Turn, message: Incoming): void {
  const talk = talkOf(turn.sa);
  if (!talk.eap || talk.eap.msk)
    return distrustRequest(turn, message, plain('peer speaks EAP out of turn', 'protocol'));
  answer(turn, message, talk);
}

export function answerEapProof(turn: Turn, message: Incoming): void {
  const talk = talkOf(turn.sa);
  if (!talk.eap?.msk) return distrustRequest(turn, message, plain('peer proves itself before EAP is over', 'protocol'));
  const heard = hearPpk(turn, talk.policy, message.payloads);
  if (heard.wrong !== undefined) return distrustRequest(turn, message, plain(heard.wrong, 'ppk'));
  const ended = endEap(turn, talk, heard.payloads);
  return 'wrong' in ended
    ? distrustRequest(turn, message, plain(ended.wrong, 'eap'))
    : answer(turn, message, talk, undefined, ended);
}

/** Nothing but its turn to hear our next proof. */
export function answerNothing(turn: Turn, message: Incoming): void {
  const talk = talkOf(turn.sa);
  if (talk.eap || talk.moreFollows || talk.ours >= talk.policy.ours.length)
    return distrustRequest(turn, message, plain('peer says nothing when it was to prove who it is', 'protocol'));
  answer(turn, message, talk);
}

/** What we have to say in turn: an EAP message, our next proof, and at the end what comes of the child. */
function answer(turn: Turn, message: Incoming, talk: AuthTalk, ready?: Ready, before: readonly Payload[] = []): void {
  if (talk.eap && !talk.eap.msk) {
    return askEap(turn, talk, find(message.payloads, 'EAP')?.data, (later, heard) => {
      if (!heard.ok) return failEap(later, message, heard);
      prove(later, message, talk, ready, before, heard.payloads);
    });
  }
  prove(turn, message, talk, ready, before, []);
}

/** Our next proof, as far as it is made already. */
interface Ready {
  readonly proof: OurProof;
  readonly signed: Uint8Array | undefined;
}

function prove(
  turn: Turn,
  message: Incoming,
  talk: AuthTalk,
  ready: Ready | undefined,
  before: readonly Payload[],
  after: readonly Payload[],
): void {
  const { policy } = talk;
  // Where EAP proves us, and where its AUTH has just been answered, there is nothing to add.
  const isProven = before.length > 0 || (talk.eap?.isOnly && talk.eap.count > 1);
  if (talk.ours >= policy.ours.length || isProven) return conclude(turn, message, talk, [...before, ...after]);
  const proof =
    ready?.proof ?? ourProof(turn, policy, talk.ours, { peerId: talk.peerId!, like: undefined, eapOnly: false });
  if ('wrong' in proof) return distrustRequest(turn, message, proof);
  ourAuth(turn, proof, ready?.signed, undefined, (later, made) => {
    if (made.wrong !== undefined) return distrustRequest(later, message, plain(made.wrong, 'ourselves'));
    if (proof.t !== 'eap') talk.ours++;
    conclude(later, message, talk, [made.id, ...made.certs, ...made.auth, ...after]);
  });
}

function conclude(turn: Turn, message: Incoming, talk: AuthTalk, proofs: readonly Payload[]): void {
  const { policy } = talk;
  const payloads = [...proofs, ...ppkAnswer(turn)];
  if (talk.eap || talk.moreFollows || talk.ours < policy.ours.length) {
    turn.enter('proving');
    return turn.respond(message, payloads);
  }
  if (talk.theirs < policy.theirs.length)
    return distrustRequest(turn, message, plain(tooFew(talk.theirs, policy.theirs.length), 'protocol'));
  finishResponder(turn, talk, message, payloads);
}

/** Of the first request: anybody can send it. */
function distrustStranger(turn: Turn, message: Incoming, refusal: Refusal): void {
  turn.whyStranger(refusal.why);
  distrustRequest(turn, message, { ...refusal, why: () => [] });
}

function distrustRequest(turn: Turn, message: Incoming, { wrong, kind, why }: Refusal): void {
  turn.env.distrusted?.(kind);
  turn.why(why());
  turn.refuse(message, { kind: 'unauthentic', why: wrong });
  end(turn, 'refused', wrong);
}

/** The method's own last word goes along. */
function failEap(
  turn: Turn,
  message: Incoming,
  { wrong, payloads }: { wrong: string; payloads: readonly Payload[] },
): void {
  turn.env.distrusted?.('eap');
  turn.say(`${wrong}; responding with AUTHENTICATION_FAILED`, { level: 'warn', event: 'rejected' });
  turn.respond(message, [...payloads, notification(NOTIFY.AUTHENTICATION_FAILED)]);
  end(turn, 'refused', wrong);
}
