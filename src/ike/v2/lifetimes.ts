/** When an SA is replaced and when it ends: rekeymargin, rekeyfuzz and lifetime, as FreeS/WAN defined them. */

import type { Child } from '../child.ts';
import type { Env } from '../effects.ts';
import type { Policy } from '../policy.ts';
import { armFarewell } from './redirect-later.ts';
import type { Turn } from './turn.ts';

/** All that an established IKE SA keeps doing: made by IKE_AUTH, or by a rekey. */
export function armEstablished(turn: Turn): void {
  const { sa } = turn;
  const { policy, role } = sa;
  turn.arm('expire', policy.ikeLifetime);
  if (policy.rekey) turn.arm('rekey', rekeyAfter(policy.ikeLifetime, policy, role === 'initiator', turn.env));
  if (policy.dpdDelay > 0) turn.arm('liveness', policy.dpdDelay);
  if (sa.weAreNatted && policy.natKeepalive > 0) turn.arm('keepalive', policy.natKeepalive);
  armFarewell(turn, sa.redirectable);
}

/** An SA that goes needs none of it. */
export function disarmEstablished(turn: Turn): void {
  for (const name of ['expire', 'farewell', 'rekey', 'liveness', 'keepalive', 'retry'] as const) turn.disarm(name);
}

export function armChildLifetime(turn: Turn, child: Child, asInitiator: boolean): void {
  const { policy } = child;
  const { lifetime } = policy.child;
  const { now } = turn.env;
  child.expireAt = now + lifetime;
  if (policy.rekey) child.rekeyAt = now + rekeyAfter(lifetime, policy, asInitiator, turn.env);
  armChild(turn, child);
}

/** From what the child remembers: also for one that came from another IKE SA. */
export function armChild(turn: Turn, child: Child): void {
  const { serial, policy } = child;
  const { now } = turn.env;
  turn.arm('childExpire', child.expireAt - now, serial);
  if (policy.rekey && child.state === 'up') turn.arm('childRekey', child.rekeyAt - now, serial);
  if (child.awaitsOutbound) armOutbound(turn, child);
}

/**
 * The outbound half of an answered rekey waits for the peer's next request, which tells that it has our answer.
 * Until then the old SA serves; only a peer that leaves that one alone needs this timer, and it is longer than any
 * peer goes on asking.
 */
export function armOutbound(turn: Turn, child: Child): void {
  turn.arm('childOutbound', turn.sa.policy.retransmitTimeout, child.serial);
}

/** A rekey that failed is tried again, several times before the end. */
export function rekeyChildLater(turn: Turn, child: Child): void {
  child.state = 'up';
  const after = Math.max(retryAfter(turn.env), child.policy.rekeyMargin / 8);
  child.rekeyAt = turn.env.now + after;
  turn.arm('childRekey', after, child.serial);
}

export function disarmChild(turn: Turn, serial: number): void {
  turn.disarm('childExpire', serial);
  turn.disarm('childRekey', serial);
  turn.disarm('childOutbound', serial);
}

/** After a refusal: soon enough to have several tries before the end, spread so that both ends do not meet again. */
export function retryAfter(env: Env): number {
  return 5_000 + dice(env) * 5_000;
}

/**
 * The responder takes half the margin, so that as a rule the initiator rekeys and two ends with the same
 * configuration do not collide.
 */
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
