import { afterEach, describe, expect, test } from 'vitest';
import { ENCRS, encrById, encrKeyOctets } from '../../../src/ike/crypto/algorithms.ts';
import { decrypt, encrypt } from '../../../src/ike/crypto/ciphers.ts';
import { takeShortcuts } from '../../../src/ike/crypto/shortcuts.ts';
import { openCrypto } from '../../../src/native/index.ts';
import { fixture, hex, toHex } from './fixtures.ts';

interface Row {
  readonly name: string;
  readonly alg: string;
  readonly key_size: number;
  readonly key: string;
  readonly iv: string;
  readonly adata?: string;
  readonly plain?: string;
  readonly cipher: string;
}

const { ciphers, aeads } = fixture<{ ciphers: Row[]; aeads: Row[] }>('ciphers');

/** The vectors' names for our rows, by transform id. */
const IDS: Readonly<Record<string, number>> = {
  ...{ ENCR_3DES: 3, ENCR_AES_CBC: 12, ENCR_AES_CTR: 13, ENCR_CAMELLIA_CBC: 23, ENCR_CAMELLIA_CTR: 24 },
  ...{ ENCR_AES_CCM_ICV8: 14, ENCR_AES_CCM_ICV12: 15, ENCR_AES_CCM_ICV16: 16 },
  ...{ ENCR_AES_GCM_ICV8: 18, ENCR_AES_GCM_ICV12: 19, ENCR_AES_GCM_ICV16: 20, ENCR_CHACHA20_POLY1305: 28 },
};

const inputs = (row: Row) => {
  const alg = encrById(IDS[row.alg])!;
  const bits = alg.fixedKeyLength ? 0 : row.key_size * 8;
  // Some rows of the shorter lengths share their key with one of the longest.
  const key = hex(row.key).subarray(0, encrKeyOctets(alg, bits));
  return { alg, bits, key, iv: hex(row.iv), aad: hex(row.adata ?? '') };
};

describe.each([...ciphers, ...aeads].map((row) => [row.name, row] as const))('%s', (_, row) => {
  test('encrypts and decrypts to the known answers', () => {
    const { alg, bits, key, iv, aad } = inputs(row);
    expect(toHex(encrypt(alg, bits, key, iv, aad, hex(row.plain ?? '')))).toBe(row.cipher);
    expect(toHex(decrypt(alg, bits, key, iv, aad, hex(row.cipher))!)).toBe(row.plain ?? '');
  });
});

describe.each(aeads.map((row) => [row.name, row] as const))('%s', (_, row) => {
  test('is refused with one bit changed, in ciphertext, ICV or associated data', () => {
    const { alg, bits, key, iv, aad } = inputs(row);
    const flipped = (bytes: Uint8Array, at: number) =>
      Uint8Array.from(bytes, (octet, i) => (i === at ? octet ^ 1 : octet));
    const sealed = hex(row.cipher);
    expect(decrypt(alg, bits, key, iv, aad, flipped(sealed, sealed.length - 1))).toBeUndefined();
    expect(decrypt(alg, bits, key, iv, aad, flipped(sealed, 0))).toBeUndefined();
    expect(decrypt(alg, bits, key, flipped(iv, 0), aad, sealed)).toBeUndefined();
    if (aad.length > 0) expect(decrypt(alg, bits, key, iv, flipped(aad, 0), sealed)).toBeUndefined();
  });
});

test('every cipher that protects IKE has a known answer', () => {
  const tested = new Set([...ciphers, ...aeads].map((row) => IDS[row.alg]));
  expect(ENCRS.filter((alg) => alg.ike && !tested.has(alg.id))).toEqual([]);
});

describe('without a tag, by way of the addon', () => {
  const crypto = openCrypto();
  const asked: string[] = [];
  const watched = new Proxy(crypto ?? {}, {
    get: (_, name: 'seal' | 'open') => {
      asked.push(name);
      return crypto?.[name].bind(crypto);
    },
  });
  afterEach(() => takeShortcuts(undefined));

  // Zeros, as IKEv1 pads; three and their number, as IKEv2 does; a number that zeros do not go before; all that there is.
  const ends = ['00000000', '00000003', '11000003', '0000001f', '000000ff'];
  test.each(ends)('a text that ends in %s is what node:crypto makes of it', (end) => {
    for (const [name, bits] of [
      ['AES_CBC', 128],
      ['AES_CBC', 256],
      ['3DES_CBC', 0],
      ['CAMELLIA_CBC', 192],
    ] as const) {
      const alg = ENCRS.find((row) => row.name === name)!;
      const [key, iv] = [octets(encrKeyOctets(alg, bits)), octets(alg.ivOctets)];
      for (const text of [octets(48), new Uint8Array(32)]) {
        text.set(hex(end), text.length - 4);
        const sealed = encrypt(alg, bits, key, iv, new Uint8Array(), text);
        takeShortcuts(watched as typeof crypto);
        expect(toHex(encrypt(alg, bits, key, iv, new Uint8Array(), text))).toBe(toHex(sealed));
        expect(toHex(decrypt(alg, bits, key, iv, new Uint8Array(), sealed)!)).toBe(toHex(text));
        takeShortcuts(undefined);
      }
    }
    expect(new Set(asked)).toEqual(new Set(['seal', 'open']));
  });
});

const octets = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => 17 + i * 29);
