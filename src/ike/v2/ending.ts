/** How an IKE SA, or a child of it, ends. */

import type { Child } from '../child.ts';
import { endLeases } from '../cp.ts';
import type { EarlierSecrets } from '../crypto/keys.ts';
import { wipe } from '../crypto/misc.ts';
import type { DownReason } from '../effects.ts';
import type { Policy } from '../policy.ts';
import { type ChildOffer, NONE, type Pending, type Task } from './ike-sa.ts';
import { disarmChild } from './lifetimes.ts';
import { forgetMixing } from './mixing.ts';
import type { Turn } from './turn.ts';

/** Ends the SA without a word to the peer: its children, its secrets, its timers. */
export function end(turn: Turn, why: DownReason, text: string): void {
  const { sa } = turn;
  if (sa.state === 'dead') return;
  if (sa.outstanding) dropPending(turn, sa.outstanding.pending, why, text);
  if (sa.suspended?.offer) dropOffer(turn, sa.suspended.offer, why, text);
  // What has not begun here has no heir: whoever waits for it is to try elsewhere.
  const lost = why === 'replaced' ? 'local' : why;
  for (const task of [...sa.tasks, ...sa.postponed]) {
    if (task.t === 'newChild') turn.childDown(task, lost, text);
  }
  for (const input of sa.waiting ?? []) {
    if (input.t === 'command' && input.command.t === 'addChild') turn.childDown(input.command, lost, text);
  }
  dropChildren(turn, why, text);
  endLeases(turn, why === 'peer' || turn.answered?.kind === 'deleteIke');
  // Successors that a collision made, and that nobody needs any more.
  for (const c of sa.collisions) {
    if (c.t === 'ike') turn.handOver(c.successor, NONE, [{ t: 'deleteIke', why }]);
    else if (c.t === 'larval') {
      forgetSecrets(c);
      c.drop(turn);
    }
  }
  forgetHandshake(turn);
  sa.keys?.wipe();
  sa.tasks = NONE;
  sa.postponed = NONE;
  sa.collisions = NONE;
  sa.outstanding = undefined;
  sa.reassembly = undefined;
  sa.lastResponse = NONE;
  sa.job = 0;
  sa.suspended = undefined;
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
  if (sa.collisions.length > 0) sa.collisions = sa.collisions.filter((c) => c.t !== 'child' || c.child !== child);
  turn.outs.push({ t: 'remove', serial: child.serial, lingers: why === 'replaced' });
  turn.childDown(child, why, text);
}

/** What we asked for and will not get: its secrets, and whoever waits for the child. */
export function dropPending(turn: Turn, pending: Pending, why: DownReason, text: string): void {
  if (pending.kind === 'rekeyIke' || pending.kind === 'ikeFollowup') {
    wipe(pending.offer.private);
    forgetSecrets(pending.offer.followup);
  } else if ('offer' in pending && pending.offer) dropOffer(turn, pending.offer, why, text);
}

export function dropOffer(turn: Turn, offer: ChildOffer, why: DownReason, text: string): void {
  forgetOffer(turn, offer);
  turn.childDown(offer, why, text);
}

/** No child will come of it, perhaps of another one like it. */
export function forgetOffer(turn: Turn, offer: Pick<ChildOffer, 'ke' | 'spiIn' | 'policy' | 'followup'>): void {
  wipe(offer.ke?.private);
  forgetSecrets(offer.followup);
  if (offer.spiIn === 0) return;
  const { env, sa } = turn;
  env.releaseSpi({ protocol: protocolOf(offer.policy), local: sa.local.address, spi: offer.spiIn });
}

/** Of key exchanges that lead to nothing. */
export function forgetSecrets(of: (EarlierSecrets & { readonly private?: Uint8Array }) | undefined): void {
  wipe(of?.first);
  wipe(of?.more);
  wipe(of?.private);
}

/** Of the child's SAs. */
export const protocolOf = ({ child }: Policy): 'esp' | 'ah' => (child.proposals[0]?.protocol === 'ah' ? 'ah' : 'esp');

/** Handshake leftovers, once the SA is up or dead. */
export function forgetHandshake(turn: Turn): void {
  const { handshake } = turn.sa;
  if (!handshake) return;
  wipe(handshake.private);
  forgetMixing(handshake.mixing);
  const eap = handshake.talk?.eap;
  if (eap) {
    wipe(eap.msk);
    turn.outs.push({ t: 'forgetEap', session: eap.session });
  }
  turn.sa.handshake = undefined;
}

/** What an heir is to do; a rekey or a check of the old SA is nothing to the new one. */
export const isInheritable = (task: Task): boolean =>
  task.t !== 'rekeyIke' && task.t !== 'liveness' && (task.t !== 'deleteIke' || task.why === undefined);
