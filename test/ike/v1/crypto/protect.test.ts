import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encrByName, GROUPS, groupByName, prfByName } from '../../../../src/ike/crypto/algorithms.ts';
import { sha1 } from '../../../../src/ike/crypto/misc.ts';
import { generate } from '../../../../src/ike/crypto/signature/generate.ts';
import { BARE, schemeOf } from '../../../../src/ike/crypto/signature/scheme.ts';
import { sign, verify } from '../../../../src/ike/crypto/signature/sign.ts';
import { hash } from '../../../../src/ike/v1/crypto/hash.ts';
import { IsakmpKeys, isakmpKeyOctets } from '../../../../src/ike/v1/crypto/keys.ts';
import * as oakley from '../../../../src/ike/v1/crypto/oakley.ts';
import { exchangeIv, firstIv, nextIv, open, seal } from '../../../../src/ike/v1/crypto/protect.ts';
import { toHex } from '../../crypto/fixtures.ts';
import { keyOf } from '../../crypto/signature/keys.ts';

const group = groupByName('modp2048')!;

describe('what was sealed opens with the same IV and no other', () => {
  const ciphers = ['3des', 'aes', 'camellia'].map((name) => encrByName(name)!);
  const hashes = ['md5', 'sha1', 'sha256', 'sha384', 'sha512'].map((name) => prfByName(name)!);
  const suites = ciphers.flatMap((encr) =>
    encr.keyBits.flatMap((encrBits) => hashes.map((prf) => ({ encr, encrBits, prf, group }))),
  );

  test.each(suites.map((suite) => [`${suite.encr.name} ${suite.encrBits} ${suite.prf.name}`, suite] as const))(
    '%s',
    (_name, suite) => {
      const block = Uint8Array.from({ length: isakmpKeyOctets(suite) }, (_, i) => (i * 7) & 255);
      const keys = new IsakmpKeys(block, suite);
      const iv = firstIv(suite, Uint8Array.of(1), Uint8Array.of(2));
      expect(iv.length).toBe(suite.encr.blockOctets);
      for (const octets of [1, 8, 15, 16, 100]) {
        const text = new Uint8Array(octets).fill(5);
        const sealed = seal(suite, keys, iv, text);
        expect(sealed.length % suite.encr.blockOctets).toBe(0);
        expect(sealed.length - octets).toBeLessThan(suite.encr.blockOctets);
        expect(Uint8Array.from(open(suite, keys, iv, sealed)!.subarray(0, octets))).toEqual(text);
        expect(open(suite, keys, exchangeIv(suite, iv, 7), sealed)!.subarray(0, octets)).not.toEqual(text);
        expect(nextIv(suite, sealed)).toEqual(sealed.slice(-suite.encr.blockOctets));
      }
      expect(open(suite, keys, iv, new Uint8Array(suite.encr.blockOctets + 1))).toBeUndefined();
      expect(open(suite, keys, iv, new Uint8Array())).toBeUndefined();
      expect(`${keys} ${JSON.stringify({ keys })}`).not.toContain(toHex(keys.encr));
      keys.wipe();
      expect(keys.encr.every((octet) => octet === 0)).toBe(true);
    },
  );
});

test('each exchange has an IV of its own', () => {
  const suite = { encr: encrByName('aes')!, encrBits: 128, prf: prfByName('sha1')! };
  const last = new Uint8Array(16);
  expect(exchangeIv(suite, last, 1)).not.toEqual(exchangeIv(suite, last, 2));
  expect(toHex(exchangeIv(suite, last, 1))).toBe(toHex(hash(suite.prf, last, Uint8Array.of(0, 0, 0, 1))).slice(0, 32));
  expect(() => hash(prfByName('aes_xcbc') ?? prfByName('aes128_xcbc')!, last)).toThrow(RangeError);
});

describe('numbers and rows of the registry', () => {
  const tables = Object.entries(oakley).filter(([name]) => name !== 'GROUP');

  test.each(tables)('%s goes both ways', (_name, table) => {
    let rows = 0;
    for (let number = 0; number < 256; number++) {
      const row = table.row(number) as never;
      if (row === undefined) continue;
      rows++;
      expect(table.number(row)).toBe(number);
    }
    expect(rows).toBeGreaterThan(0);
  });

  test('groups are those of both protocols, without KEMs, without NONE', () => {
    const known = GROUPS.filter((row) => oakley.GROUP.number(row) !== undefined);
    expect(known.every((row) => oakley.GROUP.row(row.id) === row)).toBe(true);
    expect(known.some((row) => row.isKem || row.id === 0)).toBe(false);
    for (const id of [2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]) expect(oakley.GROUP.row(id)?.id).toBe(id);
    expect(oakley.GROUP.row(1)).toBeUndefined();
  });

  test('what is weak beyond use has no row', () => {
    for (const des of [1, 2, 3, 4, 6]) expect(oakley.OAKLEY_ENCR.row(des)).toBeUndefined();
    expect(oakley.OAKLEY_HASH.row(3)).toBeUndefined();
  });
});

test('an RSA signature holds the hash bare, and no other hash', async () => {
  const { key } = await generate('rsa', 2048);
  const other = await generate('rsa', 2048);
  const proof = new Uint8Array(20).fill(7);
  const signature = sign(key, BARE, proof);
  if ('wrong' in signature) throw new Error(signature.wrong);
  expect(signature.length).toBe(256);
  expect(verify(key.public, BARE, proof, signature)).toBeUndefined();
  expect(verify(key.public, BARE, new Uint8Array(20), signature)).toBe('its signature does not match');
  expect(verify(other.key.public, BARE, proof, signature)).toBe('its signature does not match');
  expect(verify(key.public, BARE, proof, signature.subarray(1))).toBe('its signature has 255 octets instead of 256');
  expect(sign(key, BARE, new Uint8Array(300))).toEqual({
    wrong: '2048 bits are too few for a hash of 300 octets, which takes 2488',
  });
  // With a name of the hash in it, as everybody else signs: RFC 2409 §5.1 has none.
  const named = sign(key, schemeOf(1)!, proof);
  expect(verify(key.public, BARE, sha1(proof), 'wrong' in named ? proof : named)).toBe('its signature does not match');
});

test.each([1024, 1536, 3072, 4096])('proofs of every length by a key of %i bits', (bits) => {
  const key = keyOf('rsa', bits);
  for (const octets of [16, 20, 32, 48, 64]) {
    const proof = new Uint8Array(octets).fill(octets);
    const signature = sign(key, BARE, proof);
    expect('wrong' in signature ? signature.wrong : verify(key.public, BARE, proof, signature)).toBeUndefined();
  }
});

test('a key that is too small for the hash is told so', () => {
  const { privateKey: handle } = generateKeyPairSync('rsa', { modulusLength: 512 });
  const small = { kind: 'rsa', bits: 512, handle } as const;
  expect(sign(small, BARE, new Uint8Array(48))).toBeInstanceOf(Uint8Array);
  expect(sign(small, BARE, new Uint8Array(64))).toEqual({
    wrong: '512 bits are too few for a hash of 64 octets, which takes 600',
  });
});
