import { expect, test } from 'vitest';
import { type ActorRef, ActorSystem, type Context, type Ended, TestClock } from '../../../src/actors/runtime/index.ts';
import { type Act, Probe, rig } from './rig.ts';

const boom = () => {
  throw new Error('boom');
};
const said = (end: Ended) => `${end.ref.path} ${end.why}`;

/** parent ─ older, younger; each a probe with one log. */
function family() {
  const r = rig();
  const log: string[] = [];
  const children: ActorRef<string | Act<string>>[] = [];
  const parent = r.system.spawn('parent', new Probe<string>('parent', log));
  parent.tell((self) => {
    for (const name of ['older', 'younger']) children.push(self.spawn(name, new Probe<string>(name, log)));
  });
  r.clock.settle();
  return { ...r, log, parent, older: children[0], younger: children[1] };
}

test('a throw ends one actor, is reported once with its path, and the others go on', () => {
  const { clock, crashes, system, log, parent, older, younger } = family();
  older.tell(boom);
  older.tell('unread');
  younger.tell('alive');
  parent.tell('alive');
  clock.settle();
  expect(crashes).toEqual([{ path: '/parent/older', during: 'receive', message: boom, error: new Error('boom') }]);
  expect(log).toEqual(['older:crashed', 'younger:alive', 'parent:alive']);
  expect(system.counters()).toMatchObject({ crashes: 1, deadLetters: 1, actors: 2 });
});

test('children end with their parent, the youngest first', () => {
  const { clock, system, log, parent } = family();
  parent.tell(boom);
  clock.settle();
  expect(log).toEqual(['younger:stopped', 'older:stopped', 'parent:crashed']);
  expect(system.counters()).toMatchObject({ crashes: 1, actors: 0 });
});

test('watchers are told how it ended, once, and also when it had ended before', () => {
  const { clock, system, log, parent, older, younger } = family();
  const watcher = system.spawn('w', new Probe<string>('w', log));
  watcher.tell((self) => {
    self.watch(older, said);
    self.watch(younger, said);
    self.watch(parent, said);
    self.unwatch(parent);
  });
  clock.settle();
  older.tell(boom);
  system.stop(younger);
  clock.settle();
  watcher.tell((self) => self.watch(older, said));
  system.stop(parent);
  clock.settle();
  expect(log.filter((line) => line.startsWith('w:'))).toEqual([
    'w:/parent/older crashed',
    'w:/parent/younger stopped',
    'w:/parent/older crashed',
  ]);
});

test('a watcher that ended is not told, and not remembered', () => {
  const { clock, system, log, older } = family();
  for (let i = 0; i < 3; i++) {
    const watcher = system.spawn(`w${i}`, new Probe<string>(`w${i}`, log));
    watcher.tell((self) => self.watch(older, said));
    clock.settle();
    if (i !== 1) system.stop(watcher);
    clock.settle();
  }
  older.tell(boom);
  clock.settle();
  expect(log).toEqual(['w0:stopped', 'w2:stopped', 'older:crashed', 'w1:/parent/older crashed']);
  expect(system.counters().deadLetters).toBe(0);
});

test('a throw while stopping, at the end or in a watcher is contained', () => {
  const { clock, crashes, system } = rig();
  const log: string[] = [];
  const stopping = system.spawn('stopping', { receive() {}, stopping: boom });
  const stopped = system.spawn('stopped', { receive() {}, stopped: boom });
  const started = system.spawn('started', { receive() {}, started: boom });
  const careless = system.spawn('careless', new Probe<string>('careless', log));
  const careful = system.spawn('careful', new Probe<string>('careful', log));
  careful.tell((self) => self.watch(stopped, said));
  careless.tell((self) => self.watch(stopped, boom));
  clock.settle();
  system.stop(stopping);
  system.stop(stopped);
  clock.settle();
  expect(crashes.map((c) => `${c.path} ${c.during}`)).toEqual([
    '/started started',
    '/stopping stopping',
    '/stopped stopped',
    '/careless watch',
  ]);
  expect([started, stopping, stopped, careless].every((ref) => ref.hasEnded)).toBe(true);
  expect(log).toEqual(['careless:crashed', 'careful:/stopped stopped']);
});

test('a grandparent whose watch throws while its family ends does not hang the end', () => {
  const { clock, crashes, system, log, parent } = family();
  parent.tell((self) => {
    const middle = self.spawn('middle', new Probe<string>('middle', log));
    middle.tell((m) => self.watch(m.spawn('leaf', new Probe<string>('leaf', log)), boom));
    middle.tell(boom);
  });
  clock.settle();
  expect(crashes.map((c) => `${c.path} ${c.during}`)).toEqual(['/parent/middle receive', '/parent watch']);
  expect(system.counters().actors).toBe(0);
});

test('a report that throws is counted and goes no further', () => {
  const clock = new TestClock();
  const system = new ActorSystem({ clock, report: boom });
  const a = system.spawn('a', { receive: boom });
  a.tell(1);
  clock.settle();
  expect(a.hasEnded).toBe(true);
  expect(system.counters()).toMatchObject({ crashes: 1, reportsLost: 1 });
});

test('a child of one that has ended is born dead, and its watchers know', () => {
  const { clock, log, older, parent } = family();
  let kept: Context<string> | undefined;
  older.tell((self) => {
    kept = self;
    self.stop();
  });
  clock.settle();
  const orphan = kept!.spawn('orphan', new Probe<string>('orphan', log));
  parent.tell((self) => self.watch(orphan, said));
  clock.settle();
  expect(log).toEqual(['older:stopped', 'orphan:stopped', 'parent:/parent/older/orphan stopped']);
});
