import { constants, createHash, sign as opensslSign, privateEncrypt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeAuth, parseAuth } from '../../../../src/ike/crypto/signature/auth.ts';
import { der, derInteger } from '../../../../src/ike/crypto/signature/der.ts';
import { parseEcdsaKey, parseEddsaKey, parseSpki } from '../../../../src/ike/crypto/signature/public-key.ts';
import { BARE, SCHEMES, type Scheme, schemeOf } from '../../../../src/ike/crypto/signature/scheme.ts';
import { misfit, sign, verify } from '../../../../src/ike/crypto/signature/sign.ts';
import { ALL_KINDS, good, hex, keyOf, text, toHex } from './keys.ts';

const byName = (name: string): Scheme => SCHEMES.find((scheme) => scheme.name === name)!;
/** Every kind of key with everything it does. */
/** Of IKEv2: those of IKEv1 are signatures of a hash that is made elsewhere. */
const PAIRS = ALL_KINDS.flatMap((kind) =>
  SCHEMES.filter((scheme) => scheme.method > 0 && misfit(keyOf(kind), scheme) === undefined).map(
    (scheme) => [kind, scheme] as const,
  ),
);
const MESSAGE = text('message | nonce | prf(SK_p, ID)');

describe('known answers', () => {
  const { message, rows } = JSON.parse(
    readFileSync(new URL('../../../fixtures/signature/rfc4754.json', import.meta.url), 'utf8'),
  ) as { message: string; rows: { method: number; x: string; y: string; r: string; s: string }[] };

  test.each(rows)('RFC 4754 §8, method $method', ({ method, x, y, r, s }) => {
    const key = good(parseEcdsaKey(hex(x + y)));
    const { scheme, signature } = good(parseAuth(method, hex(r + s)));
    expect(verify(key, scheme, hex(message), signature)).toBeUndefined();
    expect(verify(key, scheme, hex(`${message}00`), signature)).toBe('its signature does not match');
  });

  test('RFC 6979 §A.2.5, P-256 and SHA-256 over "sample", as method 14 has it', () => {
    const key = good(
      parseEcdsaKey(
        hex(
          '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6' +
            '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
        ),
      ),
    );
    const r = hex('efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716');
    const s = hex('f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8');
    const value = der(0x30, derInteger(r), derInteger(s));
    expect(verify(key, byName('ECDSA with SHA2_256'), text('sample'), value)).toBeUndefined();
    expect(verify(key, byName('ECDSA with SHA2_384'), text('sample'), value)).toBe('its signature does not match');
  });

  const rsa = JSON.parse(
    readFileSync(new URL('../../../fixtures/signature/wycheproof-rsa.json', import.meta.url), 'utf8'),
  ) as { spki: string; message: string; rows: { scheme: string; what: string; signature: string; isGood: boolean }[] };

  test.each(rsa.rows)('Wycheproof, $scheme, $what: $isGood', ({ scheme, signature, isGood }) => {
    const key = good(parseSpki(hex(rsa.spki)));
    const wrong = verify(key, byName(scheme), hex(rsa.message), hex(signature));
    expect(wrong).toBe(isGood ? undefined : 'its signature does not match');
    expect(verify(key, byName(scheme), hex(`${rsa.message}00`), hex(signature))).toBe('its signature does not match');
  });

  const hashes = JSON.parse(
    readFileSync(new URL('../../../fixtures/signature/rsa-hashes.json', import.meta.url), 'utf8'),
  ) as { scheme: string; origin: string; spki: string; message: string; signature: string }[];

  test.each(hashes)('$origin, $scheme', ({ scheme, spki, message, signature }) => {
    const key = good(parseSpki(hex(spki)));
    const own = byName(scheme);
    expect(verify(key, own, hex(message), hex(signature))).toBeUndefined();
    expect(verify(key, own, hex(`${message}00`), hex(signature))).toBe('its signature does not match');
    const others = SCHEMES.filter(({ type, form, hash }) => type === 'RSA' && (form !== own.form || hash !== own.hash));
    expect(others.length).toBeGreaterThan(6);
    for (const other of others)
      expect(verify(key, other, hex(message), hex(signature))).toBe('its signature does not match');
  });

  test.each([
    [
      'Ed25519, RFC 8032 §7.1 TEST 1',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      'Ed25519, RFC 8032 §7.1 TEST 2',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'Ed448, RFC 8032 §7.4 Blank',
      '5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180',
      '',
      '533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600',
    ],
  ])('%s', (name, key, message, signature) => {
    const scheme = byName(name.split(',')[0]);
    const publicKey = good(parseEddsaKey(hex(key)));
    expect(verify(publicKey, scheme, hex(message), hex(signature))).toBeUndefined();
    expect(verify(publicKey, scheme, hex(`${message}01`), hex(signature))).toBe('its signature does not match');
  });
});

describe('every kind of key with every scheme that it does', () => {
  test('there are as many as one expects', () => {
    const counts = ALL_KINDS.map((kind) => [kind, PAIRS.filter(([of]) => of === kind).length]);
    expect(Object.fromEntries(counts)).toEqual({
      ...{ rsa: 9, p256: 5, p384: 5, p521: 5, bp256: 4, bp384: 4, bp512: 4, ed25519: 1, ed448: 1 },
    });
  });

  test.each(PAIRS)('%s, $name: what is signed verifies, through AUTH and back', (kind, scheme) => {
    const key = keyOf(kind);
    const data = encodeAuth(scheme, good(sign(key, scheme, MESSAGE)));
    const read = good(parseAuth(scheme.method, data));
    expect(read.scheme).toBe(scheme);
    expect(verify(key.public, read.scheme, MESSAGE, read.signature)).toBeUndefined();
  });

  test.each(PAIRS)('%s, $name: another octet anywhere, and it does not', (kind, scheme) => {
    const key = keyOf(kind);
    const signature = good(sign(key, scheme, MESSAGE));
    const data = encodeAuth(scheme, signature);
    const isTaken = (octets: Uint8Array, auth: Uint8Array): boolean => {
      const read = parseAuth(scheme.method, auth);
      return !('wrong' in read) && verify(key.public, read.scheme, octets, read.signature) === undefined;
    };
    const flip = (octets: Uint8Array, at: number, bits: number) =>
      octets.map((octet, i) => (i === at % octets.length ? octet ^ bits : octet));
    const where = fc.tuple(fc.nat(4096), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(where, ([at, bits]) => {
        expect(isTaken(flip(MESSAGE, at, bits), data)).toBe(false);
        expect(isTaken(MESSAGE, flip(data, at, bits))).toBe(false);
      }),
      { numRuns: kind === 'p521' || kind.startsWith('bp') ? 10 : 25 },
    );
    expect(isTaken(MESSAGE, data.subarray(0, -1))).toBe(false);
    expect(isTaken(MESSAGE, Uint8Array.of(...data, 0))).toBe(false);
    expect(isTaken(MESSAGE, encodeAuth(scheme, Uint8Array.of(0, ...signature)))).toBe(false);
    expect(
      isTaken(
        MESSAGE,
        encodeAuth(
          scheme,
          signature.map(() => 0),
        ),
      ),
    ).toBe(false);
  });

  test('nobody else’s key, and no other scheme, verifies it', () => {
    for (const [kind, scheme] of PAIRS) {
      const signature = good(sign(keyOf(kind), scheme, MESSAGE));
      for (const other of ALL_KINDS) {
        if (other !== kind) expect(verify(keyOf(other).public, scheme, MESSAGE, signature)).toEqual(expect.any(String));
      }
      for (const other of SCHEMES) {
        const isSame = other.form === scheme.form && other.hash === scheme.hash;
        if (!isSame) expect(verify(keyOf(kind).public, other, MESSAGE, signature)).toEqual(expect.any(String));
      }
    }
  });

  test('any octets for a signature are a reason, and nothing throws', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PAIRS), fc.uint8Array({ maxLength: 300 }), ([kind, scheme], octets) => {
        expect(verify(keyOf(kind).public, scheme, MESSAGE, octets)).toEqual(expect.any(String));
      }),
      { numRuns: 300 },
    );
  });
});

describe('RSA', () => {
  const key = keyOf('rsa');
  const pss = byName('RSASSA-PSS with SHA2_256');

  test.each([0, 20, 31, 33, 64, 222])('a PSS salt of %i octets is not 32, and refused', (saltLength) => {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const signature = opensslSign('sha256', MESSAGE, { key: key.handle, padding, saltLength });
    expect(verify(key.public, pss, MESSAGE, signature)).toBe('its signature does not match');
  });

  test('a signature above the modulus is refused, though it is one modulo it', () => {
    const scheme = byName('RSASSA-PKCS1-v1_5 with SHA2_256');
    const n = BigInt(`0x${toHex(key.public.rsa!.modulus)}`);
    // One below 2^2048 - n exists among a few messages.
    for (let i = 0; i < 256; i++) {
      const message = Uint8Array.of(i);
      const s = BigInt(`0x${toHex(good(sign(key, scheme, message)))}`) + n;
      if (s >> 2048n !== 0n) continue;
      expect(verify(key.public, scheme, message, hex(s.toString(16).padStart(512, '0')))).toBe(
        'its signature does not match',
      );
      return;
    }
    // The modulus is so large that none fits: nothing to refuse.
    expect(n >> 2047n).toBe(1n);
  });

  describe('PKCS#1 v1.5 in any other form than RFC 8017 §9.2 has it', () => {
    const scheme = byName('RSASSA-PKCS1-v1_5 with SHA2_256');
    const hash = createHash('sha256').update(MESSAGE).digest();
    const info = (algorithm: string, ...more: number[]) => {
      const body = Uint8Array.of(...hex(algorithm), 0x04, 0x20, ...hash);
      return Uint8Array.of(0x30, body.length, ...body, ...more);
    };
    const SHA256 = '300d06096086480165030402010500';
    const block = (type: number, filler: number, rest: Uint8Array, short = 0) => {
      const head = [0, type, ...new Array(256 - 3 - rest.length - short).fill(filler), 0];
      return Uint8Array.of(...head, ...rest, ...new Array(short).fill(0xaa));
    };
    const signed = (encoded: Uint8Array) =>
      privateEncrypt({ key: key.handle, padding: constants.RSA_NO_PADDING }, encoded);

    test('and in that form it is taken', () => {
      expect(verify(key.public, scheme, MESSAGE, signed(block(1, 0xff, info(SHA256))))).toBeUndefined();
    });

    test.each([
      ['block type 2', block(2, 0xff, info(SHA256))],
      ['filled with zeros', block(1, 0, info(SHA256))],
      ['short padding and garbage behind the hash, Bleichenbacher’s forgery', block(1, 0xff, info(SHA256), 180)],
      ['garbage within the padding', block(1, 0xff, info(SHA256)).with(20, 0xfe)],
      ['without NULL', block(1, 0xff, info('300b0609608648016503040201'))],
      ['garbage for NULL', block(1, 0xff, info('300f060960864801650304020105020001'))],
      ['another hash’s name', block(1, 0xff, info('300d06096086480165030402020500'))],
      ['the bare hash', block(1, 0xff, Uint8Array.from(hash))],
    ])('%s', (_, encoded) => {
      expect(verify(key.public, scheme, MESSAGE, signed(encoded))).toBe('its signature does not match');
    });

    describe('and the bare hash of IKEv1', () => {
      const own = Uint8Array.from(hash);

      test('in a block of its own it is taken', () => {
        expect(verify(key.public, BARE, own, signed(block(1, 0xff, own)))).toBeUndefined();
      });

      test.each([
        ['block type 2', block(2, 0xff, own)],
        ['block type 0', block(0, 0, own)],
        ['filled with zeros', block(1, 0, own)],
        ['short padding and garbage behind the hash', block(1, 0xff, own, 180)],
        [
          'eight octets of padding and the hash at the end',
          block(1, 0xff, Uint8Array.of(...new Uint8Array(213), ...own)),
        ],
        ['seven octets of padding', Uint8Array.of(0, 1, ...new Array(7).fill(0xff), 0, ...new Uint8Array(214), ...own)],
        ['garbage within the padding', block(1, 0xff, own).with(20, 0xfe)],
        ['no zero before it', block(1, 0xff, own).with(256 - 33, 0xff)],
        ['a name of its hash', block(1, 0xff, info(SHA256))],
        ['an octet less', block(1, 0xff, own.subarray(1))],
        ['an octet more', block(1, 0xff, Uint8Array.of(0, ...own))],
        ['nothing', block(1, 0xff, new Uint8Array())],
        ['another hash', block(1, 0xff, own.with(31, own[31] ^ 1))],
      ])('%s: refused', (_, encoded) => {
        expect(verify(key.public, BARE, own, signed(encoded))).toBe('its signature does not match');
      });

      test.each([0, 1])('the power %i of anything is nobody’s signature', (power) => {
        const octets = new Uint8Array(256);
        octets[255] = power;
        expect(verify(key.public, BARE, own, octets)).toBe('its signature does not match');
      });
    });
  });

  test('1024 bits have no room for PSS with SHA2_512', () => {
    const small = keyOf('rsa', 1024);
    expect(misfit(small, byName('RSASSA-PSS with SHA2_512'))).toBe(
      '1024 bits are too few for RSASSA-PSS with SHA2_512',
    );
    expect(sign(small, byName('RSASSA-PSS with SHA2_512'), MESSAGE)).toEqual({
      wrong: expect.stringMatching(/too few/),
    });
    expect(misfit(small, byName('RSASSA-PSS with SHA2_384'))).toBeUndefined();
  });
});

describe('ECDSA', () => {
  const key = keyOf('p256');
  const scheme = byName('ECDSA with SHA2_256');
  const raw = schemeOf(9)!;
  const order = hex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  const signature = good(sign(key, raw, MESSAGE));
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
  const value = (...parts: Uint8Array[]) => der(0x30, ...parts);
  const padded = (number: Uint8Array) => der(2, Uint8Array.of(0, 0), number);

  test('the same signature in DER is taken', () => {
    expect(verify(key.public, scheme, MESSAGE, value(derInteger(r), derInteger(s)))).toBeUndefined();
  });

  test.each([
    ['r is 0', value(derInteger(new Uint8Array(32)), derInteger(s))],
    ['s is 0', value(derInteger(r), derInteger(new Uint8Array(32)))],
    ['r is the order', value(derInteger(order), derInteger(s))],
    ['s is the order', value(derInteger(r), derInteger(order))],
    ['zeros in front', value(padded(r), derInteger(s))],
    ['a negative number', value(der(2, Uint8Array.of(0xff, ...r)), derInteger(s))],
    ['an empty number', value(der(2), derInteger(s))],
    ['more behind s', value(derInteger(r), derInteger(s), derInteger(s))],
    ['more behind all', Uint8Array.of(...value(derInteger(r), derInteger(s)), 0)],
    ['only r', value(derInteger(r))],
    ['a SET', der(0x31, derInteger(r), derInteger(s))],
    ['a length in two octets', Uint8Array.of(0x30, 0x81, ...value(derInteger(r), derInteger(s)).subarray(1))],
    ['no definite length', Uint8Array.of(0x30, 0x80, ...derInteger(r), ...derInteger(s), 0, 0)],
    ['r | s, which is RFC 4754’s', signature],
    ['nothing', new Uint8Array(0)],
  ])('in DER: %s', (_, octets) => {
    expect(verify(key.public, scheme, MESSAGE, octets)).toEqual(expect.stringMatching(/DER|match|octets/));
  });

  test.each([
    ['DER, which is RFC 7427’s', value(derInteger(r), derInteger(s))],
    ['an octet more', Uint8Array.of(...signature, 0)],
    ['an octet less', signature.subarray(1)],
    ['r is 0', Uint8Array.of(...new Uint8Array(32), ...s)],
    ['s is the order', Uint8Array.of(...r, ...order)],
    ['r and s changed places', Uint8Array.of(...s, ...r)],
  ])('as r | s: %s', (_, octets) => {
    expect(verify(key.public, raw, MESSAGE, octets)).toEqual(expect.any(String));
  });

  test('method 9 is for P-256 alone', () => {
    expect(misfit(keyOf('p384'), raw)).toBe('ECDSA P-384 does not do ECDSA with SHA2_256 on P-256');
    expect(misfit(keyOf('bp256'), raw)).toEqual(expect.any(String));
  });
});

describe('EdDSA', () => {
  test('S is below the order: S + L is refused', () => {
    const key = keyOf('ed25519');
    const scheme = byName('Ed25519');
    const signature = good(sign(key, scheme, MESSAGE));
    const order = (1n << 252n) + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order;
    const forged = Uint8Array.of(...signature.subarray(0, 32), ...hex(s.toString(16).padStart(64, '0')).reverse());
    expect(forged.length).toBe(64);
    expect(verify(key.public, scheme, MESSAGE, forged)).toBe('its signature does not match');
  });
});
