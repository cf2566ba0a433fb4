import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Ranged, RangeIndex } from '../../src/actors/range-index.ts';
import { Address } from '../../src/net/address.ts';

const at = (n: number) => (n < 64 ? Address.fromBigInt(4, BigInt(n)) : Address.fromBigInt(6, BigInt(n)));
const range = (a: number, b: number) => ({ start: at(Math.min(a, b)), end: at(Math.max(a, b)) });
const place = fc.oneof(
  fc.tuple(fc.nat(63), fc.nat(63)),
  fc.tuple(fc.integer({ min: 64, max: 99 }), fc.integer({ min: 64, max: 99 })),
);

test('finds what a search through all of them would, whatever comes and goes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(place, fc.boolean()), { maxLength: 60 }),
      fc.array(place, { maxLength: 10 }),
      (all, asked) => {
        const index = new RangeIndex<number>();
        const there: { node: Ranged<number>; from: number; to: number }[] = [];
        all.forEach(([[a, b], goes], i) => {
          there.push({ node: index.add(range(a, b), i), from: Math.min(a, b), to: Math.max(a, b) });
          if (goes) index.remove(there.splice((i * 7) % there.length, 1)[0].node);
        });
        for (const [a, b] of asked) {
          const [from, to] = [Math.min(a, b), Math.max(a, b)];
          const expected = there.filter((one) => one.from <= to && from <= one.to).map(({ node }) => node.value);
          const found = new Set<number>();
          index.find(range(a, b), (value) => {
            found.add(value);
            return false;
          });
          expect([...found].toSorted((x, y) => x - y)).toEqual(expected);
          expect(index.find(range(a, b), () => true) === undefined).toBe(expected.length === 0);
        }
      },
    ),
  );
});

test('the steps of a search do not grow with what is there, in order or not', () => {
  let compared = 0;
  const counted = (n: number) => {
    const address = Address.fromBigInt(4, BigInt(n));
    const compare = address.compare.bind(address);
    return Object.assign(address, { compare: (other: Address) => compare(other) + 0 * compared++ });
  };
  for (const step of [1, 7_919]) {
    const index = new RangeIndex<number>();
    const count = 20_000;
    const nodes = Array.from({ length: count }, (_, i) => {
      const net = 256 * ((i * step) % count);
      return index.add({ start: counted(net), end: counted(net + 255) }, i);
    });
    const most = (act: (i: number) => void) => {
      const costs = Array.from({ length: 200 }, (_, i) => {
        compared = 0;
        act((i * 97) % count);
        return compared;
      });
      return Math.max(...costs);
    };
    const found: number[] = [];
    const search = most((i) => {
      const net = 256 * ((i * step) % count);
      index.find({ start: counted(net + 7), end: counted(net + 9) }, (value) => found.push(value) < 0);
    });
    expect(found).toHaveLength(200);
    expect(search).toBeLessThan(200);
    expect(most((i) => index.remove(nodes[i]))).toBeLessThan(400);
  }
});
