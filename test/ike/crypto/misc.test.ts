import { expect, test } from 'vitest';
import { equalSecret, hmacSha256, sha1, wipe } from '../../../src/ike/crypto/misc.ts';
import { hex, toHex } from './fixtures.ts';

const ascii = (text: string) => new TextEncoder().encode(text);

test('SHA-1 (FIPS 180-4), in one chunk or several', () => {
  const abc = 'a9993e364706816aba3e25717850c26c9cd0d89d';
  expect(toHex(sha1(ascii('abc')))).toBe(abc);
  expect(toHex(sha1(ascii('a'), ascii('b'), ascii('c')))).toBe(abc);
});

test('HMAC-SHA-256 (RFC 4231 §4.3)', () => {
  const answer = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
  expect(toHex(hmacSha256(ascii('Jefe'), ascii('what do ya want '), ascii('for nothing?')))).toBe(answer);
});

test('secrets are equal octet by octet, and never of different lengths', () => {
  expect(equalSecret(hex('0102'), hex('0102'))).toBe(true);
  expect(equalSecret(hex('0102'), hex('0103'))).toBe(false);
  expect(equalSecret(hex('0102'), hex('01'))).toBe(false);
});

test('a wiped secret is zeros', () => {
  const secret = hex('0102');
  wipe(secret);
  wipe(undefined);
  expect(toHex(secret)).toBe('0000');
});
