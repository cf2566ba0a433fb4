import { expect, test } from 'vitest';
import type { Behavior, Context, Reply } from '../../../src/actors/runtime/index.ts';
import { rig } from './rig.ts';

type Msg = { t: 'double'; n: number; reply: Reply<number> } | { t: 'sit on'; reply: Reply<number> } | { t: 'die' };

class Oracle implements Behavior<Msg> {
  kept: Reply<number> | undefined;

  receive(message: Msg, self: Context<Msg>): void {
    switch (message.t) {
      case 'double':
        message.reply(message.n * 2);
        break;
      case 'sit on':
        this.kept = message.reply;
        break;
      case 'die':
        self.stop();
    }
  }
}

function oracle() {
  const r = rig();
  const behavior = new Oracle();
  const ref = r.system.spawn('oracle', behavior);
  return {
    ...r,
    behavior,
    ref,
    sitOn: () => r.system.ask(ref, (reply: Reply<number>) => ({ t: 'sit on', reply }), 1000),
  };
}

test('ask brings back the answer, and leaves nothing behind', async () => {
  const { clock, system, ref } = oracle();
  const answer = system.ask(ref, (reply: Reply<number>) => ({ t: 'double', n: 21, reply }), 1000);
  clock.settle();
  expect(await answer).toEqual({ ok: true, value: 42 });
  expect(system.counters()).toMatchObject({ actors: 1, timers: 0, deadLetters: 0 });
});

test('ask gives up at its deadline, and a late answer does nothing', async () => {
  const { clock, system, behavior, sitOn } = oracle();
  const answer = sitOn();
  clock.advance(999);
  expect(system.counters().timers).toBe(1);
  clock.advance(1);
  expect(await answer).toEqual({ ok: false, why: 'deadline' });
  behavior.kept!(1);
  clock.settle();
  expect(system.counters()).toMatchObject({ actors: 1, timers: 0 });
});

test('ask of an actor that ends, or has ended, says so without waiting', async () => {
  const { clock, system, ref, sitOn } = oracle();
  const first = sitOn();
  ref.tell({ t: 'die' });
  clock.settle();
  expect(await first).toEqual({ ok: false, why: 'stopped' });
  const second = sitOn();
  clock.settle();
  expect(await second).toEqual({ ok: false, why: 'stopped' });
  expect(system.counters()).toMatchObject({ actors: 0, timers: 0 });
});

test('shutdown answers those who still wait, and those who ask afterwards', async () => {
  const { clock, system, sitOn } = oracle();
  const pending = sitOn();
  const down = system.shutdown(100);
  clock.settle();
  expect(await pending).toEqual({ ok: false, why: 'stopped' });
  expect((await down).forced).toBe(0);
  expect(await sitOn()).toEqual({ ok: false, why: 'stopped' });
});

test('a question that cannot be built is thrown at the one who asks', () => {
  const { clock, system, ref } = oracle();
  const build = () => {
    throw new Error('no words');
  };
  expect(() => system.ask(ref, build, 10)).toThrow('no words');
  clock.settle();
  expect(system.counters().actors).toBe(1);
});
