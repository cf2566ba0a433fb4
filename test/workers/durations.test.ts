import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Durations } from '../../src/workers/durations.ts';

test('a percentile is never less than what was noted, and at most an eighth and a microsecond more', () => {
  const ms = fc.double({ min: 0, max: 60_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(ms, { minLength: 1, maxLength: 200 }), fc.constantFrom(0.5, 0.9, 0.99, 1), (all, share) => {
      const durations = new Durations();
      for (const each of all) durations.note(each);
      const exact = all.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * all.length)) - 1];
      const said = durations.quantile(share);
      expect(said).toBeGreaterThanOrEqual(exact);
      expect(said).toBeLessThanOrEqual(exact * 1.125 + 0.001 + 1e-9);
    }),
  );
});

test('nothing noted: nothing said', () => {
  const durations = new Durations();
  expect([durations.quantile(0.99), durations.count, durations.sumMs]).toEqual([0, 0, 0]);
  expect(durations.octaves(4, 26).every((n) => n === 0)).toBe(true);
});

test('what clocks make of nothing, and what nobody can have waited for, have their places', () => {
  const durations = new Durations();
  for (const odd of [-5, 0, Number.NaN, 1e12, Number.POSITIVE_INFINITY]) durations.note(odd);
  expect(durations.count).toBe(5);
  expect(durations.quantile(0.5)).toBe(0.001);
  expect(durations.quantile(1)).toBe(2 ** 26 / 1000);
});

test('octaves count what lies below a power of two, in microseconds', () => {
  const durations = new Durations();
  for (const micros of [3, 15, 16, 31, 32, 1000, 1024]) durations.note(micros / 1000);
  expect(durations.octaves(4, 11)).toEqual([2, 4, 5, 5, 5, 5, 6, 7]);
  durations.clear();
  expect([durations.count, durations.sumMs, durations.quantile(0.5)]).toEqual([0, 0, 0]);
});
