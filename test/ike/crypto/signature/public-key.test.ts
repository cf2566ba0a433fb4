import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeRsaPublicKey } from '../../../../src/ike/crypto/rsa-public-key.ts';
import { der, derInteger } from '../../../../src/ike/crypto/signature/der.ts';
import { ckaid, keyId } from '../../../../src/ike/crypto/signature/key-id.ts';
import { kindRow } from '../../../../src/ike/crypto/signature/key-kind.ts';
import {
  encodeSpki,
  ipseckeyOf,
  isSameKey,
  parseEcdsaKey,
  parseEddsaKey,
  parseRsaKey,
  parseSpki,
} from '../../../../src/ike/crypto/signature/public-key.ts';
import { ALL_KINDS, good, hex, keyOf, toHex } from './keys.ts';

const opensslSpki = (kind: (typeof ALL_KINDS)[number]) =>
  createPublicKey(keyOf(kind).handle).export({ type: 'spki', format: 'der' });
const spki = (algorithm: Uint8Array, body: Uint8Array, unused = 0) =>
  der(0x30, algorithm, der(3, Uint8Array.of(unused), body));
const RSA = kindRow('rsa').algorithm;
const rsaBody = (n: Uint8Array, e: Uint8Array) => der(0x30, derInteger(n), derInteger(e));
/** A number of that many octets, odd, its highest bit set. */
const odd = (octets: number) => Uint8Array.of(0x80, ...new Uint8Array(octets - 2), 1);

describe('SubjectPublicKeyInfo', () => {
  test.each(ALL_KINDS)('%s: OpenSSL’s is read, and written octet for octet', (kind) => {
    const octets = opensslSpki(kind);
    const key = good(parseSpki(octets));
    expect(key).toMatchObject({ kind, isWeak: false, bits: kind === 'rsa' ? 2048 : kindRow(kind).bits });
    expect(Buffer.compare(encodeSpki(key), octets)).toBe(0);
    expect(isSameKey(key, keyOf(kind).public)).toBe(true);
  });

  test('what is read is a copy', () => {
    for (const kind of ALL_KINDS) {
      const octets = opensslSpki(kind);
      const before = Buffer.from(octets);
      const key = good(parseSpki(octets));
      expect(octets.equals(before)).toBe(true);
      octets.fill(0);
      expect(Buffer.compare(encodeSpki(key), before)).toBe(0);
    }
  });

  test('below 2048 bits RSA is weak', () => {
    expect(keyOf('rsa', 1024).public).toMatchObject({ isWeak: true, bits: 1024 });
    expect(keyOf('rsa', 2047).public).toMatchObject({ isWeak: true, bits: 2047 });
  });

  const point = keyOf('p256').public.body;
  test.each([
    ['nothing', new Uint8Array(0), /no SubjectPublicKeyInfo/],
    ['an octet more', Uint8Array.of(...opensslSpki('p256'), 0), /no SubjectPublicKeyInfo/],
    ['an octet less', opensslSpki('p256').subarray(0, -1), /no SubjectPublicKeyInfo/],
    ['a BIT STRING of odd bits', spki(RSA, rsaBody(odd(256), Uint8Array.of(3)), 1), /whole octets/],
    ['an unknown curve', spki(hex('301006072a8648ce3d020106052b8104000a'), point), /neither RSA/],
    ['RSA without NULL', spki(hex('300b06092a864886f70d010101'), rsaBody(odd(256), Uint8Array.of(3))), /neither/],
    ['RSA-PSS alone', spki(hex('300d06092a864886f70d01010a3000'), rsaBody(odd(256), Uint8Array.of(3))), /neither/],
    ['X25519', hex(`302a300506032b656e032100${'09'.padEnd(64, '0')}`), /neither/],
    ['a compressed point', spki(kindRow('p256').algorithm, point.subarray(0, 33).with(0, 2)), /uncompressed/],
    ['a point beside the curve', spki(kindRow('p256').algorithm, point.with(64, point[64] ^ 1)), /no point of/],
    ['the same on brainpool', spki(kindRow('bp256').algorithm, point), /no point of/],
    ['the point at infinity', spki(kindRow('p256').algorithm, new Uint8Array(1)), /uncompressed/],
    ['Ed25519 with 31 octets', spki(kindRow('ed25519').algorithm, new Uint8Array(31)), /32 octets/],
    ['no RSAPublicKey', spki(RSA, new Uint8Array(20)), /no RSAPublicKey/],
    ['more behind the exponent', spki(RSA, der(0x30, derInteger(odd(256)), derInteger(odd(3)), odd(3))), /no RSAP/],
    ['1016 bits', spki(RSA, rsaBody(odd(127), Uint8Array.of(3))), /1024 to 16384 bits, this one 1016/],
    ['16392 bits', spki(RSA, rsaBody(odd(2049), Uint8Array.of(3))), /this one 16392/],
    ['exponent 1', spki(RSA, rsaBody(odd(256), Uint8Array.of(1))), /at least 3/],
    ['an exponent that keeps us busy', spki(RSA, rsaBody(odd(512), odd(9))), /may have 64, not 72/],
    ['one that does with 2048 bits', spki(RSA, rsaBody(odd(256), odd(33))), /2048 bits .* may have 256, not 264/],
    [
      'zeros in front of the modulus',
      spki(RSA, der(0x30, der(2, hex('0000'), odd(256)), derInteger(odd(3)))),
      /no RSAP/,
    ],
    ['a negative modulus', spki(RSA, der(0x30, der(2, odd(256)), derInteger(odd(3)))), /no RSAPublicKey/],
  ])('%s is refused', (_, octets, why) => {
    expect(parseSpki(octets)).toEqual({ wrong: expect.stringMatching(why) });
  });

  test('an octet changed is another key, or none', () => {
    for (const kind of ALL_KINDS) {
      const octets = Uint8Array.from(opensslSpki(kind));
      fc.assert(
        fc.property(fc.nat(octets.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
          const key = parseSpki(octets.with(at, octets[at] ^ bits));
          return 'wrong' in key || !isSameKey(key, keyOf(kind).public);
        }),
        { numRuns: 30 },
      );
    }
  });

  test('any octets are a key that encodes to them, or a reason', () => {
    const near = fc
      .tuple(fc.constantFrom(...ALL_KINDS), fc.uint8Array({ maxLength: 300 }))
      .map(([kind, body]) => spki(kindRow(kind).algorithm, body));
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 300 })), (octets) => {
        const key = parseSpki(octets);
        return 'wrong' in key ? key.wrong.length > 0 : Buffer.compare(encodeSpki(key), octets) === 0;
      }),
    );
  });
});

describe('keys of operators', () => {
  test('leftrsasigkey= has RFC 3110', () => {
    const { rsa } = keyOf('rsa').public;
    const octets = encodeRsaPublicKey(rsa!);
    const key = good(parseRsaKey(Buffer.from(octets)));
    expect(isSameKey(key, keyOf('rsa').public)).toBe(true);
    expect(ipseckeyOf(key)).toEqual({ algorithm: 2, octets });
    expect(parseRsaKey(octets.subarray(0, 60))).toEqual({ wrong: expect.stringMatching(/1024 to 16384/) });
  });

  test.each(['p256', 'p384', 'p521'] as const)('leftecdsakey= has x | y of %s, with or without 04', (kind) => {
    const { octets, algorithm } = ipseckeyOf(keyOf(kind).public);
    expect(algorithm).toBe(3);
    expect(isSameKey(good(parseEcdsaKey(octets)), keyOf(kind).public)).toBe(true);
    expect(isSameKey(good(parseEcdsaKey(Uint8Array.of(4, ...octets))), keyOf(kind).public)).toBe(true);
    expect(parseEcdsaKey(Uint8Array.of(3, ...octets))).toEqual({ wrong: expect.stringMatching(/no point/) });
    expect(parseEcdsaKey(octets.subarray(2))).toEqual({ wrong: expect.stringMatching(/no point of P-256, P-384/) });
  });

  test.each(['ed25519', 'ed448'] as const)('%s has RFC 8032’s octets', (kind) => {
    const { octets, algorithm } = ipseckeyOf(keyOf(kind).public);
    expect(algorithm).toBe(4);
    expect(isSameKey(good(parseEddsaKey(octets)), keyOf(kind).public)).toBe(true);
    expect(parseEddsaKey(octets.subarray(1))).toEqual({ wrong: expect.stringMatching(/no key of Ed25519 or Ed448/) });
  });

  test.each([
    ['0', '0'.repeat(64)],
    ['1', `01${'0'.repeat(62)}`],
    ['1 with a sign', `01${'0'.repeat(60)}80`],
    ['-1', `ec${'f'.repeat(60)}7f`],
    ['order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['order 8, the other', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['order 8, with a sign', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
    ['p, which is 0', `ed${'f'.repeat(60)}7f`],
    ['p + 1, which is 1', `ee${'f'.repeat(60)}7f`],
    ['Ed448: 0', '0'.repeat(114)],
    ['Ed448: 1', `01${'0'.repeat(112)}`],
    ['Ed448: -1', `fe${'f'.repeat(54)}fe${'f'.repeat(54)}00`],
  ])('EdDSA with y = %s is a key that anybody can sign with, and refused', (_, octets) => {
    expect(parseEddsaKey(hex(octets))).toEqual({ wrong: expect.stringMatching(/nobody has made/) });
  });
});

describe('names', () => {
  test('a CKAID is SHA-1 of the modulus, of the point with its 04, of the octets', () => {
    const sha1 = (octets: Uint8Array) => createHash('sha1').update(octets).digest('hex');
    const { rsa, body } = keyOf('rsa').public;
    expect(toHex(ckaid(keyOf('rsa').public))).toBe(sha1(rsa!.modulus));
    expect(body[0]).toBe(0x30);
    const point = keyOf('p384').public.body;
    expect(point[0]).toBe(4);
    expect(toHex(ckaid(keyOf('p384').public))).toBe(sha1(point));
    expect(toHex(ckaid(keyOf('ed25519').public))).toBe(sha1(keyOf('ed25519').public.body));
  });

  const nss = JSON.parse(
    readFileSync(new URL('../../../fixtures/signature/nss-ckaid.json', import.meta.url), 'utf8'),
  ) as { spki: string; ckaid: string }[];
  test.each(nss)('$ckaid, as NSS has it', ({ spki, ckaid: id }) => {
    expect(toHex(ckaid(good(parseSpki(hex(spki)))))).toBe(id);
  });

  test('a key id has nine characters', () => {
    expect(keyId(keyOf('rsa').public)).toMatch(/^AwEAA[\w+/]{4}$/);
    const ecdsa = keyOf('p256').public;
    expect(keyId(ecdsa)).toBe(Buffer.from(ckaid(ecdsa)).toString('base64').slice(0, 9));
  });
});
