import { expect, test } from 'vitest';
import { Busy } from '../../src/workers/busy.ts';

test('work is a share of the last seconds, and is forgotten', () => {
  const busy = new Busy(0);
  expect(busy.share(0)).toBe(0);
  for (let now = 1_000; now <= 10_000; now += 1_000) busy.worked(500, now);
  expect(busy.share(10_000)).toBeCloseTo(0.5, 5);
  // Idle since: half of what counts is over.
  expect(busy.share(19_000)).toBeCloseTo(5_000 / 19_000, 2);
  expect(busy.share(60_000)).toBe(0);
});

test('nobody is busier than always', () => {
  const busy = new Busy(0);
  busy.worked(5_000, 1_000);
  expect(busy.share(1_000)).toBe(1);
});
