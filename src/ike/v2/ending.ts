/** How an IKE SA, or a child of it, ends. */
import { wipe } from '../crypto/misc.ts';
import type { DownReason } from '../effects.ts';
import type { Child } from './child.ts';
import { NONE } from './ike-sa.ts';
import { disarmChild } from './lifetimes.ts';
import type { Turn } from './turn.ts';

/** Ends the SA without a word to the peer: its children, its secrets, its timers. */
export function end(turn: Turn, why: DownReason, text: string): void {
  const { sa } = turn;
  if (sa.state === 'dead') return;
  const offer = sa.outstanding && 'offer' in sa.outstanding.pending ? sa.outstanding.pending.offer : undefined;
  // A Child SA that was only asked for has somebody waiting for it all the same.
  if (offer && 'serial' in offer) {
    turn.outs.push({ t: 'childDown', serial: offer.serial, policy: offer.policy, why, text });
  }
  for (const task of sa.tasks) {
    if (task.t === 'newChild') turn.outs.push({ t: 'childDown', serial: task.serial, policy: task.policy, why, text });
  }
  dropChildren(turn, why, text);
  forgetSecrets(turn);
  sa.tasks = NONE;
  sa.outstanding = undefined;
  sa.job = 0;
  sa.resume = undefined;
  sa.waiting = undefined;
  turn.enter('dead');
  turn.outs.push({ t: 'end', why, text });
}

export function dropChildren(turn: Turn, why: DownReason, text: string): void {
  for (const child of turn.sa.children) dropChild(turn, child, why, text);
}

/** Takes a child out of the data plane and out of the SA. */
export function dropChild(turn: Turn, child: Child, why: DownReason, text: string): void {
  const { sa } = turn;
  disarmChild(turn, child.serial);
  sa.children = sa.children.filter((c) => c !== child);
  if (sa.children.length === 0) sa.children = NONE;
  turn.outs.push({ t: 'remove', serial: child.serial, lingers: why === 'replaced' });
  turn.outs.push({ t: 'childDown', serial: child.serial, policy: child.policy, why, text });
}

/** Handshake leftovers, once the SA is up or dead. */
export function forgetHandshake(turn: Turn): void {
  const { handshake } = turn.sa;
  if (!handshake) return;
  wipe(handshake.private);
  turn.sa.handshake = undefined;
}

function forgetSecrets(turn: Turn): void {
  forgetHandshake(turn);
  turn.sa.keys?.wipe();
}
