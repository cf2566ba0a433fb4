/** The end of IKE_AUTH: the IKE SA is established, and the first Child SA comes with it. RFC 7296 §1.2, §2.21.2. */
import type { Id } from '../../net/id.ts';
import { explainChildRefusal } from '../explain/refusals.ts';
import { answerFor, faultText } from '../fault.ts';
import type { Policy } from '../policy.ts';
import { find, NOTIFY, notifies, type Payload } from '../wire/index.ts';
import type { AuthTalk } from './auth-talk.ts';
import { acceptAnswer, answerPayloads, grant, install, keymatOf, reserveSpi } from './child-setup.ts';
import { whyNotAccepted, whyNotGranted } from './child-why.ts';
import { hearConfiguration } from './cp-client.ts';
import { configure, takeBack } from './cp-server.ts';
import { dropOffer, forgetHandshake } from './ending.ts';
import { handshakeOf } from './handshake.ts';
import type { ChildOffer } from './ike-sa.ts';
import { turnAway } from './informational.ts';
import { armEstablished } from './lifetimes.ts';
import { isFault, spiOctets } from './proposals.ts';
import { readRedirect, redirectData } from './redirect.ts';
import { awaitFarewell } from './redirect-later.ts';
import { type Where, whereTo } from './redirect-where.ts';
import { fittest, settled, siblingsOf } from './siblings.ts';
import { errorIn, hasNotify, type Incoming, notification, type Turn } from './turn.ts';

/** As initiator: the peer is authentic, and `message` is its last. */
export function finishInitiator(turn: Turn, talk: AuthTalk, message: Incoming, offer: ChildOffer): void {
  const { sa } = turn;
  const { policy } = sa;
  authentic(turn, talk, message.payloads);
  const hasChild = (['SA', 'TSi', 'TSr'] as const).every((type) => find(message.payloads, type));
  if (!hasChild) {
    const [redirect] = notifies(message.payloads, NOTIFY.REDIRECT);
    if (redirect) return goElsewhere(turn, offer, redirect.data);
    const error = errorIn(message.payloads);
    turn.why(explainChildRefusal(error?.notify, policy, []), { serial: offer.serial });
    return childRefused(
      turn,
      offer,
      `IKE_AUTH response rejected Child SA with ${error?.name ?? 'no Child SA in IKE_AUTH'}`,
    );
  }
  const unleased = hearConfiguration(turn, message.payloads);
  const settled = unleased === undefined ? acceptAnswer(turn, offer, message.payloads) : undefined;
  const { ni, nr } = handshakeOf(sa);
  if (!settled || isFault(settled)) {
    if (settled) turn.why(whyNotAccepted(policy, offer, message.payloads), { serial: offer.serial });
    childRefused(turn, offer, settled ? `peer's Child SA does not fit: ${faultText(settled)}` : `${unleased}`);
    // The peer has installed it: it must learn that we have not.
    if (settled) turn.plan({ t: 'deleteStray', policy: offer.policy, spiIn: offer.spiIn });
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

/** The connection goes on with the other gateway. RFC 5685 §6. */
function goElsewhere(turn: Turn, offer: ChildOffer, data: Uint8Array): void {
  const read = readRedirect(data);
  const go = (later: Turn, there: Where) => {
    if ('wrong' in there) {
      later.say(there.wrong, { level: 'warn', serial: offer.serial, event: 'failed' });
      return turnAway(later, offer, there.wrong);
    }
    forgetHandshake(later);
    dropOffer(later, offer, 'replaced', `peer redirects us to ${there.to}`);
    later.outs.push({ t: 'redirected', ...there });
    later.plan({ t: 'deleteIke', why: 'replaced' });
  };
  if ('wrong' in read) return go(turn, { wrong: `REDIRECT in IKE_AUTH: ${read.wrong}` });
  whereTo(turn, read.gateway, go, offer);
}

function childRefused(turn: Turn, offer: ChildOffer, text: string): void {
  turn.say(text, { level: 'warn', serial: offer.serial, event: 'failed' });
  // Addresses come with IKE_AUTH alone, so that there is nothing more to be had of this SA. RFC 7296 §3.15.4.
  if (turn.sa.policy.cp?.role === 'client' && turn.sa.leases.length === 0) return turnAway(turn, offer, text);
  forgetHandshake(turn);
  dropOffer(turn, offer, 'refused', text);
}

/** As responder: answers `message`, with `payloads` of ours before what is said of the child. */
export function finishResponder(turn: Turn, talk: AuthTalk, message: Incoming, payloads: readonly Payload[]): void {
  const { sa, env } = turn;
  // The peer is authentic: only now does it get an instance of its own, and a place among the established.
  const { request } = talk;
  sa.policy = env.directory.instantiate(fittest(turn, talk.policy, request), talk.firstId!, sa.peer);
  authentic(turn, talk, request);
  const { ni, nr } = handshakeOf(sa);
  const { redirectable } = sa;
  const gateway = redirectable?.who === 'peer' && env.elsewhere?.(sa.policy, redirectable.wasSentHere);
  if (gateway) return sendElsewhere(turn, message, payloads, gateway);
  const configured = configure(turn, talk, siblingsOf(turn), request);
  if ('notify' in configured) {
    turn.say(`Child SA refused: ${configured.wrong}`, { level: 'warn', event: 'rejected' });
    turn.respond(message, [...payloads, notification(configured.notify)]);
    return forgetHandshake(turn);
  }
  const { reply, policies } = configured;
  const granted = grant(sa, policies, request, false);
  const answer = isFault(granted) ? granted : settled(turn, granted);
  const spiIn = isFault(answer) ? answer : reserveSpi(turn, answer.policy);
  if (isFault(answer) || typeof spiIn !== 'number') {
    const fault = isFault(answer) ? answer : (spiIn as Exclude<typeof spiIn, number>);
    turn.say(`Child SA refused: ${faultText(fault)}`, { level: 'warn', event: 'rejected' });
    turn.why(whyNotGranted(sa, policies, request, false));
    takeBack(turn);
    turn.respond(message, [...payloads, notification(answerFor(fault, 'protected') ?? NOTIFY.NO_PROPOSAL_CHOSEN)]);
  } else {
    const { suite, spi, local, remote, mode } = answer;
    const keymat = keymatOf(sa, suite, ni, nr);
    turn.respond(message, [...payloads, ...reply, ...answerPayloads(answer, spiOctets(spiIn))]);
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

/** The peer has nothing more to do here than to say goodbye. RFC 5685 §6. */
function sendElsewhere(turn: Turn, message: Incoming, payloads: readonly Payload[], gateway: string): void {
  turn.say(`sending the peer to ${gateway}`);
  turn.respond(message, [...payloads, notification(NOTIFY.REDIRECT, redirectData(gateway))]);
  turn.env.redirected?.('sent');
  awaitFarewell(turn);
  forgetHandshake(turn);
}

/** From half-open to established, on either side. `payloads`: where the peer may say that it has forgotten all else. */
function authentic(turn: Turn, { firstId, proofs, isNameless }: AuthTalk, payloads: readonly Payload[]): void {
  const { sa, env } = turn;
  sa.peerId = sharedId(sa.policy, firstId!);
  turn.enter('established');
  sa.establishedAt = env.now;
  sa.lastHeard = env.now;
  turn.disarm('discard');
  turn.say(`${sa.role} established IKE SA; authenticated peer ${proofs.join(', and ')}`, { event: 'established-ike' });
  armEstablished(turn);
  // Whoever has not proven a name ends nothing in that name (RFC 7619 §2.3).
  const saysSo = hasNotify(payloads, NOTIFY.INITIAL_CONTACT);
  turn.outs.push({
    t: 'authenticated',
    initialContact: saysSo && !isNameless,
    isNameless,
    userContact: saysSo && isNameless && sa.eapUser !== undefined,
  });
}

const sharedId = ({ remoteId }: Policy, peerId: Id): Id => (remoteId?.equals(peerId) ? remoteId : peerId);
