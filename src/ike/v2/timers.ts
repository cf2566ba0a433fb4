/** What time brings: retransmissions, lifetimes, signs of life. */

import type { Child } from '../child.ts';
import type { TimerName } from '../effects.ts';
import { explainSilence } from '../explain/refusals.ts';
import { dropChild, end } from './ending.ts';
import { dropLateLarvals } from './followup.ts';
import { NONE, type Outstanding, type Pending } from './ike-sa.ts';
import { openOutbound } from './informational.ts';
import { armOutbound } from './lifetimes.ts';
import { farewell } from './redirect-later.ts';
import { concedeIke } from './rekey-ike.ts';
import type { Turn } from './turn.ts';

export function timer(turn: Turn, which: TimerName, serial?: number): void {
  const { sa } = turn;
  const child = serial === undefined ? undefined : sa.child(serial);
  switch (which) {
    case 'retransmit':
      // One that fired while a helper computed may be about a request that has been answered since.
      return sa.outstanding && turn.env.now >= sa.outstanding.dueAt ? retransmit(turn, sa.outstanding) : undefined;
    case 'discard':
      // A peer whose rekey lost may have heard of that before our answer to it: then it has nothing to delete.
      if (sa.isProvisional) return end(turn, 'replaced', 'redundant');
      return sa.isHalfOpen ? end(turn, 'timeout', 'half-open IKE SA timed out') : undefined;
    case 'liveness':
      return liveness(turn);
    case 'keepalive':
      turn.outs.push({ t: 'keepalive', local: sa.local, peer: sa.peer });
      return turn.arm('keepalive', sa.policy.natKeepalive);
    case 'rekey':
      turn.say(`initiating rekey to replace IKE SA #${sa.serial}`, { event: 'initiated' });
      return turn.plan({ t: 'rekeyIke' });
    case 'expire':
      if (sa.state === 'established') turn.say('IKE SA expired');
      return turn.plan({ t: 'deleteIke', why: sa.state === 'replaced' ? 'replaced' : 'expired' });
    case 'farewell':
      return farewell(turn);
    case 'retry':
      for (const task of sa.postponed) turn.plan(task);
      sa.postponed = NONE;
      return;
    case 'followup':
      return dropLateLarvals(turn);
    case 'childRekey':
      return child && rekeyChild(turn, child);
    case 'childExpire':
      if (!child) return;
      turn.say('Child SA expired', { serial: child.serial });
      if (child.state === 'deleting') return dropChild(turn, child, 'expired', 'lifetime over');
      return turn.plan({ t: 'deleteChild', serial: child.serial, why: 'expired' });
    case 'childOutbound': {
      if (!child) return;
      // Not before it is known which of two simultaneous rekeys wins: the peer may drop its end of this one.
      const isOpen = sa.collisions.some((c) => c.t === 'child' && c.child === child);
      return isOpen ? armOutbound(turn, child) : openOutbound(turn, child);
    }
    default:
      return which satisfies never;
  }
}

/** A soft limit, of time or of traffic. */
export function rekeyChild(turn: Turn, child: Child): void {
  if (child.state === 'up' && child.policy.rekey) turn.plan({ t: 'rekeyChild', serial: child.serial });
}

function retransmit(turn: Turn, outstanding: Outstanding): void {
  const { env } = turn;
  const { pending, giveUpAt } = outstanding;
  if (env.now >= giveUpAt) return giveUp(turn, outstanding);
  outstanding.retransmits++;
  turn.send(outstanding.packets);
  const next = Math.min(turn.sa.policy.retransmitInterval * 2 ** outstanding.retransmits, giveUpAt - env.now);
  outstanding.dueAt = env.now + next;
  turn.say(`${STATE_NAMES[pending.kind]}: retransmission; will wait ${Math.round(next) / 1000} seconds for response`, {
    event: 'retransmit',
  });
  turn.arm('retransmit', next);
}

/** Nobody answers. */
function giveUp(turn: Turn, { pending, retransmits, sentAt, giveUpAt, packets }: Outstanding): void {
  const { sa } = turn;
  const patience = Math.round((giveUpAt - sentAt) / 1000);
  const text = `${STATE_NAMES[pending.kind]}: ${patience} second timeout exceeded after ${retransmits} retransmits.  ${TAILS[pending.kind]}`;
  const isFarewell = pending.kind === 'deleteIke';
  turn.say(text, isFarewell ? { code: 4 } : { code: 51, event: 'failed' });
  if (pending.kind === 'init' || pending.kind === 'auth') {
    const octets = Math.max(...packets.map((packet) => packet.length));
    turn.why(explainSilence(pending.kind, sa.local.address, sa.peer, octets));
  }
  if ((pending.kind === 'rekeyIke' || pending.kind === 'ikeFollowup') && concedeIke(turn)) return turn.settle();
  const isUnwanted = sa.tasks.some((task) => task.t === 'deleteIke' && task.why === undefined);
  end(turn, isFarewell ? pending.why : isUnwanted ? 'asked' : 'timeout', text);
}

/** RFC 7296 §2.4: any sign of life will do, and only silence is asked about. */
function liveness(turn: Turn): void {
  const { sa, env } = turn;
  const { dpdDelay } = sa.policy;
  const idle = Math.min(
    env.now - sa.lastHeard,
    ...sa.children.map((c) => env.idle(c, sa.local.address) ?? Number.POSITIVE_INFINITY),
  );
  if (idle < dpdDelay) return turn.arm('liveness', dpdDelay - idle);
  if (!sa.outstanding) turn.plan({ t: 'liveness' });
  turn.arm('liveness', dpdDelay);
}

/** libreswan's names of the states in which these requests are sent. */
const STATE_NAMES: Record<Pending['kind'], string> = {
  init: 'IKE_SA_INIT_I',
  intermediate: 'IKE_INTERMEDIATE_I',
  auth: 'IKE_AUTH_I',
  eap: 'IKE_AUTH_EAP_I',
  newChild: 'NEW_CHILD_I1',
  rekeyChild: 'REKEY_CHILD_I1',
  rekeyIke: 'REKEY_IKE_I1',
  childFollowup: 'REKEY_CHILD_I1',
  ikeFollowup: 'REKEY_IKE_I1',
  deleteChild: 'ESTABLISHED_IKE_SA',
  deleteIke: 'ESTABLISHED_IKE_SA',
  redirect: 'ESTABLISHED_IKE_SA',
  liveness: 'ESTABLISHED_IKE_SA',
};

const TAILS: Record<Pending['kind'], string> = {
  init: 'No response (or no acceptable response) to our first IKEv2 message',
  intermediate: 'No response to our IKE_INTERMEDIATE message',
  auth: 'Possible authentication failure: no acceptable response to our first encrypted message',
  eap: 'Possible authentication failure: no response to our EAP message',
  newChild: 'No response to our request for a Child SA',
  rekeyChild: 'No response to our request to rekey a Child SA',
  rekeyIke: 'No response to our request to rekey the IKE SA',
  childFollowup: 'No response to our request for a further key exchange',
  ikeFollowup: 'No response to our request for a further key exchange',
  deleteChild: 'The peer is gone',
  deleteIke: 'The peer is gone',
  redirect: 'The peer is gone',
  liveness: 'The peer is gone',
};
