import { expect, test } from 'vitest';
import type { ActorRef } from '../../../src/actors/runtime/index.ts';
import { type Act, Probe, rig } from './rig.ts';

class Patient extends Probe<string> {
  standsBack = true;
}

const take =
  (ms: number, elapse: (ms: number) => void): Act<string> =>
  () =>
    elapse(ms);

test('those that stand back have their turns after all others, also when they came first', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const patients = ['p', 'q'].map((name) => system.spawn(name, new Patient(name, log)));
  const others = ['a', 'b', 'c'].map((name) => system.spawn(name, new Probe<string>(name, log)));
  for (const one of [...patients, ...others]) one.tell('x');
  clock.settle();
  expect(log).toEqual(['a:x', 'b:x', 'c:x', 'p:x', 'q:x']);
});

test('they have one turn in sixteen, however much the others have to read', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  system.spawn('p', new Patient('p', log)).tell('x');
  const busy = ['a', 'b'].map((name) => system.spawn(name, new Probe<string>(name, log)));
  const again =
    (one: ActorRef<string | Act<string>>, left: number): Act<string> =>
    () => {
      log.push(one.name);
      if (left > 0) one.tell(again(one, left - 1));
    };
  for (const one of busy) one.tell(again(one, 50));
  clock.settle();
  expect(log.indexOf('p:x')).toBe(15);
});

test('one that stands back no more is in line with the others', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const behavior = new Patient('p', log);
  const p = system.spawn('p', behavior);
  p.tell('before');
  clock.settle();
  behavior.standsBack = false;
  const a = system.spawn('a', new Probe<string>('a', log));
  p.tell('after');
  a.tell('x');
  clock.settle();
  expect(log).toEqual(['p:before', 'p:after', 'a:x']);
});

test('how long they wait is known while they do, and over when nobody waits', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const a = system.spawn('a', new Probe<string>('a', log));
  const p = system.spawn('p', new Patient('p', log));
  p.tell('x');
  expect(system.lag).toBe(0);
  clock.elapse(30);
  expect(system.lag).toBe(30);
  a.tell(take(70, (ms) => clock.elapse(ms)));
  a.tell(() => log.push(`${system.lag}`));
  clock.settle();
  expect(log).toEqual(['100', 'p:x']);
  expect(system.lag).toBe(0);
});

test('how many of them wait is known, and looked at when all have had their turns', () => {
  const { clock, system } = rig();
  const log: string[] = [];
  const seen: number[] = [];
  for (const name of ['a', 'b', 'c']) system.spawn(name, new Patient(name, log)).tell('x');
  system.spawn('d', new Probe<string>('d', log)).tell('x');
  expect(system.backlog).toBe(3);
  system.afterTurns(() => seen.push(system.backlog));
  clock.settle();
  expect(system.backlog).toBe(0);
  expect(seen).toEqual([0]);
});
