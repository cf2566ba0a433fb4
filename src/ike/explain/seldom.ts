/**
 * Explaining costs more than refusing, and anybody can have a first message refused: strangers get a few explanations
 * of each daemon in a row, then one a second. Nothing of it goes to them; it is our log and our time that is bounded.
 */
import type { Env } from '../effects.ts';

const BURST = 5;
/** ms until there is one more. */
const INTERVAL = 1_000;

/** One `Env` is one daemon. */
const BUDGETS = new WeakMap<Env, { left: number; at: number }>();

/** Whether a stranger's failure may be explained now; if so, it has been counted. */
export function mayExplain(env: Env): boolean {
  const { now } = env;
  const { left, at } = BUDGETS.get(env) ?? { left: BURST, at: now };
  const earned = Math.floor((now - at) / INTERVAL);
  const budget = Math.min(BURST, left + earned);
  // Full, time earns nothing.
  const since = budget === BURST ? now : at + earned * INTERVAL;
  BUDGETS.set(env, { left: Math.max(0, budget - 1), at: since });
  return budget > 0;
}
