import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeRsaPublicKey,
  parseRsaPublicKey,
  type RsaPublicKey,
  rsaBits,
  rsaKeyId,
} from '../../../src/ike/crypto/rsa-public-key.ts';

const bytes = (...parts: (number | Uint8Array)[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])));
/** A number of that many octets, odd, its highest bit set. */
const odd = (octets: number) => bytes(0x80, new Uint8Array(octets - 2), 1);
const key = (exponent: Uint8Array, modulus: Uint8Array) => encodeRsaPublicKey({ exponent, modulus });

describe('an RSA key as RFC 3110 has it', () => {
  test('one that OpenSSL has made: its exponent, its modulus, FreeS/WAN’s key id', () => {
    const { publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'pkcs1', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    });
    // SEQUENCE { INTEGER n, with a zero in front; INTEGER e }.
    const modulus = Uint8Array.from(publicKey.subarray(9, 9 + 256));
    const parsed = parseRsaPublicKey(bytes(3, 1, 0, 1, modulus)) as RsaPublicKey;
    expect(parsed).toEqual({ exponent: Uint8Array.of(1, 0, 1), modulus });
    expect(rsaBits(parsed)).toBe(2048);
    expect(rsaKeyId(parsed)).toMatch(/^AwEAA[\w+/]{4}$/);
  });

  test('a long exponent has its length in two octets', () => {
    const octets = key(odd(300), odd(512));
    expect([...octets.subarray(0, 3)]).toEqual([0, 1, 44]);
    expect(encodeRsaPublicKey(parseRsaPublicKey(octets) as RsaPublicKey)).toEqual(octets);
  });

  test.each([
    ['nothing', bytes(), /too few/],
    ['an exponent that is cut off', bytes(200, odd(128)), /exponent is said to have 200 octets, and 128 follow/],
    ['no modulus', bytes(3, 1, 0, 1), /exponent is said to have 3/],
    ['a short exponent in the long form', bytes(0, 0, 3, 1, 0, 1, odd(256)), /in one octet/],
    ['no exponent', bytes(0, 0, 0, odd(256)), /in one octet/],
    ['a zero in front', key(Uint8Array.of(3), bytes(0, odd(256))), /without zeros/],
    ['1016 bits', key(Uint8Array.of(3), odd(127)), /1024 to 16384 bits, this one 1016/],
    ['16392 bits', key(Uint8Array.of(3), odd(2049)), /this one 16392/],
    ['an even modulus', key(Uint8Array.of(3), bytes(0x80, new Uint8Array(255))), /even/],
    ['an even exponent', key(Uint8Array.of(4), odd(256)), /odd and at least 3/],
    ['exponent 1', key(Uint8Array.of(1), odd(256)), /odd and at least 3/],
    ['an exponent as long as the modulus', key(odd(256), odd(256)), /not smaller/],
  ])('%s is refused', (_, octets, why) => {
    expect(parseRsaPublicKey(octets)).toEqual({ wrong: expect.stringMatching(why) });
  });

  test('any octets are a key that encodes to them, or a reason', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (octets) => {
        const parsed = parseRsaPublicKey(octets);
        return 'wrong' in parsed ? parsed.wrong.length > 0 : Buffer.compare(encodeRsaPublicKey(parsed), octets) === 0;
      }),
    );
  });
});
