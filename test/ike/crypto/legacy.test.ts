import { describe, expect, test } from 'vitest';
import { desEncrypt, md4, md5 } from '../../../src/ike/crypto/legacy.ts';

const text = (s: string) => new TextEncoder().encode(s);
const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

describe('MD4: the test suite of RFC 1320 §A.5', () => {
  test.each([
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
    [
      '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
      'e33b4ddc9c38f2199c3e7b164fcc0536',
    ],
  ])('of %j', (message, digest) => {
    expect(hex(md4(text(message)))).toBe(digest);
  });

  test('lengths around the block, where padding takes a block of its own', () => {
    // From openssl dgst -md4 -provider legacy over as many letters a.
    expect([55, 56, 63, 64, 65].map((n) => hex(md4(text('a'.repeat(n)))).slice(0, 8))).toEqual([
      'c889c81d',
      'd5f9a9e9',
      '7ea3da77',
      '52f5076f',
      '330e377b',
    ]);
  });
});

test('DES enciphers the block of FIPS 81, whose key has its parity bits left out', () => {
  // 0123456789abcdef without the lowest bit of each octet; "Now is t".
  const bits = '0123456789abcdef'
    .match(/../g)!
    .map((h) => Number.parseInt(h, 16).toString(2).padStart(8, '0').slice(0, 7))
    .join('');
  const packed = Uint8Array.from(bits.match(/.{8}/g)!.map((b) => Number.parseInt(b, 2)));
  expect(hex(desEncrypt(packed, text('Now is t')))).toBe('3fa40e8a984d4815');
});

test('DES refuses a key with parity', () => {
  expect(() => desEncrypt(new Uint8Array(8), new Uint8Array(8))).toThrow(RangeError);
});

test('MD5 of chunks is MD5 of the whole, RFC 1321 §A.5', () => {
  expect(hex(md5(text('message '), text('digest')))).toBe('f96b697d7cb7938d525a2f31aaf161d0');
});
