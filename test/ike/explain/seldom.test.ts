import { expect, test } from 'vitest';
import type { Env } from '../../../src/ike/effects.ts';
import { mayExplain } from '../../../src/ike/explain/seldom.ts';

/** All that is asked of it is the time. */
const at = (now: number): Env & { now: number } => ({ now }) as Env & { now: number };
const tries = (env: Env, count: number) => Array.from({ length: count }, () => mayExplain(env)).filter(Boolean).length;

test('a few in a row, then one a second', () => {
  const env = at(1_000);
  expect(tries(env, 1_000)).toBe(5);
  env.now += 999;
  expect(tries(env, 1_000)).toBe(0);
  env.now += 1;
  expect(tries(env, 1_000)).toBe(1);
  env.now += 1_500;
  expect(tries(env, 1_000)).toBe(1);
  env.now += 500;
  expect(tries(env, 1_000)).toBe(1);
});

test('after a quiet time a few again, no more', () => {
  const env = at(0);
  tries(env, 10);
  env.now += 3_600_000;
  expect(tries(env, 1_000)).toBe(5);
});

test('one daemon does not spend what another has', () => {
  const [one, other] = [at(0), at(0)];
  tries(one, 10);
  expect(mayExplain(other)).toBe(true);
});
