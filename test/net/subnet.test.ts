import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Address } from '../../src/net/address.ts';
import { Subnet, subnetsOfRange } from '../../src/net/subnet.ts';
import { addressOf, family, rangeOf, subnet } from './arbitrary.ts';

describe('Subnet', () => {
  test.each([
    ['10.0.1.0/24', '10.0.1.0', '10.0.1.255'],
    ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
    ['2001:db8::/32', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['::/0', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%s goes from %s to %s', (text, first, last) => {
    const parsed = Subnet.parse(text)!;
    expect([`${parsed.address}`, `${parsed.last}`]).toEqual([first, last]);
  });

  test.each([
    '',
    '/24',
    '10.0.1.1/24',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/0x8',
  ])('%j is no subnet', (text) => expect(Subnet.parse(text)).toBeUndefined());

  test('comes back from its text, and has no host bits', () => {
    fc.assert(
      fc.property(subnet, (s) => {
        expect(Subnet.parse(`${s}`)?.equals(s)).toBe(true);
        expect(s.contains(s.address) && s.contains(s.last)).toBe(true);
      }),
    );
  });

  test('contains what lies between its ends, and nothing of the other family', () => {
    fc.assert(
      fc.property(subnet, family.chain(addressOf), (s, a) => {
        const isBetween = a.family === s.family && s.address.compare(a) <= 0 && a.compare(s.last) <= 0;
        expect(s.contains(a)).toBe(isBetween);
      }),
    );
  });
});

describe('a range as blocks', () => {
  test.each([
    ['10.0.0.0', '10.0.0.255', ['10.0.0.0/24']],
    ['10.0.0.1', '10.0.0.1', ['10.0.0.1/32']],
    ['10.0.0.5', '10.0.0.9', ['10.0.0.5/32', '10.0.0.6/31', '10.0.0.8/31']],
    ['0.0.0.0', '255.255.255.255', ['0.0.0.0/0']],
    ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', ['::/0']],
    ['255.255.255.255', '255.255.255.255', ['255.255.255.255/32']],
  ])('%s to %s', (start, end, blocks) => {
    expect(subnetsOfRange(Address.parse(start)!, Address.parse(end)!).map(String)).toEqual(blocks);
  });

  test('covers the range and nothing else, in order, and no two of them are one', () => {
    fc.assert(
      fc.property(family.chain(rangeOf), ({ start, end }) => {
        const blocks = subnetsOfRange(start, end);
        let next = start.toBigInt();
        for (const block of blocks) {
          expect(block.address.toBigInt()).toBe(next);
          next = block.last.toBigInt() + 1n;
        }
        expect(next).toBe(end.toBigInt() + 1n);
        for (let i = 1; i < blocks.length; i++) {
          const [a, b] = [blocks[i - 1], blocks[i]];
          const isMergeable = a.prefix === b.prefix && Subnet.of(a.address, a.prefix - 1).contains(b.address);
          expect(isMergeable).toBe(false);
        }
        expect(blocks.length).toBeLessThanOrEqual(2 * start.bits);
      }),
    );
  });
});
