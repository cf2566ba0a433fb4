import { expect, test } from 'vitest';
import { type Context, noTimer, type TimerId } from '../../../src/actors/runtime/index.ts';
import { Probe, rig } from './rig.ts';

test('a timer tells its message at its time, not before', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const a = system.spawn('a', new Probe<string>('a', log));
  a.tell((self) => {
    self.after(500, 'resend');
    self.after(0, 'at once');
  });
  clock.settle();
  expect(log).toEqual([]);
  clock.advance(499);
  expect(log).toEqual(['a:at once']);
  clock.advance(1);
  expect(log).toEqual(['a:at once', 'a:resend']);
  expect(system.counters().timers).toBe(0);
  expect(clock.runUntilIdle(1000)).toBe(true);
});

test('a message in good time does not wait for the alarm of a later timer', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const a = system.spawn('a', new Probe<string>('a', log));
  a.tell((self) => self.after(8 * 3_600_000, 'late'));
  clock.settle();
  a.tell((self) => self.after(20, 'early'));
  clock.advance(20);
  expect(log).toEqual(['a:early']);
  clock.advance(8 * 3_600_000);
  expect(log).toEqual(['a:early', 'a:late']);
});

test('a cancelled timer is never received, not even when its message waits already', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  let timer: TimerId = noTimer;
  const a = system.spawn('a', new Probe<string>('a', log));
  a.tell((self) => {
    timer = self.after(10, 'resend');
  });
  clock.settle();
  // The packet that answers comes while the machine is busy, and the timer falls due behind it.
  clock.elapse(20);
  a.tell((self) => self.cancel(timer));
  clock.settle();
  clock.advance(1000);
  expect(log).toEqual([]);
});

test('a stale id cancels nothing', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const a = system.spawn('a', new Probe<string>('a', log));
  const b = system.spawn('b', new Probe<string>('b', log));
  let first: TimerId = noTimer;
  a.tell((self) => {
    first = self.after(10, 'one');
  });
  clock.advance(10);
  let second: TimerId = noTimer;
  a.tell((self) => {
    second = self.after(10, 'two'); // takes the place of the first
    self.cancel(first);
    self.cancel(noTimer);
  });
  b.tell((self) => self.cancel(second)); // another's
  clock.advance(10);
  expect(log).toEqual(['a:one', 'a:two']);
});

test('timers of an actor that ended never fire', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const a = system.spawn('a', new Probe<string>('a', log));
  a.tell((self) => {
    for (let i = 0; i < 100; i++) self.after(10 + i, 'never');
  });
  clock.settle();
  expect(system.counters().timers).toBe(100);
  a.tell((self) => self.stop());
  clock.advance(1000);
  expect(log).toEqual(['a:stopped']);
  expect(system.counters()).toMatchObject({ timers: 0, deadLetters: 0 });
});

test('a timer of NaN ms is a bug of its actor', () => {
  const { clock, crashes, system } = rig();
  system.spawn('a', new Probe<string>('a', [])).tell((self) => self.after(Number.NaN, 'x'));
  clock.settle();
  expect(crashes).toMatchObject([{ path: '/a', during: 'receive', error: { message: 'a timer of NaN ms' } }]);
});

test('a timer armed outside any step wakes the loop all the same', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  let kept: Context<string> | undefined;
  system.spawn('a', new Probe<string>('a', log)).tell((self) => {
    kept = self;
  });
  clock.settle();
  kept!.after(10, 'rang');
  clock.advance(10);
  expect(log).toEqual(['a:rang']);
});
