import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bitsOf, Numbers } from '../../src/conf/secret-numbers.ts';

const big = (octets: Uint8Array) => BigInt(`0x00${Buffer.from(octets).toString('hex')}`);
const value = (words: Uint32Array) => words.reduceRight((sum, word) => (sum << 16n) | BigInt(word), 0n);
const octets = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.nat(40).map((length) => new Uint8Array(length).fill(0xff)),
);

test('sums and remainders are those of bigint', () => {
  fc.assert(
    fc.property(octets, octets, (a, b) => {
      const numbers = new Numbers();
      const [x, y] = [numbers.of(a), numbers.of(b)];
      expect([value(x), value(y)]).toEqual([big(a), big(b)]);
      expect(value(numbers.product(x, y))).toBe(big(a) * big(b));
      expect(numbers.equal(x, y)).toBe(big(a) === big(b));
      expect([numbers.isZero(x), numbers.isOne(x)]).toEqual([big(a) === 0n, big(a) === 1n]);
      if (big(b) === 0n) return;
      expect(value(numbers.remainder(x, y))).toBe(big(a) % big(b));
      expect(value(numbers.less1(y))).toBe(big(b) - 1n);
    }),
  );
});

test('nothing is left after a wipe', () => {
  const numbers = new Numbers();
  const x = numbers.of(Uint8Array.of(1, 2, 3));
  const made = [x, numbers.product(x, x), numbers.remainder(numbers.product(x, x), x), numbers.less1(x)];
  numbers.wipe();
  expect(made.every((words) => words.every((word) => word === 0))).toBe(true);
});

test.each([
  ['', 0],
  ['01', 1],
  ['80', 8],
  ['ff00', 16],
  ['010000', 17],
])('%j has %i bits', (hex, bits) => expect(bitsOf(Buffer.from(hex, 'hex'))).toBe(bits));
