import { expect, test } from 'vitest';
import { expiry, instant } from '../../../src/control/status/time.ts';

const NOW = 1_700_000_000;
const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];

test('a moment as of Greenwich, and here', () => {
  expect(instant(NOW, { now: 0, utc: true })).toBe('Nov 14 22:13:20 UTC 2023');
  expect(instant(0, { now: 0, utc: true })).toBe('Jan 01 00:00:00 UTC 1970');
  const here = new Date(NOW * 1000);
  const two = (n: number) => `${n}`.padStart(2, '0');
  expect(instant(NOW, { now: 0, utc: false })).toMatch(
    new RegExp(`^Nov ${two(here.getDate())} ${two(here.getHours())}:\\d\\d:20 2023$`),
  );
});

test('never', () => {
  expect(instant(undefined, { now: 0, utc: true })).toBe('--- -- --:--:-- UTC ----');
  expect(instant(undefined, { now: 0, utc: false })).toBe('--- -- --:--:-- ----');
});

test.each<[number | undefined, string]>([
  [undefined, 'ok (expires never)'],
  [NOW + 14 * DAY, 'ok'],
  [NOW + 14 * DAY - 1, 'warning (expires in 13 days)'],
  [NOW + 2 * DAY, 'warning (expires in 2 days)'],
  [NOW + 2 * DAY - 1, 'warning (expires in 47 hours)'],
  [NOW + 2 * HOUR, 'warning (expires in 2 hours)'],
  [NOW + 2 * HOUR - 1, 'warning (expires in 119 minutes)'],
  [NOW + MINUTE - 1, 'warning (expires in 0 minutes)'],
  [NOW, 'warning (expires in 0 minutes)'],
  [NOW - 1, 'fatal (expired)'],
])('until %s: %s', (until, text) => {
  expect(expiry(until, { now: NOW })).toBe(text);
});
