import { expect, test } from 'vitest';
import type { Behavior, Context } from '../../../src/actors/runtime/index.ts';
import { Probe, rig } from './rig.ts';

/** Needs `ms` to say good-bye; Infinity: never does. */
class Polite implements Behavior<'gone' | string> {
  readonly #name: string;
  readonly #ms: number;
  readonly #log: string[];

  constructor(name: string, ms: number, log: string[]) {
    this.#name = name;
    this.#ms = ms;
    this.#log = log;
  }

  stopping(self: Context<string>): void {
    this.#log.push(`${this.#name}:stopping`);
    self.after(this.#ms, 'gone');
  }

  receive(message: string, self: Context<string>): void {
    if (message === 'gone') self.stop();
    else this.#log.push(`${this.#name}:${message}`);
  }

  stopped(): void {
    this.#log.push(`${this.#name}:stopped`);
  }
}

test('children before parents, the youngest first, mailboxes read to the end', async () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const kernel = system.spawn('kernel', new Probe<string>('kernel', log));
  const conns = system.spawn('conns', new Probe<string>('conns', log));
  conns.tell((self) => {
    for (const name of ['c1', 'c2']) self.spawn(name, new Probe<string>(name, log)).tell('last words');
  });
  kernel.tell('last words');
  clock.settle();
  log.length = 0;
  conns.tell('last words');
  const down = system.shutdown(1000);
  clock.settle();
  expect(log).toEqual(['conns:last words', 'c2:stopped', 'c1:stopped', 'conns:stopped', 'kernel:stopped']);
  expect(await down).toEqual({ forced: 0, stuck: [], tookMs: 0 });
  expect(system.counters()).toMatchObject({ actors: 0, deadLetters: 0 });
  expect(clock.runUntilIdle(10)).toBe(true);
});

test('siblings say good-bye side by side, top-level actors one after the other', async () => {
  const { clock, system } = rig();
  const log: string[] = [];
  system.spawn('kernel', new Polite('kernel', 100, log));
  const conns = system.spawn('conns', new Probe<string>('conns', log));
  conns.tell((self) => {
    for (let i = 0; i < 3; i++) self.spawn(`c${i}`, new Polite(`c${i}`, 200, log));
  });
  clock.settle();
  const down = system.shutdown(1000);
  clock.advance(199);
  expect(log).toEqual(['c2:stopping', 'c1:stopping', 'c0:stopping']);
  clock.advance(1000);
  expect(log.slice(3)).toEqual([
    'c2:stopped',
    'c1:stopped',
    'c0:stopped',
    'conns:stopped',
    'kernel:stopping',
    'kernel:stopped',
  ]);
  expect(await down).toEqual({ forced: 0, stuck: [], tookMs: 300 });
});

test('while it stops an actor still receives, and what it starts leaves with it', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const a = system.spawn('a', new Polite('a', 100, log));
  system.stop(a);
  system.stop(a);
  clock.settle();
  a.tell('the peer answered');
  clock.advance(100);
  expect(log).toEqual(['a:stopping', 'a:the peer answered', 'a:stopped']);
});

test('a parent that is on its way out takes a new child along', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const parent = system.spawn('parent', new Probe<string>('parent', log));
  parent.tell((self) => void self.spawn('slow', new Polite('slow', 100, log)));
  clock.settle();
  system.stop(parent);
  parent.tell((self) => void self.spawn('late', new Polite('late', 300, log)));
  clock.advance(250);
  expect(log).toEqual(['slow:stopping', 'late:stopping', 'slow:stopped']);
  clock.advance(50);
  expect(log.slice(3)).toEqual(['late:stopped', 'parent:stopped']);
});

test('who will not stop is ended at the deadline and named', async () => {
  const { clock, system } = rig();
  const log: string[] = [];
  system.spawn('kernel', new Probe<string>('kernel', log));
  const conns = system.spawn('conns', new Probe<string>('conns', log));
  conns.tell((self) => {
    self.spawn('stubborn', new Polite('stubborn', Number.POSITIVE_INFINITY, log));
    self.spawn('polite', new Polite('polite', 10, log));
  });
  clock.settle();
  const down = system.shutdown(1000);
  expect(system.shutdown(5)).toBe(down);
  clock.advance(999);
  expect(log).toEqual(['polite:stopping', 'stubborn:stopping', 'polite:stopped']);
  clock.advance(1);
  expect(log.slice(3)).toEqual(['stubborn:stopped', 'conns:stopped', 'kernel:stopped']);
  expect(await down).toEqual({ forced: 3, stuck: ['/conns/stubborn'], tookMs: 1000 });
});

test('a crash during shutdown does not hold it up', async () => {
  const { clock, crashes, system } = rig();
  const boom = () => {
    throw new Error('boom');
  };
  for (let i = 0; i < 3; i++) system.spawn(`a${i}`, { receive() {}, stopping: boom, stopped: boom });
  const down = system.shutdown(1000);
  clock.settle();
  expect((await down).forced).toBe(0);
  expect(crashes).toHaveLength(6);
});

test('after shutdown nothing starts', async () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const down = system.shutdown(1000);
  clock.settle();
  await down;
  const late = system.spawn('late', new Probe<string>('late', log));
  late.tell('hello?');
  clock.settle();
  expect(log).toEqual(['late:stopped']);
  expect(late.hasEnded).toBe(true);
});

test('a child that comes between the request to stop and its reading still says good-bye', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const parent = system.spawn('parent', new Probe<string>('parent', log));
  parent.tell((self) => void self.spawn('late', new Polite('late', 10, log)));
  system.stop(parent);
  clock.settle();
  expect(log).toEqual(['late:stopping']);
  clock.advance(10);
  expect(log).toEqual(['late:stopping', 'late:stopped', 'parent:stopped']);
});
