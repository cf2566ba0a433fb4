import { describe, expect, test } from 'vitest';
import { Prefixes } from '../../src/conf/groups-prefixes.ts';
import { Address } from '../../src/net/address.ts';
import { Subnet } from '../../src/net/subnet.ts';

const net = (text: string) => Subnet.parse(text)!;
const at = (text: string) => Address.parse(text)!;

function prefixes(...nets: string[]): Prefixes<string> {
  const made = new Prefixes<string>();
  for (const text of nets) made.add(net(text), text);
  return made;
}

describe('things by block', () => {
  test.each([
    ['10.1.2.3', '10.1.2.3/32'],
    ['10.1.2.4', '10.1.0.0/16'],
    ['10.2.0.1', '10.0.0.0/8'],
    ['192.0.2.1', '0.0.0.0/0'],
    ['2001:db8::1', '2001:db8::/32'],
    ['2001:db9::1', undefined],
  ])('%s is found in the longest that it lies in', (address, wanted) => {
    const some = prefixes('0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/32', '2001:db8::/32');
    expect(some.around(at(address))[0]).toBe(wanted);
  });

  test('a block lies in wider ones alone', () => {
    const some = prefixes('10.0.0.0/8', '10.1.0.0/16', '11.0.0.0/8');
    expect(some.enclosing(net('10.1.0.0/16'))).toEqual(['10.0.0.0/8']);
    expect(some.enclosing(net('10.0.0.0/8'))).toEqual([]);
    expect(some.enclosing(net('11.1.0.0/24'))).toEqual(['11.0.0.0/8']);
  });

  test('several in one block keep their order, and go one by one', () => {
    const some = new Prefixes<string>();
    for (const value of ['a', 'b', 'c']) some.add(net('10.0.0.0/8'), value);
    some.remove(net('10.0.0.0/8'), 'b');
    expect(some.around(at('10.0.0.1'))).toEqual(['a', 'c']);
    some.remove(net('10.0.0.0/8'), 'b');
    some.remove(net('10.0.0.0/9'), 'a');
    for (const value of ['a', 'c']) some.remove(net('10.0.0.0/8'), value);
    expect([some.size, some.around(at('10.0.0.1'))]).toEqual([0, []]);
  });

  test('10,000 blocks are looked at no more than one is', () => {
    const many = new Prefixes<number>();
    for (let i = 0; i < 10_000; i++) many.add(net(`10.${i >> 8}.${i & 255}.0/24`), i);
    expect(many.around(at('10.39.15.200'))).toEqual([9_999]);
    expect(many.around(at('10.39.16.200'))).toEqual([]);
  });
});
