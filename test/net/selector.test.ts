import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Address } from '../../src/net/address.ts';
import { Selector } from '../../src/net/selector.ts';
import { Subnet } from '../../src/net/subnet.ts';
import { addressOf, family, selectorOf } from './arbitrary.ts';

const net = (text: string, protocol?: number, from?: number, to?: number) =>
  Selector.ofSubnet(Subnet.parse(text)!, protocol, from, to);
const OPAQUE = [65535, 0] as const;

/** What a selector is for: whether it matches one packet. */
const matches = (s: Selector, a: Address, protocol: number, port: number) =>
  s.family === a.family &&
  s.start.compare(a) <= 0 &&
  a.compare(s.end) <= 0 &&
  (s.protocol === 0 || s.protocol === protocol) &&
  s.startPort <= port &&
  port <= s.endPort;

describe('Selector', () => {
  test.each([
    [net('10.0.1.0/24'), '10.0.1.0/24'],
    [net('10.0.1.1', 6, 80, 80), '10.0.1.1/32/TCP/80'],
    [net('10.0.1.0/24', 17), '10.0.1.0/24/UDP'],
    [net('2001:db8::/64', 132, 1, 9), '2001:db8::/64/SCTP/1-9'],
    [net('10.0.1.0/24', 99), '10.0.1.0/24/99'],
    [new Selector(Address.parse('10.0.0.5')!, Address.parse('10.0.0.9')!), '10.0.0.5-10.0.0.9'],
  ])('%s', (selector, text) => expect(`${selector}`).toBe(text));

  test.each([
    ['everything and a subnet', net('0.0.0.0/0'), net('10.0.0.0/8'), '10.0.0.0/8'],
    ['a narrower port', net('10.0.0.0/8', 6), net('10.1.0.0/16', 6, 80, 80), '10.1.0.0/16/TCP/80'],
    ['any protocol and one', net('10.0.0.0/8'), net('0.0.0.0/0', 17, 53, 53), '10.0.0.0/8/UDP/53'],
    ['ports that overlap', net('10.0.0.0/8', 6, 1, 100), net('10.0.0.0/8', 6, 50, 200), '10.0.0.0/8/TCP/50-100'],
  ])('the intersection of %s', (_, a, b, common) => expect(`${a.intersect(b)}`).toBe(common));

  test.each([
    ['families', net('0.0.0.0/0'), net('::/0')],
    ['protocols', net('10.0.0.0/8', 6), net('10.0.0.0/8', 17)],
    ['addresses', net('10.0.0.0/8'), net('11.0.0.0/8')],
    ['ports', net('10.0.0.0/8', 6, 1, 2), net('10.0.0.0/8', 6, 3, 4)],
    ['opaque and a real port', net('10.0.0.0/8', 6, ...OPAQUE), net('10.0.0.0/8', 6, 80, 80)],
  ])('different %s have no intersection', (_, a, b) => {
    expect(a.intersect(b)).toBeUndefined();
    expect(b.intersect(a)).toBeUndefined();
    expect(a.contains(b)).toBe(false);
  });

  test('opaque ports are within all ports, not the other way round', () => {
    const [all, opaque] = [net('10.0.0.0/8', 6), net('10.0.0.0/8', 6, ...OPAQUE)];
    expect([all.contains(opaque), opaque.contains(all), opaque.contains(opaque)]).toEqual([true, false, true]);
  });

  const two = family.chain((f) => fc.tuple(selectorOf(f), selectorOf(f)));
  const sameOrNot = (a: Selector | undefined, b: Selector | undefined) => (a && b ? a.equals(b) : a === b);

  test('an intersection is within both, the same from either side, and itself with itself', () => {
    fc.assert(
      fc.property(two, ([a, b]) => {
        const common = a.intersect(b);
        expect(sameOrNot(common, b.intersect(a))).toBe(true);
        expect(a.intersect(a)!.equals(a) && a.contains(a)).toBe(true);
        if (common) expect(a.contains(common) && b.contains(common)).toBe(true);
        if (a.contains(b)) expect(common!.equals(b)).toBe(true);
      }),
    );
  });

  test('an intersection matches the packets that both match', () => {
    const packet = family.chain((f) =>
      fc.tuple(selectorOf(f), selectorOf(f), addressOf(f), fc.constantFrom(1, 6, 17), fc.nat(65535)),
    );
    fc.assert(
      fc.property(packet, ([a, b, at, protocol, port]) => {
        const common = a.intersect(b);
        for (const where of [at, a.start, b.end]) {
          const isBoth = matches(a, where, protocol, port) && matches(b, where, protocol, port);
          expect(common !== undefined && matches(common, where, protocol, port)).toBe(isBoth);
        }
      }),
    );
  });

  test('intersection is associative', () => {
    const three = family.chain((f) => fc.tuple(selectorOf(f), selectorOf(f), selectorOf(f)));
    fc.assert(
      fc.property(three, ([a, b, c]) => {
        const left = a.intersect(b)?.intersect(c);
        const bc = b.intersect(c);
        expect(sameOrNot(left, bc && a.intersect(bc))).toBe(true);
      }),
    );
  });
});
