import { describe, expect, test } from 'vitest';
import {
  ENCRS,
  encrById,
  encrByName,
  encrKeyOctets,
  GROUPS,
  groupByName,
  INTEGS,
  integOfPrf,
  offeredKeyBits,
  PRFS,
  prfByName,
} from '../../../src/ike/crypto/algorithms.ts';

describe.each([
  ['encryption', ENCRS],
  ['PRF', PRFS],
  ['integrity', INTEGS],
  ['key exchange', GROUPS],
])('the %s table', (_, rows) => {
  test('gives each id and each name to one row', () => {
    const names = rows.flatMap((row) => [row.name.toLowerCase(), ...row.aliases]);
    expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
    expect(new Set(names).size).toBe(names.length);
  });

  test('cannot be changed', () => {
    expect(Object.isFrozen(rows) && rows.every((row) => Object.isFrozen(row) && Object.isFrozen(row.aliases))).toBe(
      true,
    );
  });
});

test('numbers are those of the IANA registry', () => {
  const ids = (rows: readonly { name: string; id: number }[]) => Object.fromEntries(rows.map((r) => [r.name, r.id]));
  expect(ids(ENCRS)).toEqual({
    ...{ '3DES_CBC': 3, NULL: 11, AES_CBC: 12, AES_CTR: 13, AES_CCM_8: 14, AES_CCM_12: 15, AES_CCM_16: 16 },
    ...{ AES_GCM_8: 18, AES_GCM_12: 19, AES_GCM_16: 20, NULL_AUTH_AES_GMAC: 21, CAMELLIA_CBC: 23, CAMELLIA_CTR: 24 },
    ...{ CHACHA20_POLY1305: 28 },
  });
  expect(ids(PRFS)).toEqual({
    ...{ HMAC_MD5: 1, HMAC_SHA1: 2, AES_XCBC: 4, HMAC_SHA2_256: 5, HMAC_SHA2_384: 6, HMAC_SHA2_512: 7, AES_CMAC: 8 },
  });
  expect(ids(INTEGS)).toEqual({
    ...{ NONE: 0, HMAC_MD5_96: 1, HMAC_SHA1_96: 2, AES_XCBC_96: 5, AES_CMAC_96: 8 },
    ...{ HMAC_SHA2_256_128: 12, HMAC_SHA2_384_192: 13, HMAC_SHA2_512_256: 14 },
  });
  expect(GROUPS.map((group) => group.id)).toEqual([
    ...[0, 2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 28, 29, 30, 31, 32, 35, 36, 37],
  ]);
});

test('key material counts the salt', () => {
  expect(encrKeyOctets(encrByName('aes_gcm')!, 256)).toBe(36); // RFC 5282 §7.1
  expect(encrKeyOctets(encrByName('aes_ccm')!, 128)).toBe(19);
  expect(encrKeyOctets(encrByName('aesctr')!, 192)).toBe(28); // RFC 5930 §2
  expect(encrKeyOctets(encrByName('chacha20_poly1305')!, 0)).toBe(36); // RFC 7634 §2
  expect(encrKeyOctets(encrByName('3des')!, 0)).toBe(24);
  expect(encrKeyOctets(encrByName('null')!, 0)).toBe(0);
});

test('a cipher without a length is offered with the longest and the default, unless it has but one', () => {
  expect(offeredKeyBits(encrByName('aes')!, 0)).toEqual([256, 128]);
  expect(offeredKeyBits(encrByName('aes')!, 192)).toEqual([192]);
  expect(offeredKeyBits(encrByName('chacha20_poly1305')!, 0)).toEqual([0]);
});

test('a PRF brings the integrity algorithm of its family', () => {
  expect(PRFS.map((prf) => integOfPrf(prf).name)).toEqual([
    ...['HMAC_SHA2_512_256', 'HMAC_SHA2_384_192', 'HMAC_SHA2_256_128', 'HMAC_SHA1_96', 'AES_XCBC_96', 'AES_CMAC_96'],
    'HMAC_MD5_96',
  ]);
});

test('unknown ids and names are undefined', () => {
  expect(encrById(2)).toBeUndefined();
  expect(prfByName('sha1_96')).toBeUndefined();
  expect(groupByName('DH14')).toBe(groupByName('modp2048'));
  expect(groupByName('dh1')).toBeUndefined();
});
