import { cmac } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { INTEGS, integById, PRFS, prfById } from '../../../src/ike/crypto/algorithms.ts';
import { icv, mac } from '../../../src/ike/crypto/mac.ts';
import { prf } from '../../../src/ike/crypto/prf.ts';
import { fixture, hex, toHex } from './fixtures.ts';

const { prfs, signers } = fixture<{
  prfs: { name: string; alg: string; key: string; seed: string; out: string }[];
  signers: { name: string; alg: string; key: string; data: string; mac: string }[];
}>('macs');

const PRF_IDS: Readonly<Record<string, number>> = {
  ...{ PRF_HMAC_MD5: 1, PRF_HMAC_SHA1: 2, PRF_AES128_XCBC: 4, PRF_AES128_CMAC: 8 },
  ...{ PRF_HMAC_SHA2_256: 5, PRF_HMAC_SHA2_384: 6, PRF_HMAC_SHA2_512: 7 },
};
const INTEG_IDS: Readonly<Record<string, number>> = {
  ...{ AUTH_HMAC_MD5_96: 1, AUTH_HMAC_SHA1_96: 2, AUTH_AES_XCBC_96: 5, AUTH_AES_CMAC_96: 8 },
  ...{ AUTH_HMAC_SHA2_256_128: 12, AUTH_HMAC_SHA2_384_192: 13, AUTH_HMAC_SHA2_512_256: 14 },
};
/** Truncations that IKE has no use for, RFC 4595 (Fibre Channel). */
const NOT_OURS = ['AUTH_HMAC_MD5_128', 'AUTH_HMAC_SHA1_128', 'AUTH_HMAC_SHA1_160'];

describe('PRFs give the known answers', () => {
  test.each(prfs.map((row) => [row.name, row] as const))('%s', (_, row) => {
    expect(toHex(prf(prfById(PRF_IDS[row.alg])!, hex(row.key), hex(row.seed)))).toBe(row.out);
  });
});

/** One row gives more than is sent; the ICV is still the first 96 bits. */
const sent = (row: { alg: string; mac: string }) => row.mac.slice(0, 2 * integById(INTEG_IDS[row.alg])!.icvOctets);

describe('integrity check values are the known answers', () => {
  const ours = signers.filter((row) => !NOT_OURS.includes(row.alg));
  test.each(ours.map((row) => [row.name, row] as const))('%s', (_, row) => {
    expect(toHex(icv(integById(INTEG_IDS[row.alg])!, hex(row.key), hex(row.data)))).toBe(sent(row));
  });
});

test('every algorithm has a known answer', () => {
  const ids = (of: Readonly<Record<string, number>>, rows: { alg: string }[]) =>
    new Set(rows.map((row) => of[row.alg]));
  expect(PRFS.filter((row) => !ids(PRF_IDS, prfs).has(row.id))).toEqual([]);
  expect(INTEGS.filter((row) => row.id !== 0 && !ids(INTEG_IDS, signers).has(row.id))).toEqual([]);
});

test.each(PRFS)('$name is the same over chunks, again, and over much', (alg) => {
  const text = Uint8Array.from({ length: 3000 }, (_, i) => i);
  const key = text.subarray(0, 200);
  const keyed = mac(alg, key);
  expect(toHex(keyed.of(text.subarray(0, 99)))).toBe(toHex(prf(alg, key, text.subarray(0, 99))));
  const whole = toHex(keyed.of(text));
  expect(whole).toBe(toHex(prf(alg, key, text)));
  expect(toHex(keyed.of(text.subarray(0, 1), text.subarray(1, 1500), text.subarray(1500)))).toBe(whole);
  expect(toHex(keyed.of(text.subarray(1)))).not.toBe(whole);
  expect(toHex(keyed.of(text))).toBe(whole);
});

test('AES-CMAC agrees with another implementation', () => {
  const bytes = (octets: number) => fc.uint8Array({ minLength: octets, maxLength: octets });
  fc.assert(
    fc.property(bytes(16), fc.uint8Array({ maxLength: 70 }), (key, text) => {
      expect(toHex(prf(prfById(8)!, key, text))).toBe(toHex(cmac(text, key)));
    }),
  );
});

test('a wiped MAC has lost its key', () => {
  for (const alg of PRFS) {
    const keyed = mac(alg, hex('000102030405060708090a0b0c0d0e0f'));
    const before = toHex(keyed.of(hex('00')));
    keyed.wipe();
    expect(toHex(keyed.of(hex('00')))).not.toBe(before);
  }
});

test('wiping leaves the caller his key', () => {
  for (const alg of PRFS) {
    const key = hex('000102030405060708090a0b0c0d0e0f');
    mac(alg, key).wipe();
    expect(toHex(key)).toBe('000102030405060708090a0b0c0d0e0f');
  }
});
