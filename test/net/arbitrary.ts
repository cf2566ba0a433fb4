import fc from 'fast-check';
import { Address, type Family } from '../../src/net/address.ts';
import { Selector } from '../../src/net/selector.ts';
import { Subnet } from '../../src/net/subnet.ts';

export const family: fc.Arbitrary<Family> = fc.constantFrom<Family>(4, 6);

/** Any address of the family, the edges more often than chance would. */
export const addressOf = (f: Family): fc.Arbitrary<Address> => {
  const max = (1n << (f === 4 ? 32n : 128n)) - 1n;
  const value = fc.oneof(fc.bigInt(0n, max), fc.bigInt(0n, 300n), fc.bigInt(max - 300n, max));
  return value.map((v) => Address.fromBigInt(f, v));
};
export const address = family.chain(addressOf);

export const rangeOf = (f: Family) =>
  fc
    .tuple(addressOf(f), addressOf(f))
    .map(([a, b]) => (a.compare(b) <= 0 ? { start: a, end: b } : { start: b, end: a }));

export const subnet = family.chain((f) =>
  fc.tuple(addressOf(f), fc.integer({ min: 0, max: f === 4 ? 32 : 128 })).map(([a, prefix]) => Subnet.of(a, prefix)),
);

const ports = fc.oneof(
  fc.constant([0, 65535] as const),
  fc.constant([65535, 0] as const),
  fc.tuple(fc.nat(65535), fc.nat(65535)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
);

export const selectorOf = (f: Family) =>
  fc
    .tuple(rangeOf(f), fc.constantFrom(0, 1, 6, 17), ports)
    .map(([{ start, end }, protocol, [from, to]]) => new Selector(start, end, protocol, from, to));
