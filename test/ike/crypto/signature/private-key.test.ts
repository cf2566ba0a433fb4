import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readElement, readInteger, TAG } from '../../../../src/ike/crypto/signature/der.ts';
import { generate } from '../../../../src/ike/crypto/signature/generate.ts';
import {
  encodePkcs8,
  importPkcs8,
  MAX_KEY_FILE,
  parsePrivateKey,
  rsaPrivateKey,
} from '../../../../src/ike/crypto/signature/private-key.ts';
import { isSameKey } from '../../../../src/ike/crypto/signature/public-key.ts';
import { ALL_KINDS, good, hex, keyOf, makePkcs8, text } from './keys.ts';

/** The eight numbers of PKCS#1, behind its version. */
function numbersOf(pkcs8: Uint8Array): Uint8Array[] {
  const { handle } = good(parsePrivateKey(pkcs8));
  let { rest } = readInteger(readElement(handle.export({ type: 'pkcs1', format: 'der' }), TAG.SEQUENCE)!.body)!;
  return Array.from({ length: 8 }, () => {
    const number = readInteger(rest)!;
    rest = number.rest;
    return Uint8Array.from(number.body);
  });
}

describe('private keys from files', () => {
  test.each(ALL_KINDS)('%s: PKCS#8 in DER and PEM, with and without a passphrase', (kind) => {
    const { handle, public: mine } = keyOf(kind);
    const isMine = (octets: Uint8Array, passphrase?: string) =>
      isSameKey(good(parsePrivateKey(octets, passphrase === undefined ? undefined : text(passphrase))).public, mine);
    const locked = { cipher: 'aes-256-cbc', passphrase: 'open sesame' };
    expect(isMine(handle.export({ type: 'pkcs8', format: 'der' }))).toBe(true);
    expect(isMine(text(handle.export({ type: 'pkcs8', format: 'pem' }) as string))).toBe(true);
    const pem = text(handle.export({ type: 'pkcs8', format: 'pem', ...locked }) as string);
    expect(isMine(pem, 'open sesame')).toBe(true);
    expect(isMine(handle.export({ type: 'pkcs8', format: 'der', ...locked }), 'open sesame')).toBe(true);
    expect(parsePrivateKey(pem)).toEqual({ wrong: 'it is encrypted, and there is no passphrase' });
    expect(parsePrivateKey(pem, text('close'))).toEqual({
      wrong: 'there is no private key that the passphrase opens',
    });
  });

  test.each([
    ['rsa', 'pkcs1'],
    ['p256', 'sec1'],
  ] as const)('%s as %s, in DER and PEM', (kind, type) => {
    const key = keyOf(kind);
    for (const format of ['der', 'pem'] as const) {
      const octets = Uint8Array.from(Buffer.from(key.handle.export({ type, format } as never)));
      expect(isSameKey(good(parsePrivateKey(octets)).public, key.public)).toBe(true);
    }
  });

  test('among other blocks of PEM', () => {
    const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
    const withParameters = openssl('ecparam', '-name', 'prime256v1', '-genkey');
    expect(withParameters.toString()).toMatch(/BEGIN EC PARAMETERS.*BEGIN EC PRIVATE KEY/s);
    expect(good(parsePrivateKey(withParameters)).kind).toBe('p256');
    const certified = openssl(...'req -x509 -newkey ed25519 -nodes -subj /CN=west -keyout - -out -'.split(' '));
    expect(certified.toString()).toMatch(/BEGIN CERTIFICATE/);
    expect(good(parsePrivateKey(certified)).kind).toBe('ed25519');
  });

  test.each([
    ['nothing', new Uint8Array(0), /no private key, in PEM/],
    ['garbage', text('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'), /no private key/],
    ['a file without end', new Uint8Array(MAX_KEY_FILE + 1), /larger than 65536/],
    [
      'X25519',
      Buffer.from(generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'der' })),
      /neither/,
    ],
    [
      'an unknown curve',
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({ type: 'pkcs8', format: 'der' }),
      /neither RSA, ECDSA/,
    ],
    [
      'a public key',
      text(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }) as string),
      /no private key/,
    ],
    [
      'RSA with 768 bits',
      generateKeyPairSync('rsa', { modulusLength: 768 }).privateKey.export({ type: 'pkcs8', format: 'der' }),
      /this one 768/,
    ],
  ])('%s is refused', (_, octets, why) => {
    expect(parsePrivateKey(Uint8Array.from(octets))).toEqual({ wrong: expect.stringMatching(why) });
  });

  test('a key of which an octet has changed is refused, or is whole', () => {
    for (const kind of ['rsa', 'p256', 'ed25519'] as const) {
      const pkcs8 = makePkcs8(kind);
      const right = good(parsePrivateKey(pkcs8)).public;
      fc.assert(
        fc.property(fc.nat(pkcs8.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
          const key = parsePrivateKey(pkcs8.with(at, pkcs8[at] ^ bits));
          // Version and private numbers that OpenSSL does not need may differ; what is read signs what it verifies.
          return 'wrong' in key ? key.wrong.length > 0 : key.kind === right.kind;
        }),
        { numRuns: 40 },
      );
    }
  });

  test('halves of two keys are found out', () => {
    const [a, b] = [keyOf('p256').handle, generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey];
    const mine = Buffer.from(a.export({ type: 'sec1', format: 'der' }));
    const theirs = Buffer.from(b.export({ type: 'sec1', format: 'der' }));
    const mixed = Buffer.concat([mine.subarray(0, 7 + 32), theirs.subarray(7 + 32)]);
    expect(parsePrivateKey(mixed)).toEqual({ wrong: expect.stringMatching(/do not belong together|no private key/) });
  });
});

describe('FreeS/WAN’s eight numbers', () => {
  const pkcs8 = makePkcs8('rsa');
  const numbers = numbersOf(pkcs8);

  test('are the same key', () => {
    const key = good(rsaPrivateKey(numbers));
    expect(isSameKey(key.public, good(parsePrivateKey(pkcs8)).public)).toBe(true);
    expect(key).toMatchObject({ kind: 'rsa', bits: 2048 });
  });

  test('may begin with zeros', () => {
    expect(rsaPrivateKey(numbers.map((number) => Uint8Array.of(0, ...number)))).toMatchObject({ bits: 2048 });
  });

  test('with another private exponent and other exponents for the primes are none', () => {
    const odd = numbers.map((number, i) => (i === 2 || i === 5 || i === 6 ? number.map((o) => o ^ 2) : number));
    expect(rsaPrivateKey(odd)).toEqual({ wrong: expect.stringMatching(/belong together|no private key/) });
  });

  test('are eight', () => {
    expect(rsaPrivateKey(numbers.slice(1))).toEqual({ wrong: 'expected 8 numbers, not 7' });
    expect(rsaPrivateKey(numbers.map(() => hex('00')))).toHaveProperty('wrong');
  });
});

describe('keys on their way', () => {
  test.each(ALL_KINDS)('%s: PKCS#8 there and back', (kind) => {
    const key = keyOf(kind);
    expect(importPkcs8(encodePkcs8(key))).toMatchObject({ kind, bits: key.bits });
  });

  test.each([
    ['rsa', 2048],
    ['p384', 384],
    ['bp256', 256],
    ['ed25519', 256],
    ['ed448', 456],
  ] as const)('a new %s is what its file says', async (kind, bits) => {
    const { key, pem } = await generate(kind, bits);
    expect(key).toMatchObject({ kind, bits });
    expect(Buffer.from(pem).toString()).toMatch(
      /^-----BEGIN PRIVATE KEY-----\n([\w+/=]{1,64}\n)+-----END PRIVATE KEY-----\n$/,
    );
    expect(isSameKey(good(parsePrivateKey(pem)).public, key.public)).toBe(true);
  });
});
