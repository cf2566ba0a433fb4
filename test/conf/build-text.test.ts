import { describe, expect, test } from 'vitest';
import {
  parseAddresses,
  parseInterfaceIp,
  parseIpsecInterface,
  parseMark,
  parsePool,
  parseVirtual,
} from '../../src/conf/build-text.ts';
import { isFault } from '../../src/conf/values.ts';

const words = (text: string) => text.split(',');

describe('marks', () => {
  test.each([
    ['10', 10, 0xffffffff],
    ['0xA/0xFF', 10, 255],
    ['010/15', 8, 15],
    ['0', 0, 0xffffffff],
    ['0b101', 5, 0xffffffff],
    ['0xffffffff/0xffffffff', 0xffffffff, 0xffffffff],
    ['-1', 'unique', 0xffffffff],
    ['-1/0xffffffff', 'unique', 0xffffffff],
  ])('%s', (text, value, mask) => expect(parseMark(text)).toEqual({ value, mask }));

  test.each([
    '',
    '-2',
    '0x',
    '4294967296',
    '1/4294967296',
    '1/',
    '/1',
    '1/2/3',
    '3/1',
    '-1/1',
    '08',
    '0b2',
    '1e3',
    ' 1',
    '1 ',
  ])('%j is refused', (text) => expect(isFault(parseMark(text))).toBe(true));
});

describe('virtual subnets', () => {
  test.each([
    ['vhost:%no,%priv', { isHost: true, no: true, private: true, all: false }, []],
    ['vnet:%all', { isHost: false, no: false, private: false, all: true }, []],
    ['vnet:%priv,%v4:10.0.0.0/8,%v6:fd00::/8', { isHost: false, private: true }, ['10.0.0.0/8', 'fd00::/8']],
    ['vhost:192.168.0.0/16', { isHost: true, private: false }, ['192.168.0.0/16']],
  ])('%s', (text, flags, subnets) => {
    const parsed = parseVirtual(words(text));
    expect(parsed).toMatchObject(flags);
    expect(!isFault(parsed) && parsed.subnets.map(String)).toEqual(subnets);
  });

  test.each(['vhost:', 'vhost:%dhcp', 'vnet:%v4:fd00::/8', 'vnet:%v4:!10.0.0.0/8', 'vhost:%no,', 'vnet:%v4:'])(
    '%s is refused',
    (text) => expect(isFault(parseVirtual(words(text)))).toBe(true),
  );
});

describe('address pools', () => {
  test.each([
    ['10.0.10.1-10.0.10.200', ['10.0.10.1-10.0.10.200']],
    ['10.0.10.0/24,2001:db8:0:3:1::/97', ['10.0.10.0-10.0.10.255', '2001:db8:0:3:1::-2001:db8:0:3:1:0:7fff:ffff']],
    ['2001:db8::-2001:db8::ff', ['2001:db8::-2001:db8::ff']],
    ['10.0.0.0/24,10.0.2.0/24', ['10.0.0.0-10.0.0.255', '10.0.2.0-10.0.2.255']],
    ['192.0.2.209', ['192.0.2.209-192.0.2.209']],
  ])('%s', (text, ranges) => {
    const parsed = parsePool(words(text));
    expect(!isFault(parsed) && parsed.map(({ start, end }) => `${start}-${end}`)).toEqual(ranges);
  });

  test.each([
    '',
    '10.0.0.9-10.0.0.1',
    '10.0.0.1/24',
    '10.0.0.0/24,10.0.0.128/25',
    '2001:db8::1-2001:db8::ff',
    '0.0.0.0/0',
    '10.0.0.1-::1',
    'pool',
  ])('%j is refused', (text) => expect(isFault(parsePool(text === '' ? [] : words(text)))).toBe(true));
});

describe('addresses', () => {
  test('of one family where the protocol has only that', () => {
    expect(String(parseAddresses(['1.2.3.4', '2001:db8::1']))).toBe('1.2.3.4,2001:db8::1');
    expect(isFault(parseAddresses(['1.2.3.4', '2001:db8::1'], 4))).toBe(true);
    expect(isFault(parseAddresses(['dns.example.com']))).toBe(true);
  });

  test.each([
    ['192.0.1.251/24', '192.0.1.251', 24],
    ['2001:db8:0:1::251/64', '2001:db8:0:1::251', 64],
    ['192.0.1.251', '192.0.1.251', 32],
  ])('of an interface: %s', (text, address, prefix) => {
    const cidr = parseInterfaceIp(text);
    expect(!isFault(cidr) && [String(cidr.address), cidr.prefix]).toEqual([address, prefix]);
  });

  test.each(['', '0.0.0.0/0', '::/0', '192.0.1.1/33', '192.0.1.1/', '192.0.1.1/24/1', 'eth0'])(
    '%j is no address of an interface',
    (text) => expect(isFault(parseInterfaceIp(text))).toBe(true),
  );
});

test.each([
  ['no', undefined],
  ['off', undefined],
  ['yes', 1],
  ['0', 0],
  ['1', 1],
  ['17', 17],
  ['4294967294', 4294967294],
])('ipsec-interface=%s is %s', (text, id) => expect(parseIpsecInterface(text)).toBe(id));

test.each(['', '-1', 'ipsec1', '4294967295', '1.5'])('ipsec-interface=%s is refused', (text) =>
  expect(isFault(parseIpsecInterface(text))).toBe(true),
);
