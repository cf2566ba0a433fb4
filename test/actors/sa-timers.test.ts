import { expect, test } from 'vitest';
import { armedTimers, timerNumber, timerOf } from '../../src/actors/sa-timers.ts';

test.each([
  ['retransmit', undefined],
  ['childOutbound', 1],
  ['childRekey', 4_000_000_000],
] as const)('%s of %s is a number and back', (name, serial) => {
  expect(timerOf(timerNumber(name, serial))).toEqual(serial === undefined ? { name } : { name, serial });
});

test('what else an actor is told by a timer is none of an SA', () => {
  const timers = [
    { message: timerNumber('rekey'), in: 5 },
    { message: { t: 'lingered' }, in: 6 },
    { message: timerNumber('childExpire', 7), in: -1 },
  ];
  expect(armedTimers(timers)).toEqual([
    { name: 'rekey', in: 5 },
    { name: 'childExpire', serial: 7, in: -1 },
  ]);
});
