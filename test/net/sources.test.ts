import { expect, test } from 'vitest';
import { Address } from '../../src/net/address.ts';
import { isFairShare, Sources, sourceOf } from '../../src/net/sources.ts';

const source = (text: string) => sourceOf(Address.parse(text)!);

test('a source is an IPv4 address or an IPv6 /64, and what has nothing is forgotten', () => {
  const sources = new Sources();
  sources.take(source('2001:db8:0:1::1'));
  sources.take(source('2001:db8:0:1:ffff::2'));
  sources.take(source('192.0.2.1'));
  expect(sources.held(source('2001:db8:0:1::3'))).toBe(2);
  expect(sources.held(source('2001:db8:0:2::1'))).toBe(0);
  expect(sources.held(source('192.0.2.2'))).toBe(0);
  for (const text of ['192.0.2.1', '2001:db8:0:1::1', '2001:db8:0:1::1']) sources.giveBack(source(text));
  expect(sources.size).toBe(0);
});

test.each([
  [1, 128, 128],
  [3, 64, 64],
  [255, 1, 1],
])('%i greedy sources come to %i each, and leave %i for others', (greedy, share, left) => {
  const held = Array.from({ length: greedy }, () => 0);
  let taken = 0;
  for (let refused = 0; refused < greedy; )
    for (let i = 0; i < greedy; i++) {
      refused = isFairShare(held[i], taken, 256) ? 0 : refused + 1;
      if (refused > 0) continue;
      held[i]++;
      taken++;
    }
  expect(Math.max(...held)).toBe(share);
  expect(256 - taken).toBe(left);
});
