import { SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { subnetsOfRange } from '../../src/net/subnet.ts';
import { address, addressOf } from './arbitrary.ts';

describe('Address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['0.0.0.0', '0.0.0.0'],
    ['::', '::'],
    ['2001:DB8::1', '2001:db8::1'],
    // RFC 5952 §4.2: the longest run of zeros, the first of equals, never a single one.
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ])('%s is written %s', (text, canonical) => expect(`${Address.parse(text)}`).toBe(canonical));

  test.each([
    '',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.1.1',
    '192.0.2.01',
    '0x7f000001',
    '192.0.2.1/32',
    ' 192.0.2.1',
    'fe80::1%eth0',
    '1::2::3',
    ':::',
    '1:2:3:4:5:6:7',
    '12345::',
    'localhost',
  ])('%j is no address', (text) => expect(Address.parse(text)).toBeUndefined());

  test('text, octets and numbers come back as they went', () => {
    fc.assert(
      fc.property(address, (a) => {
        expect(Address.parse(a.toString())?.equals(a)).toBe(true);
        expect(Address.fromBytes(a.toBytes()).equals(a)).toBe(true);
        expect(Address.fromBigInt(a.family, a.toBigInt()).equals(a)).toBe(true);
        expect(a.toBytes().length * 8).toBe(a.bits);
      }),
    );
  });

  test('a block reaches from its first address to its last, whatever its prefix', () => {
    fc.assert(
      fc.property(address, fc.nat(128), (a, bits) => {
        const prefix = Math.min(bits, a.bits);
        const host = (1n << BigInt(a.bits - prefix)) - 1n;
        expect(a.first(prefix).toBigInt()).toBe(a.toBigInt() & ~host);
        expect(a.last(prefix).toBigInt()).toBe(a.toBigInt() | host);
        expect(a.first(prefix).prefixTo(a.last(prefix))).toBe(prefix);
      }),
    );
  });

  test('the octets are those that the system reads from the text', () => {
    fc.assert(
      fc.property(address, (a) => {
        const system = new SocketAddress({ address: a.toString(), family: a.family === 4 ? 'ipv4' : 'ipv6' });
        expect(Address.parse(system.address)?.equals(a)).toBe(true);
      }),
    );
  });

  test('any text is an address or is not, and never a throw', () => {
    const word = fc.constantFrom('1', '255', ':', '::', '.', 'ffff', '/', '%', '0x1', 'g');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((w) => w.join('')),
        ),
        (text) => {
          const parsed = Address.parse(text);
          if (parsed) expect(Address.parse(`${parsed}`)?.equals(parsed)).toBe(true);
        },
      ),
    );
  });

  test('sorts as its numbers do, IPv4 before IPv6', () => {
    fc.assert(
      fc.property(address, address, (a, b) => {
        const expected =
          a.family - b.family || (a.toBigInt() < b.toBigInt() ? -1 : a.toBigInt() > b.toBigInt() ? 1 : 0);
        expect(Math.sign(a.compare(b))).toBe(Math.sign(expected));
        expect(a.equals(b)).toBe(a.compare(b) === 0);
      }),
    );
    fc.assert(fc.property(addressOf(6), (a) => a.equals(Address.fromBigInt(6, a.toBigInt()))));
  });

  test('equal numbers of different families are different addresses', () => {
    expect(Address.any(4).equals(Address.any(6))).toBe(false);
  });

  test.each([
    ['127.0.0.1', true],
    ['127.255.0.9', true],
    ['128.0.0.1', false],
    ['::1', true],
    ['::2', false],
    ['::', false],
  ])('%s is loopback: %s', (text, isLoopback) => expect(Address.parse(text)?.isLoopback).toBe(isLoopback));

  test.each([
    [[1, 2, 3], 0, undefined],
    [[1, 2, 3, 4, 5], 0, undefined],
    [[1, 2, 3, 4], 2, 4],
    [[], 0, undefined],
  ])('%j from %i is not as many octets as an address has', (octets, offset, length) => {
    expect(() => Address.fromBytes(octets, offset, length)).toThrow(RangeError);
  });

  test('reads octets from the middle of a message', () => {
    expect(`${Address.fromBytes(Uint8Array.of(9, 192, 0, 2, 1, 9), 1, 4)}`).toBe('192.0.2.1');
  });
});

describe('Endpoint', () => {
  test('is written as in a URL', () => {
    expect(`${new Endpoint(Address.parse('192.0.2.1')!, 500)}`).toBe('192.0.2.1:500');
    expect(`${new Endpoint(Address.parse('2001:db8::1')!, 4500)}`).toBe('[2001:db8::1]:4500');
  });

  test('is its address and its port', () => {
    const here = new Endpoint(Address.parse('192.0.2.1')!, 500);
    expect(here.equals(new Endpoint(Address.parse('192.0.2.1')!, 500))).toBe(true);
    expect(here.equals(new Endpoint(Address.parse('192.0.2.1')!, 4500))).toBe(false);
    expect(here.equals(new Endpoint(Address.parse('192.0.2.2')!, 500))).toBe(false);
  });
});

describe('the prefix of a block', () => {
  test.each<[string, string, number | undefined]>([
    ['10.0.1.0', '10.0.1.255', 24],
    ['10.0.1.7', '10.0.1.7', 32],
    ['0.0.0.0', '255.255.255.255', 0],
    ['10.0.1.0', '10.0.1.254', undefined],
    ['10.0.1.128', '10.0.2.127', undefined],
    ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', 32],
    ['2001:db8::8000:0', '2001:db8::ffff:ffff', 97],
    ['2001:db8::', '2001:db8:0:1:ffff:ffff:ffff:ffff', 63],
    ['2001:db8::', '2001:db8::1:0:ffff:ffff', undefined],
    ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 0],
  ])('%s to %s: %s', (first, last, prefix) => {
    expect(Address.parse(first)!.prefixTo(Address.parse(last)!)).toBe(prefix);
  });

  test('is that of the one block that covers the range, if one does', () => {
    const pair = fc.tuple(fc.nat(0x3ff), fc.nat(0x3ff), fc.constantFrom(4 as const, 6 as const));
    fc.assert(
      fc.property(pair, ([a, b, family]) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)].map((n) => Address.fromBigInt(family, BigInt(n)));
        const blocks = subnetsOfRange(start, end);
        expect(start.prefixTo(end)).toBe(blocks.length === 1 ? blocks[0].prefix : undefined);
      }),
    );
  });
});
