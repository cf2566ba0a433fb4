import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { Subnet } from '../../../src/net/subnet.ts';
import { refusal } from '../../../src/services/fetch/permitted.ts';

const of = (text: string, allowed: Parameters<typeof refusal>[1] = 'no') => refusal(Address.parse(text)!, allowed);

test.each(['93.184.216.34', '1.1.1.1', '172.15.255.255', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00::1'])(
  '%s is public',
  (text) => expect(of(text)).toBeUndefined(),
);

test.each([
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['::1', 'loopback'],
  ['10.1.2.3', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.0.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd00::1', 'private'],
  ['169.254.169.254', 'link-local'],
  ['fe80::1', 'link-local'],
  ['0.0.0.0', 'unspecified'],
  ['0.1.2.3', 'unspecified'],
  ['::', 'unspecified'],
  ['224.0.0.1', 'multicast'],
  ['ff02::1', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['192.0.2.1', 'special'],
  ['240.0.0.1', 'special'],
  ['2001:db8::1', 'special'],
  ['2001::1', 'special'],
  ['4000::1', 'special'],
  ['fec0::1', 'special'],
  // The same ones in other clothes.
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:169.254.169.254', 'link-local'],
  ['64:ff9b::10.0.0.1', 'private'],
  ['2002:7f00:1::', 'loopback'],
  ['2002:c0a8:101::1', 'private'],
  ['::7f00:1', 'special'],
])('%s is not: %s', (text, what) => expect(of(text)).toContain(what));

test('yes allows all but what nobody would mean, a list what is on it', () => {
  expect(of('10.0.0.1', 'yes')).toBeUndefined();
  expect(of('127.0.0.1', 'yes')).toBeUndefined();
  expect(of('192.0.2.1', 'yes')).toBeUndefined();
  expect(of('169.254.169.254', 'yes')).toContain('link-local');
  expect(of('::ffff:169.254.169.254', 'yes')).toContain('link-local');
  expect(of('224.0.0.1', 'yes')).toContain('never');
  const list = [Subnet.parse('10.0.0.0/8')!, Subnet.parse('169.254.1.1')!, Subnet.parse('0.0.0.0/0')!].slice(0, 2);
  expect(of('10.9.9.9', list)).toBeUndefined();
  expect(of('::ffff:10.9.9.9', list)).toBeUndefined();
  expect(of('169.254.1.1', list)).toBeUndefined();
  expect(of('169.254.1.2', list)).toContain('link-local');
  expect(of('192.168.0.1', list)).toContain('private');
  expect(of('255.255.255.255', [Subnet.all(4)])).toContain('never');
});

test('an IPv4 address is judged alike in every form it can have', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (octets) => {
      const plain = refusal(Address.fromBytes(octets), 'no');
      const mapped = [...Array(10).fill(0), 255, 255, ...octets];
      const nat64 = [0, 0x64, 0xff, 0x9b, ...Array(8).fill(0), ...octets];
      const sixToFour = [0x20, 2, ...octets, ...Array(10).fill(0)];
      for (const bytes of [mapped, nat64, sixToFour]) expect(refusal(Address.fromBytes(bytes), 'no')).toBe(plain);
    }),
  );
});
