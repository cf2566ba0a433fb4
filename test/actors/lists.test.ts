import fc from 'fast-check';
import { expect, test } from 'vitest';
import { excluding, type Few, find, including, listOf, NONE } from '../../src/actors/lists.ts';

test('few items are a list of them', () => {
  interface Item {
    readonly n: number;
  }
  const operation = fc.record({ n: fc.integer({ min: 0, max: 4 }), adds: fc.boolean() });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
      let few: Few<Item> = NONE;
      let model: Item[] = [];
      for (const { n, adds } of operations) {
        few = adds ? including(few, { n }) : excluding(few, (item) => item.n === n);
        model = adds ? [...model, { n }] : model.filter((item) => item.n !== n);
        expect(listOf(few)).toEqual(model);
        expect(find(few, (item) => item.n === n)).toEqual(model.find((item) => item.n === n));
        // What it is for.
        expect(Array.isArray(few)).toBe(model.length !== 1);
      }
    }),
  );
});
