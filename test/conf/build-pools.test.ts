import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRange } from '../../src/conf/address-text.ts';
import { Pools } from '../../src/conf/build-pools.ts';
import { loadConfig } from '../../src/conf/load.ts';
import { memoryFiles } from './memory-files.ts';

const range = (text: string) => parseRange(text)!;

test('a pool may be shared, and stand beside others', () => {
  const pools = new Pools();
  const ranges = ['10.0.0.0/24', '10.0.2.0/24', '10.0.1.0/24', '10.0.0.0/24', '2001:db8::/64', '10.0.1.0/24', '::/8'];
  expect(ranges.map((text) => pools.add(range(text), text))).toEqual(Array(7).fill(undefined));
});

test.each(['10.0.1.0-10.0.1.1', '10.0.0.255-10.0.1.0', '10.0.1.255-10.0.9.0', '10.0.0.0/8', '10.0.1.7'])(
  '%s overlaps',
  (text) => {
    const pools = new Pools();
    for (const known of ['10.0.1.0/24', '10.9.0.0/16']) expect(pools.add(range(known), known)).toBeUndefined();
    expect(pools.add(range(text), 'c')).toBe('10.0.1.0/24');
  },
);

test('whatever has been taken in, no two overlap', () => {
  const octet = fc.integer({ min: 1, max: 60 });
  fc.assert(
    fc.property(fc.array(fc.tuple(octet, octet), { maxLength: 30 }), (pairs) => {
      const pools = new Pools();
      const kept: [number, number][] = [];
      for (const [a, b] of pairs) {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const clash = kept.some(([x, y]) => from <= y && x <= to && (from !== x || to !== y));
        const other = pools.add(range(`10.0.0.${from}-10.0.0.${to}`), 'c');
        expect(other !== undefined).toBe(clash);
        if (!clash) kept.push([from, to]);
      }
    }),
  );
});

test('of a file it is said, and leaves the conns as they are', () => {
  const conn = (name: string, pool: string) =>
    `conn ${name}\n\tleft=192.0.2.1\n\tright=%any\n\tauthby=secret\n\trightaddresspool=${pool}\n`;
  const text = conn('a', '10.0.0.1-10.0.0.9') + conn('b', '10.0.0.5-10.0.0.20') + conn('c', '10.0.0.1-10.0.0.9');
  const { conns, problems } = loadConfig('/c', memoryFiles({ '/c': text }));
  expect(conns.length).toBe(3);
  expect(problems.filter((p) => p.text.includes('overlaps'))).toMatchObject([
    { line: 10, text: 'rightaddresspool=: it overlaps the pool of conn "a", and is not the same' },
  ]);
});
