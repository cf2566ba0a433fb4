import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SpiTable } from '../../src/actors/spi-table.ts';

/** Few different SPIs, many collisions in the low bits. */
const spi = fc
  .tuple(fc.constantFrom(0, 1, 0x01000000), fc.constantFrom(0, 1, 0x40, 0x80, 0x10000), fc.nat(40))
  .map(([hi, stride, n]) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(hi, 0);
    bytes.writeUInt32BE((n * stride + n) >>> 0, 4);
    return bytes;
  });

const operation = fc.record({ op: fc.constantFrom('set', 'set', 'delete', 'find'), spi, value: fc.nat() });

test('a table is a Map, whatever is done to it in whatever order', () => {
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 600 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      (operations, seed) => {
        const table = new SpiTable<number>(seed);
        const model = new Map<string, number>();
        for (const { op, spi, value } of operations) {
          const key = spi.toString('hex');
          if (op === 'set') {
            table.set(spi, value);
            model.set(key, value);
          } else if (op === 'delete') {
            expect(table.delete(spi)).toBe(model.delete(key));
          } else {
            expect(table.find(spi)).toBe(model.get(key));
          }
          expect(table.size).toBe(model.size);
        }
        for (const [key, value] of model) expect(table.find(Buffer.from(key, 'hex'))).toBe(value);
        expect(table.values().sort()).toEqual([...model.values()].sort());
      },
    ),
  );
});

test('finds by eight octets in the midst of a packet', () => {
  const table = new SpiTable<string>();
  table.set(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 'x');
  expect(table.find(Uint8Array.of(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), 2)).toBe('x');
  expect(table.find(Uint8Array.of(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), 1)).toBeUndefined();
});

test('a million comings and goings of a hundred leave it small', () => {
  const table = new SpiTable<number>();
  const key = (n: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(Math.imul(n, 0x9e3779b1) >>> 0, 0);
    bytes.writeUInt32BE(n, 4);
    return bytes;
  };
  for (let n = 0; n < 200_000; n++) {
    table.set(key(n), n);
    if (n >= 100) expect(table.delete(key(n - 100))).toBe(true);
  }
  expect(table.size).toBe(100);
  for (let n = 199_900; n < 200_000; n++) expect(table.find(key(n))).toBe(n);
});
