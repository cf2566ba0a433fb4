import { expect, test } from 'vitest';
import type { ActorRef, Context } from '../../../src/actors/runtime/index.ts';
import { Probe, rig } from './rig.ts';

test('messages are read in the order they were told, and never inside tell', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const a = system.spawn('a', new Probe<number>('a', log));
  for (let i = 0; i < 1000; i++) a.tell(i);
  expect(log).toEqual([]);
  clock.settle();
  expect(log).toEqual(Array.from({ length: 1000 }, (_, i) => `a:${i}`));
});

test('what is told during a step waits its turn', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const a = system.spawn('a', new Probe<string>('a', log));
  a.tell((self) => {
    self.tell('second');
    log.push('first');
  });
  clock.settle();
  expect(log).toEqual(['first', 'a:second']);
});

test('a full mailbox drops packets and counts them, and takes every command', () => {
  const { clock, system } = rig({ mailbox: 2 });
  const log: string[] = [];
  const a = system.spawn('a', new Probe<string>('a', log));
  expect([a.offer('p1'), a.offer('p2'), a.offer('p3')]).toEqual([true, true, false]);
  a.tell('c1');
  expect(a.offer('p4')).toBe(false);
  expect(system.counters()).toMatchObject({ waiting: 3, dropped: 2 });
  clock.settle();
  expect(log).toEqual(['a:p1', 'a:p2', 'a:c1']);
  expect(a.offer('p5')).toBe(true);
  expect(system.counters()).toMatchObject({ dropped: 2, deadLetters: 0 });
});

test('mail for the dead is discarded and counted', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const a = system.spawn('a', new Probe<string>('a', log));
  a.tell((self) => self.stop());
  a.tell('unread');
  clock.settle();
  a.tell('late');
  expect(a.offer('late packet')).toBe(false);
  clock.settle();
  expect(log).toEqual(['a:stopped']);
  expect(a.hasEnded).toBe(true);
  expect(system.counters()).toMatchObject({ actors: 0, deadLetters: 3, dropped: 0, waiting: 0 });
});

test('a path names the parents, also after the end', () => {
  const { clock, system } = rig();
  let child: ActorRef<unknown> | undefined;
  const parent = system.spawn('connections', {
    started(self: Context<never>) {
      child = self.spawn('west-east', new Probe('w', []));
    },
    receive() {},
  });
  clock.settle();
  expect(parent.path).toBe('/connections');
  expect(child?.path).toBe('/connections/west-east');
  expect(child?.name).toBe('west-east');
  system.stop(parent);
  clock.settle();
  expect(child?.path).toBe('/connections/west-east');
});

test('a flood for one actor delays another by one turn', () => {
  const { clock, system } = rig({ messagesPerTurn: 4 });
  const log: string[] = [];
  const flooded = system.spawn('f', new Probe<number>('f', log));
  const quiet = system.spawn('q', new Probe<string>('q', log));
  for (let i = 0; i < 100; i++) flooded.tell(i);
  quiet.tell('here');
  clock.settle();
  expect(log.indexOf('q:here')).toBe(4);
  expect(log).toHaveLength(101);
});

test('two actors that talk for ever leave the loop to others after each slice', () => {
  const { clock, system } = rig({ messagesPerTurn: 4, messagesPerSlice: 10 });
  const log: string[] = [];
  const a = system.spawn('a', new Probe<string>('a', log));
  const again = (self: Context<string>) => {
    log.push('again');
    (self as unknown as typeof a).tell(again);
  };
  a.tell(again);
  let socketServed = -1;
  clock.soon(() => {
    socketServed = log.length;
  });
  expect(() => clock.settle()).toThrow(/not settled/);
  expect(socketServed).toBe(10);
});

test('what an actor tells itself soon comes after the loop has looked at its sockets', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const worker = system.spawn<number>('worker', {
    receive(part, self) {
      log.push(`part ${part}`);
      if (part === 1) clock.soon(() => log.push('socket'));
      if (part < 3) self.soon(part + 1);
      else self.stop();
    },
  });
  worker.tell(1);
  clock.settle();
  expect(log).toEqual(['part 1', 'socket', 'part 2', 'part 3']);
});

test('a slice ends when its time is over, whatever its count', () => {
  const { clock, system } = rig({ sliceMs: 4 });
  const log: string[] = [];
  const a = system.spawn('slow', new Probe<string>('a', log));
  for (let i = 0; i < 10; i++) a.tell(() => void log.push(`${clock.elapse(3)}`));
  let served = -1;
  clock.soon(() => {
    served = log.length;
  });
  clock.settle();
  expect(served).toBe(2);
  expect(log).toHaveLength(10);
  expect(system.counters()).toMatchObject({ slices: 5, messages: 10, longestStepMs: 3, longestStepPath: '/slow' });
});

test('slow actors share a slice, they do not each have one', () => {
  const { clock, system } = rig({ sliceMs: 4 });
  let steps = 0;
  for (let i = 0; i < 10; i++) {
    system.spawn(`${i}`, new Probe<string>(`${i}`, [])).tell(() => {
      clock.elapse(3);
      steps++;
    });
  }
  let served = -1;
  clock.soon(() => {
    served = steps;
  });
  clock.settle();
  expect(served).toBe(2);
  expect(steps).toBe(10);
});
