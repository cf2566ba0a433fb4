/** When an SA is replaced and when it ends: rekeymargin, rekeyfuzz and lifetime, as FreeS/WAN defined them. */
import type { Env } from '../effects.ts';
import type { Policy } from '../policy.ts';
import type { Child } from './child.ts';
import type { Turn } from './turn.ts';

/** How long the outbound half of an answered rekey waits for the peer to delete the old SA. */
const OUTBOUND_PATIENCE = 10_000;

export function armIkeLifetime(turn: Turn): void {
  const { policy, role } = turn.sa;
  turn.arm('expire', policy.ikeLifetime);
  if (policy.rekey) turn.arm('rekey', rekeyAfter(policy.ikeLifetime, policy, role === 'initiator', turn.env));
}

export function armChildLifetime(turn: Turn, child: Child, asInitiator: boolean): void {
  const { policy, serial } = child;
  const { lifetime } = policy.child;
  turn.arm('childExpire', lifetime, serial);
  if (policy.rekey) turn.arm('childRekey', rekeyAfter(lifetime, policy, asInitiator, turn.env), serial);
  if (child.awaitsOutbound) turn.arm('childOutbound', OUTBOUND_PATIENCE, serial);
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
