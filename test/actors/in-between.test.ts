/** Long work goes in slices, and whack does not wait for it: what happens to connections in between. */
import { describe, expect, test } from 'vitest';
import { Loading } from '../../src/actors/loading.ts';
import { RC } from '../../src/control/reply-codes.ts';
import { memoryFiles } from '../conf/memory-files.ts';
import { Heard } from './heard.ts';
import { conn, EAST, type House, town } from './town.ts';

/** After the connection that a test is about, so many that a look at all takes some slices. */
const MANY = Array.from({ length: 2000 }, (_, i) =>
  conn(`c${i}`, { leftsubnet: `172.${16 + (i >> 8)}.${i & 255}.0/24` }),
).join('');
const busyTown = () => town({ west: { conf: conn() + MANY } });

/** Asks, and does something else some turns of the event loop later. */
function meanwhile(house: House, request: Parameters<House['whack']>[0], turns: number, act: () => void): Heard {
  const heard = new Heard();
  house.control.handle(request, heard);
  const wait = (left: number) => house.clock.soon(() => (left === 0 ? act() : wait(left - 1)));
  wait(turns);
  house.clock.settle();
  house.clock.advance(100);
  return heard;
}

describe('a connection is deleted while all are looked through', () => {
  test.each([
    ['oppo', { kind: 'oppo', here: '10.0.1.1', there: '10.0.2.1' }, RC.OPPOFAILURE],
    ['deleteid', { kind: 'deleteid', name: '@east' }, 0],
  ] as const)('for %s: nothing comes of it', (_, request, exit) => {
    const { west } = busyTown();
    const { actors } = west.system.counters();
    const heard = meanwhile(west, request, 3, () => west.connections.remove(west.world.registry.named('w-e')!));
    expect(heard.exit).toBe(exit);
    expect([west.world.switchboard.size, west.system.counters().actors]).toEqual([0, actors]);
  });

  test('for deleteid: nobody waits for the one that is gone', () => {
    const { west } = busyTown();
    west.whack({ kind: 'initiate', name: 'w-e' });
    const gone = west.world.registry.named('w-e')!;
    expect(meanwhile(west, { kind: 'deleteid', name: '@east' }, 3, () => west.connections.remove(gone)).exit).toBe(0);
  });

  test('for which end is ours: it does not come back', () => {
    const { west, clock } = town({ both: '' });
    const { interfaces } = west;
    west.interfaces = [];
    west.load(MANY);
    west.interfaces = interfaces;
    west.connections.reorient();
    const deleted: string[] = [];
    const deleteNext = () => {
      const next = [...west.world.registry.entries()].find(({ side }) => !side);
      if (!next) return;
      deleted.push(next.conn.name);
      west.connections.remove(next);
      clock.soon(deleteNext);
    };
    clock.soon(deleteNext);
    clock.advance(100);
    expect(deleted.length).toBeGreaterThan(3);
    expect(deleted.filter((name) => west.world.registry.named(name))).toEqual([]);
  });
});

test('pluto shuts down in the midst of a load: the rest is not passed off as loaded', () => {
  const { west, clock } = town();
  const { world, connections } = west;
  const heard = new Heard();
  new Loading({ world, connections, fs: memoryFiles({ '/ipsec.conf': MANY }) }).load(
    { kind: 'load', config: '/ipsec.conf' },
    heard,
  );
  const leaveInBetween = () => (world.registry.size < 10 ? clock.soon(leaveInBetween) : west.leave());
  leaveInBetween();
  clock.settle();
  expect(heard.exit).toBe(RC.FATAL);
  expect(heard.text).toBe('not done to the end: pluto is shutting down');
  expect(west.crashes).toEqual([]);
});

test('of a connection that is deleted nothing is left that it was told', () => {
  const { west } = town();
  west.whack({ kind: 'debug', set: ['all'], clear: [], name: 'w-e' });
  west.whack({ kind: 'delete', name: 'w-e' });
  expect(west.world.debugging.any).toBe(false);
});

test('a template told to initiate while nobody listens gets no instance', () => {
  const { west } = town({ both: conn('road', { right: '%any', rightsubnet: undefined }) });
  west.unlisten();
  expect(west.whack({ kind: 'initiate', name: 'road', remoteHost: EAST }).exit).toBe(RC.DEAF);
  expect(west.world.registry.instancesOf(west.world.registry.named('road')!)).toEqual([]);
});
