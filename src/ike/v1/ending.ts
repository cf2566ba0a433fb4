/** How an ISAKMP SA, a child of it, or the making of a child ends. */

import type { Child } from '../child.ts';
import { endLeases } from '../cp.ts';
import { wipe } from '../crypto/misc.ts';
import type { DownReason } from '../effects.ts';
import { type Conversation, type IsakmpSa, NONE } from './isakmp-sa.ts';
import { rekeyLater } from './lasting.ts';
import { releaseSpis } from './quick-spis.ts';
import type { Turn } from './turn.ts';

/** Ends the SA without a word to the peer: its children, its secrets, its timers. */
export function end(turn: Turn, why: DownReason, text: string): void {
  const { sa } = turn;
  if (sa.state === 'dead') return;
  giveUpPlans(turn, why, text);
  for (const input of sa.waiting ?? []) {
    if (input.t === 'command' && input.command.t === 'addChild') turn.childDown(input.command, why, text);
  }
  for (const child of sa.children) dropChild(turn, child, why, text);
  endLeases(turn, why === 'peer');
  forgetSecrets(turn);
  sa.waiting = undefined;
  turn.enter('dead');
  turn.outs.push({ t: 'end', why, text });
}

/** What is asked for, and what is about to be, comes to nothing. */
export function giveUpPlans(turn: Turn, why: DownReason, text: string): void {
  const { sa } = turn;
  for (const talk of sa.conversations) giveUpChild(turn, talk, why, text);
  for (const wanted of sa.wanted) turn.childDown(wanted, why, text);
  sa.conversations = NONE;
  sa.wanted = NONE;
}

/** Nothing can be said by it any more. */
export function forgetSecrets(turn: Turn): void {
  const { sa } = turn;
  forgetHandshake(turn);
  forgetConfig(sa);
  sa.keys?.wipe();
  sa.phaseOne = undefined;
  forgetSuspended(turn);
}

/** Nobody awaits the answer any more. */
function forgetSuspended(turn: Turn): void {
  const { sa } = turn;
  const { suspended } = sa;
  sa.job = 0;
  sa.suspended = undefined;
  suspended?.forget?.(turn);
}

/** Takes a child out of the data plane and out of the SA; whoever is still to confirm it need not. */
export function dropChild(turn: Turn, child: Child, why: DownReason, text: string): void {
  const { sa } = turn;
  for (const name of ['childExpire', 'childRekey'] as const) turn.disarm(name, child.serial);
  sa.children = sa.children.filter((c) => c !== child);
  if (sa.children.length === 0) sa.children = NONE;
  const talk = sa.conversations.find(({ quick }) => quick?.serial === child.serial);
  if (talk) {
    talk.quick = undefined;
    turn.dropTalk(talk);
  }
  turn.outs.push({ t: 'remove', serial: child.serial, lingers: why === 'replaced' });
  turn.childDown(child, why, text);
}

/** A Quick Mode that comes to nothing: what it has reserved, and whoever waits for it. */
export function giveUpChild(turn: Turn, talk: Conversation, why: DownReason, text: string): void {
  const { quick } = talk;
  turn.dropTalk(talk);
  if (!quick || talk.state === 'quickDone') return;
  wipe(quick.ke?.private);
  talk.quick = undefined;
  const made = turn.sa.child(quick.serial);
  if (made) return dropChild(turn, made, why, text);
  releaseSpis(turn, quick);
  const { old } = quick;
  const stays = old !== undefined && turn.sa.children.includes(old);
  // What it was to replace is up still.
  if (quick.isInitiator) turn.childDown(quick, stays ? 'replaced' : why, text);
  if (stays) rekeyLater(turn, old);
}

/** What is left of phase 1 once the SA is up or dead. */
export function forgetHandshake({ sa }: Turn): void {
  wipe(sa.handshake?.private);
  sa.handshake = undefined;
  sa.reassembly = undefined;
}

/** XAUTH and Mode Config are over: whoever we were to them is nobody's any more. */
export function forgetConfig(sa: IsakmpSa): void {
  wipe(sa.login?.password);
  sa.login = undefined;
  sa.config = undefined;
}

/** The peer has had time enough to ask for our last message again, of phase 1 and of transactions. */
export function forgetPhaseOne(turn: Turn): void {
  const { sa } = turn;
  sa.phaseOne = undefined;
  for (const talk of sa.conversations) if (talk.state === 'answered') turn.dropTalk(talk);
}
