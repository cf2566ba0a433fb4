/**
 * IPsec SAs do not end with the ISAKMP SA that they came of (RFC 2408 §1.5): when its time is over, or the peer has deleted
 * it, what is left of it keeps them. Nothing can be said to the peer by it any more; the next ISAKMP SA gets them.
 */
import type { Child } from '../child.ts';
import type { DownReason } from '../effects.ts';
import { end, forgetSecrets, giveUpPlans } from './ending.ts';
import { NONE } from './isakmp-sa.ts';
import type { Turn } from './turn.ts';

/** Ends the SA, or what it can be used for if it has children. */
export function lapse(turn: Turn, why: DownReason, text: string): void {
  const { sa } = turn;
  giveUpPlans(turn, why, text);
  if (sa.children === NONE) return end(turn, why, text);
  for (const name of ['expire', 'rekey', 'liveness', 'discard', 'retry'] as const) turn.disarm(name);
  forgetSecrets(turn);
  sa.keys = undefined;
  sa.usedIds = NONE;
  turn.enter('lapsed');
  turn.say(`${text}; its IPsec SAs stay until their own time is over`);
}

/** Asks for another ISAKMP SA: a child is to be rekeyed as soon as it has come over. */
export function renewFor(turn: Turn, child: Child): void {
  child.rekeyAt = turn.env.now;
  turn.outs.push({ t: 'renew' });
  turn.arm('childRekey', child.policy.retransmitTimeout, child.serial);
}
