import { describe, expect, test } from 'vitest';
import { encrByName, groupByName, integByName, PRFS, prfById, prfByName } from '../../../src/ike/crypto/algorithms.ts';
import {
  type ChildSuite,
  childKeymat,
  IkeKeys,
  type IkeSuite,
  ikeKeyOctets,
  ikeKeys,
  keymatOctets,
  skeyseed,
  splitKeymat,
} from '../../../src/ike/crypto/keys.ts';
import { prf, prfPlus } from '../../../src/ike/crypto/prf.ts';
import { fixture, hex, toHex } from './fixtures.ts';

interface Vector {
  readonly name: string;
  readonly prf: string;
  readonly key: string;
  readonly seed: string;
  readonly out: string;
}
const vectors = fixture<{ prf: Vector[]; prfPlus: Vector[]; prfPlusHmac: Vector[]; ikev2: Record<string, string>[] }>(
  'key-schedule',
);

const PRF_IDS: Readonly<Record<string, number>> = { PRF_HMAC_SHA2_256: 5, PRF_HMAC_SHA2_384: 6, PRF_HMAC_SHA2_512: 7 };

describe('known answers', () => {
  test.each(vectors.prf.map((v) => [v.name, v] as const))('prf: %s', (_, v) => {
    expect(toHex(prf(prfById(PRF_IDS[v.prf])!, hex(v.key), hex(v.seed)))).toBe(v.out);
  });

  test.each(vectors.prfPlus.map((v) => [v.name, v] as const))('prf+: %s', (_, v) => {
    expect(toHex(prfPlus(prfById(PRF_IDS[v.prf])!, hex(v.key), hex(v.seed), v.out.length / 2))).toBe(v.out);
  });

  test.each(vectors.prfPlusHmac.map((v) => [v.name, v] as const))('prf+ of HMAC-SHA-256: %s', (_, v) => {
    expect(toHex(prfPlus(prfByName('sha2_256')!, hex(v.key), hex(v.seed), v.out.length / 2))).toBe(v.out);
  });

  test('the key schedule of an IKE SA, its children and its rekeying (NIST ACVP)', () => {
    const [v] = vectors.ikev2;
    const sha1 = prfByName('sha1')!;
    const [ni, nr, shared, sharedNew] = [v.nInit, v.nResp, v.gir, v.girNew].map(hex);
    const spis = hex(v.spiInit + v.spiResp);
    expect(toHex(skeyseed({ prf: sha1, shared, ni, nr }))).toBe(v.sKeySeed);

    const octets = Number(v.derivedKeyingMaterialLength) / 8;
    expect(toHex(prfPlus(sha1, hex(v.sKeySeed), Buffer.concat([ni, nr, spis]), octets))).toBe(v.derivedKeyingMaterial);

    // Seven keys of 3DES with HMAC-SHA-1 are 148 octets, and begin with the vector's 132.
    const suite = { prf: sha1, encr: encrByName('3des')!, encrBits: 0, integ: integByName('sha1') };
    const keys = ikeKeys({ ...suite, shared, ni, nr, spis });
    expect(ikeKeyOctets(suite)).toBe(3 * 20 + 2 * 20 + 2 * 24);
    expect(toHex(keys).startsWith(v.derivedKeyingMaterial)).toBe(true);

    const skD = hex(v.derivedKeyingMaterial).subarray(0, 20);
    expect(toHex(childKeymat(sha1, skD, undefined, ni, nr, octets))).toBe(v.derivedKeyingMaterialChild);
    expect(toHex(childKeymat(sha1, skD, sharedNew, ni, nr, octets))).toBe(v.derivedKeyingMaterialDh);
    const rekey = { prf: sha1, skD };
    expect(toHex(skeyseed({ prf: sha1, shared: sharedNew, ni, nr, rekey }))).toBe(v.sKeySeedReKey);
  });
});

test('a rekeyed SA takes its seed with the old PRF and its keys with the new (RFC 7296 §2.18)', () => {
  const [ni, nr, shared, spis, skD] = ['01', '02', '03', '04'.repeat(16), '05'.repeat(20)].map(hex);
  const suite = { prf: prfByName('sha512')!, encr: encrByName('aes_gcm')!, encrBits: 256, integ: undefined };
  const oldPrf = prfByName('sha1')!;
  const seed = prf(oldPrf, skD, shared, ni, nr);
  const keys = ikeKeys({ ...suite, shared, ni, nr, spis, rekey: { prf: oldPrf, skD } });
  expect(toHex(keys)).toBe(toHex(prfPlus(suite.prf, seed, Buffer.concat([ni, nr, spis]), 3 * 64 + 2 * 36)));
});

test('block cipher PRFs take 64 bits of each nonce as SKEYSEED key, the others all (RFC 7296 §2.14)', () => {
  const ni = Uint8Array.from({ length: 32 }, (_, i) => i);
  const nr = Uint8Array.from({ length: 32 }, (_, i) => 100 + i);
  const shared = hex('0a0b');
  for (const alg of PRFS) {
    const part = alg.name.startsWith('AES') ? 8 : 32;
    const key = Buffer.concat([ni.subarray(0, part), nr.subarray(0, part)]);
    expect(toHex(skeyseed({ prf: alg, shared, ni, nr }))).toBe(toHex(prf(alg, key, shared)));
  }
});

test('prf+ ends where its counter does', () => {
  const alg = prfByName('sha1')!;
  expect(prfPlus(alg, hex('00'), hex('00'), 255 * 20)).toHaveLength(5100);
  expect(() => prfPlus(alg, hex('00'), hex('00'), 5101)).toThrow(RangeError);
});

const count = (octets: number) => Uint8Array.from({ length: octets }, (_, i) => i);

describe('IkeKeys', () => {
  const suite: IkeSuite = {
    encr: encrByName('aes')!,
    encrBits: 128,
    prf: prfByName('sha2')!,
    integ: integByName('sha1'),
    group: groupByName('dh31')!,
  };

  test('are cut in the order of RFC 7296 §2.14', () => {
    const keys = new IkeKeys(count(3 * 32 + 2 * 20 + 2 * 16), suite);
    const cut = [keys.skD, keys.skAi, keys.skAr, keys.skEi, keys.skEr, keys.skPi, keys.skPr];
    expect(cut.map((key) => [key[0], key.length])).toEqual([
      ...[
        [0, 32],
        [32, 20],
        [52, 20],
        [72, 16],
        [88, 16],
        [104, 32],
        [136, 32],
      ],
    ]);
  });

  test('have no integrity keys beside an AEAD', () => {
    const aead: IkeSuite = { ...suite, encr: encrByName('aes_gcm')!, encrBits: 256, integ: undefined };
    const keys = new IkeKeys(count(3 * 32 + 2 * 36), aead);
    expect([keys.skAi.length, keys.skAr.length, keys.skEi.length, keys.skEi[0], keys.skPr[0]]).toEqual([
      0, 0, 36, 32, 136,
    ]);
  });

  test('are not taken from a block of another length', () => {
    expect(() => new IkeKeys(count(167), suite)).toThrow(RangeError);
  });

  test('never show, and are gone after wipe', () => {
    const keys = new IkeKeys(count(168), suite);
    expect([String(keys), JSON.stringify(keys)]).toEqual(['<168 octets>', '"<168 octets>"']);
    const { skPr } = keys;
    keys.wipe();
    expect([...skPr, ...keys.skD].every((octet) => octet === 0)).toBe(true);
  });
});

test('KEYMAT is cut initiator first, encryption before integrity (RFC 7296 §2.17)', () => {
  const cbc: ChildSuite = {
    protocol: 'esp',
    encr: encrByName('aes')!,
    encrBits: 256,
    integ: integByName('sha2')!,
    esn: false,
  };
  expect(keymatOctets(cbc)).toBe(128);
  const { i2r, r2i } = splitKeymat(cbc, count(128));
  expect([i2r.encr[0], i2r.integ[0], r2i.encr[0], r2i.integ[0], r2i.integ.length]).toEqual([0, 32, 64, 96, 32]);

  const gcm: ChildSuite = { protocol: 'esp', encr: encrByName('aes_gcm')!, encrBits: 128, esn: true };
  expect(splitKeymat(gcm, count(40)).r2i).toEqual({ encr: count(40).subarray(20), integ: new Uint8Array() });

  const ah: ChildSuite = { protocol: 'ah', encrBits: 0, integ: integByName('sha1')!, esn: false };
  expect(splitKeymat(ah, count(40)).r2i).toEqual({ encr: new Uint8Array(), integ: count(40).subarray(20) });
  expect(() => splitKeymat(ah, count(41))).toThrow(RangeError);
});
