/** What time brings: retransmissions, lifetimes, signs of life. */
import type { TimerName } from '../effects.ts';
import { overdue } from './configuring.ts';
import { end, forgetPhaseOne, giveUpChild } from './ending.ts';
import { askAlive, deleteChild, expireIsakmp, tellDeleted } from './informational.ts';
import type { Conversation } from './isakmp-sa.ts';
import { rekeyChild } from './plan.ts';
import { STATE_NAMES } from './state-names.ts';
import type { Turn } from './turn.ts';

export function timer(turn: Turn, which: TimerName, serial?: number): void {
  const { sa } = turn;
  const child = serial === undefined ? undefined : sa.child(serial);
  switch (which) {
    case 'retransmit': {
      const talk = serial === undefined ? sa.phaseOne : sa.conversations.find((c) => c.serial === serial);
      return talk ? retransmit(turn, talk) : undefined;
    }
    case 'discard': {
      if (serial !== undefined) return forgetQuick(turn, serial);
      return sa.isHalfOpen ? end(turn, 'timeout', 'half-open ISAKMP SA timed out') : forgetPhaseOne(turn);
    }
    case 'retry':
      return overdue(turn);
    case 'liveness':
      return askAlive(turn);
    case 'keepalive':
      turn.outs.push({ t: 'keepalive', local: sa.local, peer: sa.peer });
      return turn.arm('keepalive', sa.policy.natKeepalive);
    case 'rekey':
      turn.say(`initiating phase 1 to replace ISAKMP SA #${sa.serial}`, { event: 'initiated' });
      turn.outs.push({ t: 'renew' });
      // The new one disarms this, if it comes to be.
      return turn.arm('rekey', Math.max(sa.policy.retransmitTimeout, sa.policy.rekeyMargin / 4));
    case 'expire':
      return expireIsakmp(turn);
    case 'childRekey':
      return child && rekeyChild(turn, child);
    case 'childExpire':
      if (!child) return;
      turn.say('IPsec SA expired', { serial: child.serial });
      return deleteChild(turn, child, child.state === 'replaced' ? 'replaced' : 'expired', 'lifetime over');
    default:
      // Of IKEv2 alone: nothing here arms them.
      return;
  }
}

/** As pluto has always done: three, then what is left of `retransmit-timeout=`, then no more. */
const MOST_RETRANSMITS = 3;
/** Each wait is so many times the one before: half a second, 2 and 8 seconds. */
const STRETCH = 4;

function retransmit(turn: Turn, talk: Conversation): void {
  const { env, sa } = turn;
  const { resend } = talk;
  // One that fired while a helper computed may be about a message that has been answered since.
  if (!resend || env.now < resend.dueAt) return;
  if (env.now >= resend.giveUpAt) return giveUp(turn, talk);
  resend.retransmits++;
  turn.transmit(talk);
  const left = resend.giveUpAt - env.now;
  const isLast = resend.retransmits >= MOST_RETRANSMITS;
  const next = isLast ? left : Math.min(sa.policy.retransmitInterval * STRETCH ** resend.retransmits, left);
  resend.dueAt = env.now + next;
  const seconds = Math.round(next) / 1000;
  turn.say(`${stateName(turn, talk)}: retransmission; will wait ${seconds} seconds for response`, {
    event: 'retransmit',
    ...(talk.serial !== undefined && { serial: talk.serial }),
  });
  turn.arm('retransmit', next, talk.serial);
}

/** Nobody answers. */
function giveUp(turn: Turn, talk: Conversation): void {
  const { sa } = turn;
  const { resend, serial } = talk;
  if (!resend) return;
  const patience = Math.round((resend.giveUpAt - resend.sentAt) / 1000);
  const name = stateName(turn, talk);
  const text = `${name}: ${patience} second timeout exceeded after ${resend.retransmits} retransmits.  ${TAILS[name]}`;
  turn.say(text, { code: 51, event: 'failed', ...(serial !== undefined && { serial }) });
  if (talk === sa.phaseOne || talk.state === 'asked') return end(turn, 'timeout', text);
  const made = talk.quick && sa.child(talk.quick.serial);
  // The peer may have it.
  if (made) tellDeleted(turn, made);
  giveUpChild(turn, talk, 'timeout', text);
}

function forgetQuick(turn: Turn, serial: number): void {
  const talk = turn.sa.conversations.find((c) => c.serial === serial);
  if (talk?.state === 'quickDone') turn.dropTalk(talk);
}

const TAILS: Readonly<Record<string, string>> = {
  STATE_MAIN_I1: 'No response (or no acceptable response) to our first IKEv1 message',
  STATE_MAIN_I2: 'No response (or no acceptable response) to our key',
  STATE_MAIN_I3: 'Possible authentication failure: no acceptable response to our first encrypted message',
  STATE_AGGR_I1: 'No response (or no acceptable response) to our first IKEv1 message',
  STATE_QUICK_I1: 'No acceptable response to our first Quick Mode message: perhaps peer likes no proposal',
  STATE_XAUTH_R0: 'No user name and password from the peer',
  STATE_XAUTH_R1: 'The peer has not acknowledged our verdict on its password',
  STATE_MODE_CFG_I1: 'No address from the peer',
  STATE_MODE_CFG_SERVER_WAITING_FOR_ACK: 'The peer has not acknowledged its address',
  STATE_QUICK_R1: 'The peer has not confirmed our answer to its Quick Mode',
};

function stateName({ sa }: Turn, talk: Conversation): string {
  const { config } = sa;
  if (talk.state === 'asked' && config) return STATE_NAMES[config.at];
  const state = talk === sa.phaseOne ? sa.state : talk.state;
  return STATE_NAMES[state as keyof typeof STATE_NAMES] ?? state;
}
