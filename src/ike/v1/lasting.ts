/** When SAs are replaced and when they end: rekeymargin, rekeyfuzz and lifetime, as FreeS/WAN defined them. */

import type { Child } from '../child.ts';
import type { Env } from '../effects.ts';
import type { Policy } from '../policy.ts';
import type { Turn } from './turn.ts';

/** Our last message of an exchange may be lost: so long the peer may ask for it again. */
export const patienceOf = ({ retransmitTimeout }: Policy): number => retransmitTimeout;

/** All that an established ISAKMP SA keeps doing. */
export function armEstablished(turn: Turn, lifetime: number): void {
  const { sa } = turn;
  const { policy, role } = sa;
  turn.arm('expire', lifetime);
  if (policy.rekey) turn.arm('rekey', rekeyAfter(lifetime, policy, role === 'initiator', turn.env));
  if (policy.dpdDelay > 0 && sa.dpd) turn.arm('liveness', policy.dpdDelay);
  if (sa.weAreNatted && policy.natKeepalive > 0) turn.arm('keepalive', policy.natKeepalive);
  turn.arm('discard', patienceOf(policy));
}

export function armChild(turn: Turn, child: Child, lifetime: number, asInitiator: boolean): void {
  const { policy, serial } = child;
  const { now } = turn.env;
  child.expireAt = now + lifetime;
  turn.arm('childExpire', lifetime, serial);
  if (!policy.rekey) return;
  const after = rekeyAfter(lifetime, policy, asInitiator, turn.env);
  child.rekeyAt = now + after;
  turn.arm('childRekey', after, serial);
}

/** One that comes from another ISAKMP SA: from what it remembers. */
export function rearmChild(turn: Turn, child: Child): void {
  const { now } = turn.env;
  turn.arm('childExpire', child.expireAt - now, child.serial);
  if (child.policy.rekey && child.state === 'up') turn.arm('childRekey', child.rekeyAt - now, child.serial);
}

/** Only the newest SA of its kind is rekeyed; what it replaces stays for what is still on the way, and no longer. */
export function retire(turn: Turn, old: Child, by: number): void {
  old.state = 'replaced';
  old.replacedBy = by;
  turn.disarm('childRekey', old.serial);
  turn.arm('childExpire', Math.min(OLD_PATIENCE, Math.max(0, old.expireAt - turn.env.now)), old.serial);
}

/** ms: the peer has long since changed over, or will not. */
const OLD_PATIENCE = 60_000;

/** After a refusal: soon enough to have several tries before the end, spread so that both ends do not meet again. */
export function rekeyLater(turn: Turn, child: Child): void {
  child.state = 'up';
  const after = Math.max(5_000 + dice(turn.env) * 5_000, child.policy.rekeyMargin / 8);
  child.rekeyAt = turn.env.now + after;
  turn.arm('childRekey', after, child.serial);
}

/** The responder takes half the margin, so that as a rule the initiator rekeys. */
function rekeyAfter(lifetime: number, policy: Policy, asInitiator: boolean, env: Env): number {
  const fuzzy = policy.rekeyMargin * (1 + policy.rekeyFuzz * dice(env));
  const margin = asInitiator ? fuzzy : fuzzy / 2;
  return margin < lifetime ? lifetime - margin : lifetime / 2;
}

/** 0 up to 1. */
function dice(env: Env): number {
  const bytes = env.random(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32;
}
