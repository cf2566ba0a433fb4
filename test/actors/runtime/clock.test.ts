import { expect, test } from 'vitest';
import { ActorSystem, type Reply, realClock, TestClock } from '../../../src/actors/runtime/index.ts';
import { type Act, Probe } from './rig.ts';

test('the real clock runs what it was asked to, later, and not what was cancelled', async () => {
  const clock = realClock();
  const log: string[] = [];
  const start = clock.now();
  clock.alarm(start + 1, () => log.push('cancelled')).cancel();
  await new Promise<void>((resolve) => {
    clock.alarm(start + 5, resolve);
    clock.soon(() => log.push('soon'));
    log.push('first');
  });
  expect(log).toEqual(['first', 'soon']);
  expect(clock.now()).toBeGreaterThan(start);
});

test('a system lives on the real clock as it does on a test clock', async () => {
  const system = new ActorSystem({ clock: realClock(), report: (crash) => expect.unreachable(String(crash.error)) });
  const log: string[] = [];
  const a = system.spawn('a', new Probe<Reply<string>>('a', log));
  const answer = await system.ask(
    a,
    (reply: Reply<string>): Act<Reply<string>> =>
      (self) => {
        self.cancel(self.after(1, () => log.push('cancelled')));
        self.after(5, () => reply('after a timer'));
      },
    60_000,
  );
  expect(answer).toEqual({ ok: true, value: 'after a timer' });
  expect(await system.shutdown(60_000)).toMatchObject({ forced: 0, stuck: [] });
  expect(log).toEqual(['a:stopped']);
});

test('a test clock runs what is due in order of time, then of asking, each at its own time', () => {
  const clock = new TestClock(1_000_000);
  const log: string[] = [];
  const note = (what: string) => () => void log.push(`${what}@${clock.now()}`);
  clock.alarm(20, note('c'));
  clock.alarm(10, note('a'));
  clock.alarm(10, () => {
    note('b')();
    clock.soon(note('soon'));
    clock.alarm(15, note('new'));
  });
  clock.alarm(21, note('never'));
  clock.advance(20);
  expect(log).toEqual(['a@10', 'b@10', 'soon@10', 'new@15', 'c@20']);
  expect(clock.wall()).toBe(1_000_020);
  expect(clock.runUntilIdle(0)).toBe(false);
  expect(clock.runUntilIdle(100)).toBe(true);
  expect(clock.now()).toBe(21);
});
