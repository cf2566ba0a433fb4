import { expect, test } from 'vitest';
import { equalSecret, sha1, sha256, wipe } from '../../../src/ike/crypto/misc.ts';
import { hex, toHex } from './fixtures.ts';

const ascii = (text: string) => new TextEncoder().encode(text);

test('SHA-1 (FIPS 180-4), in one chunk or several', () => {
  const abc = 'a9993e364706816aba3e25717850c26c9cd0d89d';
  expect(toHex(sha1(ascii('abc')))).toBe(abc);
  expect(toHex(sha1(ascii('a'), ascii('b'), ascii('c')))).toBe(abc);
});

test('SHA-256 (FIPS 180-4)', () => {
  const answer = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(toHex(sha256(ascii('abc')))).toBe(answer);
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
