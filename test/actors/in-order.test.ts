import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inOrder } from '../../src/actors/in-order.ts';

/** Draws it out; how often it paused, and what came. */
function drawn<T>(items: Iterable<T>, key: (item: T) => string): { readonly pauses: number; readonly items: T[] } {
  const sorting = inOrder(items, key);
  for (let pauses = 0; ; pauses++) {
    const { value, done } = sorting.next();
    if (done) return { pauses, items: [...value] };
  }
}

test('any items come in the order of their keys, each once', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 4 }), { maxLength: 3000 }), (keys) => {
      const items = keys.map((key, n) => ({ key, n }));
      const sorted = drawn(items, (item) => item.key).items;
      expect(sorted.map((i) => i.key)).toEqual([...keys].sort());
      expect(new Set(sorted.map((i) => i.n)).size).toBe(keys.length);
    }),
    { numRuns: 50 },
  );
});

test('it pauses after each piece, and merges no more than is asked for', () => {
  const items = Array.from({ length: 5000 }, (_, n) => `${(n * 7919) % 5000}`.padStart(4, '0'));
  expect(drawn(items, (item) => item).pauses).toBe(9);
  let asked = 0;
  const sorting = inOrder(items, (item) => {
    asked++;
    return item;
  });
  let step = sorting.next();
  while (!step.done) step = sorting.next();
  const before = asked;
  for (const item of step.value) {
    expect(item).toBe('0000');
    break;
  }
  expect(asked - before).toBeLessThan(60);
});
