import { expect, test } from 'vitest';
import { Loader } from '../../src/actors/loader.ts';
import { conn, connsIn, EAST, town, WEST } from './town.ts';

const started = conn('w-e', { auto: 'start' });

test('a conn with auto=start that is nobody’s here begins when its address has come', () => {
  const { west, clock } = town({ both: '' });
  const { interfaces } = west;
  west.interfaces = [];
  west.load(started);
  clock.settle();
  expect(west.log.at(-1)).toBe(
    `"w-e": added unoriented IKEv2 connection (neither left=${WEST} nor right=${EAST} match an interface)`,
  );
  west.interfaces = interfaces;
  west.connections.reorient();
  clock.settle();
  expect(west.log).toContainEqual(expect.stringMatching(/^"w-e" #1: initiating IKEv2 connection/));
});

test('many conns are loaded a few to a step, and one that is refused stops nothing', () => {
  const { west, clock } = town({ both: '' });
  const refused: string[] = [];
  const text = Array.from({ length: 120 }, (_, i) => conn(`c${i}`, { ...(i === 7 ? { authby: 'rsasig' } : {}) })).join(
    '',
  );
  west.system.spawn('loader', new Loader(connsIn(text), west.connections, (why) => refused.push(why)));
  expect(west.world.registry.size).toBe(0);
  clock.settle();
  expect(west.world.registry.size).toBe(119);
  expect(refused).toEqual(['"c7": failed to add connection: only authby=secret is supported yet']);
});
