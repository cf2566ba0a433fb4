/** IKE_AUTH, RFC 7296 §1.2, §2.15: each end proves who it is, and the first Child SA comes with it. */
import type { Id } from '../../net/id.ts';
import { Id as Identity } from '../../net/id.ts';
import { pskAuth } from '../auth/psk.ts';
import { offeredKeyBits } from '../crypto/algorithms.ts';
import { keep } from '../crypto/keep.ts';
import type { IkeSuite } from '../crypto/keys.ts';
import { equalSecret } from '../crypto/misc.ts';
import { explainId, explainNobody, explainNoSecret, explainOtherSecret } from '../explain/identities.ts';
import { explainAuthRefusal, explainChildRefusal } from '../explain/refusals.ts';
import { answerFor, faultText } from '../fault.ts';
import type { Policy } from '../policy.ts';
import { AUTH_METHOD, EXCHANGE, find, NOTIFY, type Payload } from '../wire/index.ts';
import { acceptAnswer, answerPayloads, grant, install, keymatOf, offerPayloads, reserveSpi } from './child-setup.ts';
import { whyNotAccepted, whyNotGranted } from './child-why.ts';
import { dropOffer, dropPending, end, forgetHandshake } from './ending.ts';
import { handshakeOf, where } from './handshake.ts';
import type { ChildOffer } from './ike-sa.ts';
import { armEstablished } from './lifetimes.ts';
import { isFault, spiOctets } from './proposals.ts';
import { fitness, type Traffic } from './selectors.ts';
import type { Transition } from './transitions.ts';
import { errorIn, hasNotify, type Incoming, notification, type Turn } from './turn.ts';

export const AUTH: readonly Transition[] = [
  {
    story: 'check the peer, answer IKE_AUTH',
    exchange: EXCHANGE.IKE_AUTH,
    request: ['initAnswered'],
    need: ['IDi', 'AUTH', 'SA', 'TSi', 'TSr'],
    run: answerAuth,
    to: ['established', 'dead'],
  },
  {
    story: 'peer wants EAP, which we do not speak',
    exchange: EXCHANGE.IKE_AUTH,
    request: ['initAnswered'],
    need: ['IDi'],
    without: ['AUTH'],
    run: (turn, message) => distrustRequest(turn, message, 'peer wants EAP, we want authby=secret'),
    to: ['dead'],
  },
  {
    story: 'peer proves who it is and grants the Child SA',
    exchange: EXCHANGE.IKE_AUTH,
    response: 'auth',
    need: ['IDr', 'AUTH', 'SA', 'TSi', 'TSr'],
    run: finishAuth,
    to: ['established', 'deleting', 'dead'],
  },
  {
    story: 'peer proves who it is and refuses the Child SA',
    exchange: EXCHANGE.IKE_AUTH,
    response: 'auth',
    need: ['IDr', 'AUTH', 'N'],
    run: finishAuth,
    to: ['established', 'deleting', 'dead'],
  },
  {
    story: 'peer refuses us',
    exchange: EXCHANGE.IKE_AUTH,
    response: 'auth',
    need: ['N'],
    run: authRefused,
    to: ['dead'],
  },
];

export function startAuth(turn: Turn): void {
  const { sa, env } = turn;
  const { policy } = sa;
  // Nobody can be asked to be an identity that stands for many.
  const named = policy.remoteId?.hasWildcards ? undefined : policy.remoteId;
  const peerId = named ?? Identity.ofAddress(sa.peer.address);
  const auth = ourAuth(turn, policy, peerId);
  if (!auth) {
    turn.why(explainNoSecret(policy.localId, peerId));
    return void end(turn, 'local', noSecret(policy, policy.remoteId));
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
  turn.enter('authSent');
  turn.request(
    EXCHANGE.IKE_AUTH,
    [
      idPayload('IDi', policy.localId),
      ...(policy.initialContact ? [notification(NOTIFY.INITIAL_CONTACT)] : []),
      ...(named ? [idPayload('IDr', named)] : []),
      auth,
      ...offerPayloads(turn, offer),
    ],
    { kind: 'auth', offer },
  );
  turn.say(`sent IKE_AUTH request to ${where(sa.peer)}`);
}

function finishAuth(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { offer } = turn.expects('auth');
  const peerId = idOf(message.payloads, 'IDr')!;
  const { policy } = sa;
  if (wildcards(policy, peerId.key) === undefined) {
    turn.why(explainId('the peer', peerId, 'we', policy.remoteId!, sa.peer.address));
    return distrust(turn, offer, `peer ID ${peerId.typeName} '${peerId}' is not the configured '${policy.remoteId}'`);
  }
  const problem = verify(turn, policy, peerId, message.payloads);
  if (problem) {
    turn.why(problem.why());
    return distrust(turn, offer, problem.text);
  }

  sa.peerId = sharedId(policy, peerId);
  turn.say(`initiator established IKE SA; authenticated peer using authby=secret and ${peerId.typeName} '${peerId}'`, {
    event: 'established-ike',
  });
  establish(turn);
  turn.outs.push({ t: 'authenticated', initialContact: hasNotify(message.payloads, NOTIFY.INITIAL_CONTACT) });

  const hasChild = (['SA', 'TSi', 'TSr'] as const).every((type) => find(message.payloads, type));
  if (!hasChild) {
    const error = errorIn(message.payloads);
    turn.why(explainChildRefusal(error?.notify, policy, []), { serial: offer.serial });
    return childRefused(
      turn,
      offer,
      `IKE_AUTH response rejected Child SA with ${error?.name ?? 'no Child SA in IKE_AUTH'}`,
    );
  }
  const settled = acceptAnswer(turn, offer, message.payloads);
  const { ni, nr } = handshakeOf(sa);
  if (isFault(settled)) {
    turn.why(whyNotAccepted(policy, offer, message.payloads), { serial: offer.serial });
    childRefused(turn, offer, `peer's Child SA does not fit: ${faultText(settled)}`);
    // The peer has installed it: it must learn that we have not.
    turn.plan({ t: 'deleteStray', policy: offer.policy, spiIn: offer.spiIn });
  } else {
    const keymat = keymatOf(sa, settled.suite, ni, nr);
    const { suite, spi, local, remote } = settled;
    install(turn, {
      serial: offer.serial,
      policy,
      suite,
      spiIn: offer.spiIn,
      spiOut: spi,
      mode: policy.child.mode,
      keymat,
      initiator: true,
      local,
      remote,
    });
  }
  forgetHandshake(turn);
}

function childRefused(turn: Turn, offer: ChildOffer, text: string): void {
  forgetHandshake(turn);
  turn.say(text, { level: 'warn', serial: offer.serial, event: 'failed' });
  dropOffer(turn, offer, 'refused', text);
}

/** The peer failed to prove who it is, and believes itself established: it is told in an exchange of its own (§2.21.2). */
function distrust(turn: Turn, offer: ChildOffer, text: string): void {
  turn.say(text, { level: 'warn', event: 'failed' });
  dropOffer(turn, offer, 'refused', text);
  forgetHandshake(turn);
  turn.enter('deleting');
  const pending = { kind: 'deleteIke', why: 'refused', text } as const;
  turn.request(EXCHANGE.INFORMATIONAL, [notification(NOTIFY.AUTHENTICATION_FAILED)], pending);
}

function authRefused(turn: Turn, message: Incoming): void {
  const error = errorIn(message.payloads);
  const text = `IKE_AUTH response: peer refused with ${error?.name ?? 'no reason'}`;
  turn.why(explainAuthRefusal(error?.notify, turn.sa.policy, turn.sa.local.address));
  dropPending(turn, turn.expects('auth'), 'refused', text);
  end(turn, 'refused', text);
}

function answerAuth(turn: Turn, message: Incoming): void {
  const { sa, env } = turn;
  const peerId = idOf(message.payloads, 'IDi')!;
  const wanted = idOf(message.payloads, 'IDr');
  const candidates = env.directory
    .candidates(sa.local.address, sa.peer.address, peerId)
    .filter((p) => suits(p, sa.suite!));
  const policy = bestFor(candidates, peerId, wanted, trafficAsked(message.payloads));
  const refuse = (text: string) => distrustRequest(turn, message, text);
  if (!policy) {
    turn.whyStranger(() => whyNobody(turn, peerId, wanted));
    return refuse(
      `no connection for peer ID ${peerId.typeName} '${peerId}'${wanted ? ` that is '${wanted}' here` : ''}`,
    );
  }
  const problem = verify(turn, policy, peerId, message.payloads);
  if (problem) {
    turn.whyStranger(problem.why);
    return refuse(problem.text);
  }
  const auth = ourAuth(turn, policy, peerId);
  if (!auth) return refuse(noSecret(policy, peerId));

  // The peer is authentic: only now does it get an instance of its own, and a place among the established.
  sa.policy = env.directory.instantiate(policy, peerId, sa.peer);
  sa.peerId = sharedId(sa.policy, peerId);
  turn.outs.push({ t: 'authenticated', initialContact: hasNotify(message.payloads, NOTIFY.INITIAL_CONTACT) });
  turn.say(`responder established IKE SA; authenticated peer using authby=secret and ${peerId.typeName} '${peerId}'`, {
    event: 'established-ike',
  });
  const { ni, nr } = handshakeOf(sa);
  const answer = grant(sa, env.directory.siblings(sa.policy), message.payloads, false);
  const spiIn = isFault(answer) ? answer : reserveSpi(turn, answer.policy);
  establish(turn);
  const identity = [idPayload('IDr', sa.policy.localId), auth];
  if (isFault(answer) || typeof spiIn !== 'number') {
    const fault = isFault(answer) ? answer : (spiIn as Exclude<typeof spiIn, number>);
    turn.say(`Child SA refused: ${faultText(fault)}`, { level: 'warn', event: 'rejected' });
    turn.why(whyNotGranted(sa, env.directory.siblings(sa.policy), message.payloads, false));
    turn.respond(message, [...identity, notification(answerFor(fault, 'protected') ?? NOTIFY.NO_PROPOSAL_CHOSEN)]);
  } else {
    const { suite, spi, local, remote, mode } = answer;
    const keymat = keymatOf(sa, suite, ni, nr);
    turn.respond(message, [...identity, ...answerPayloads(answer, spiOctets(spiIn))]);
    install(turn, {
      serial: env.serial(),
      policy: answer.policy,
      suite,
      spiIn,
      spiOut: spi,
      mode,
      keymat,
      initiator: false,
      local,
      remote,
    });
  }
  forgetHandshake(turn);
}

function distrustRequest(turn: Turn, message: Incoming, text: string): void {
  turn.refuse(message, { kind: 'unauthentic', why: text });
  end(turn, 'refused', text);
}

/** The peer is none of those that may be at its address, or is one whose connection wants other algorithms. */
function whyNobody({ sa, env }: Turn, peerId: Id, wanted: Id | undefined): readonly string[] {
  const meant = env.directory.candidates(sa.local.address, sa.peer.address, peerId);
  const [peerKey, ourKey] = [peerId.key, wanted?.key];
  const unsuited = meant.find((p) => (!ourKey || p.localId.key === ourKey) && wildcards(p, peerKey) !== undefined);
  if (unsuited && !suits(unsuited, sa.suite!))
    return [`"${unsuited.name}" is for '${peerId}', but its ike= does not have what was agreed for this address`];
  return explainNobody(env.directory.candidates(sa.local.address, sa.peer.address), peerId, wanted);
}

/** From half-open to established, on either side. */
function establish(turn: Turn): void {
  const { sa, env } = turn;
  turn.enter('established');
  sa.establishedAt = env.now;
  sa.lastHeard = env.now;
  turn.disarm('discard');
  armEstablished(turn);
}

/** Templates that are held against the request of a peer that has yet to prove who it is: it gets so much of our time. */
const MOST_RIVALS = 16;

/**
 * Identities decide; a policy that names the peer beats one with wildcards, and that one which takes anybody. Of templates the traffic decides too:
 * the one that is taken makes an instance, and the others will not be asked any more.
 */
function bestFor(
  candidates: readonly Policy[],
  peerId: Id,
  wanted: Id | undefined,
  asked: Traffic,
): Policy | undefined {
  let fits: Policy[] = [];
  let least = Number.POSITIVE_INFINITY;
  // Once each: a peer may have made them as long as a message.
  const [peerKey, ourKey] = [peerId.key, wanted?.key];
  for (const policy of candidates) {
    const count = !ourKey || policy.localId.key === ourKey ? wildcards(policy, peerKey) : undefined;
    if (count === undefined || count > least) continue;
    if (count < least) fits = [];
    least = count;
    fits.push(policy);
  }
  const [best] = fits;
  if (!best || best.remoteHost || fits.length === 1) return best;
  const rivals = fits.filter((p) => !p.remoteHost).slice(0, MOST_RIVALS);
  // Without a subnet of its own a template takes the peer itself.
  const rank = ({ child }: Policy) =>
    fitness(child.remote.length > 0 ? child : { ...child, remote: asked.remote }, asked);
  return rivals.reduce((a, b) => (rank(b) > rank(a) ? b : a));
}

/** IKE_SA_INIT was agreed for whoever might be at that address; the one it turned out to be must allow it too. */
function suits(policy: Policy, suite: IkeSuite): boolean {
  return policy.ike.some(
    (p) =>
      p.encr.some(
        (e) =>
          e.alg === suite.encr && (suite.encr.fixedKeyLength || offeredKeyBits(e.alg, e.bits).includes(suite.encrBits)),
      ) &&
      p.prf.includes(suite.prf) &&
      (suite.encr.isAead || (suite.integ !== undefined && p.integ.includes(suite.integ))) &&
      p.dh.includes(suite.group),
  );
}

interface Distrust {
  readonly text: string;
  readonly why: () => readonly string[];
}

/** Undefined when the AUTH payload proves `peerId`; otherwise what is wrong. */
function verify(turn: Turn, policy: Policy, peerId: Id, payloads: readonly Payload[]): Distrust | undefined {
  const { sa, env } = turn;
  const auth = find(payloads, 'AUTH')!;
  if (auth.method !== AUTH_METHOD.SHARED_KEY_MIC)
    return { text: `peer authenticates by method ${auth.method}, we want authby=secret`, why: () => [] };
  const secret = env.directory.psk(policy.localId, peerId, sa.local.address, sa.peer.address);
  if (!secret) return { text: noSecret(policy, peerId), why: () => explainNoSecret(policy.localId, peerId) };
  const { ni, nr, request, response } = handshakeOf(sa);
  const isInitiator = sa.role === 'initiator';
  const expected = pskAuth(sa.suite!.prf, secret, {
    message: isInitiator ? response : request,
    nonce: isInitiator ? ni : nr,
    id: peerId,
    skP: isInitiator ? sa.keys!.skPr : sa.keys!.skPi,
  });
  if (equalSecret(expected, auth.data)) return undefined;
  return {
    text: `peer ${peerId.typeName} '${peerId}' failed authentication: AUTH mismatch, pre-shared keys differ`,
    why: () => explainOtherSecret(policy.localId, peerId),
  };
}

function ourAuth(turn: Turn, policy: Policy, peerId: Id): Payload | undefined {
  const { sa, env } = turn;
  const secret = env.directory.psk(policy.localId, peerId, sa.local.address, sa.peer.address);
  if (!secret) return undefined;
  const { ni, nr, request, response } = handshakeOf(sa);
  const isInitiator = sa.role === 'initiator';
  const data = pskAuth(sa.suite!.prf, secret, {
    message: isInitiator ? request : response,
    nonce: isInitiator ? nr : ni,
    id: policy.localId,
    skP: isInitiator ? sa.keys!.skPi : sa.keys!.skPr,
  });
  return { type: 'AUTH', critical: false, method: AUTH_METHOD.SHARED_KEY_MIC, data };
}

/** How many it takes for the policy to take this peer: infinitely many for one that takes anybody. */
const wildcards = ({ remoteId }: Policy, peerKey: string): number | undefined =>
  remoteId ? remoteId.matches(peerKey) : Number.POSITIVE_INFINITY;

const sharedId = ({ remoteId }: Policy, peerId: Id): Id => (remoteId?.equals(peerId) ? remoteId : peerId);

const noSecret = (policy: Policy, peerId: Id | undefined) =>
  `no pre-shared key found for '${policy.localId}' and '${peerId ?? '%any'}'`;

/** As seen from our end. */
const trafficAsked = (payloads: readonly Payload[]): Traffic => ({
  local: find(payloads, 'TSr')?.selectors ?? [],
  remote: find(payloads, 'TSi')?.selectors ?? [],
});

const idPayload = (type: 'IDi' | 'IDr', id: Id): Payload => ({ type, critical: false, idType: id.type, data: id.data });

function idOf(payloads: readonly Payload[], type: 'IDi' | 'IDr'): Id | undefined {
  const payload = find(payloads, type);
  return payload && new Identity(payload.idType, keep(payload.data));
}
