import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipseckeyOf, parseSpki } from '../../../src/ike/crypto/signature/public-key.ts';
import { readIpsecKey } from '../../../src/services/dns/ipseckey.ts';

const spkiOf = (key: { export(options: { format: 'der'; type: 'spki' }): Buffer }) =>
  Uint8Array.from(key.export({ format: 'der', type: 'spki' }));

const KEYS = {
  rsa: spkiOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey),
  p256: spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
  p384: spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
  p521: spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey),
  ed25519: spkiOf(generateKeyPairSync('ed25519').publicKey),
  ed448: spkiOf(generateKeyPairSync('ed448').publicKey),
};

const GATEWAYS: readonly (readonly [number, readonly number[]])[] = [
  [0, []],
  [1, [192, 0, 2, 38]],
  [2, Array(16).fill(1)],
  [3, [...Buffer.from('\x09mygateway\x07example\x03com\0', 'latin1')]],
];

function record(spki: Uint8Array, [type, gateway] = GATEWAYS[0], precedence = 10): Uint8Array {
  const key = parseSpki(spki);
  if ('wrong' in key) throw new Error(key.wrong);
  const { algorithm, octets } = ipseckeyOf(key);
  return Uint8Array.of(precedence, type, algorithm, ...gateway, ...octets);
}

describe('IPSECKEY', () => {
  test.each(Object.keys(KEYS) as (keyof typeof KEYS)[])('%s behind every kind of gateway', (kind) => {
    for (const gateway of GATEWAYS)
      expect(readIpsecKey(record(KEYS[kind], gateway, 7))).toMatchObject({ precedence: 7, kind, spki: KEYS[kind] });
  });

  // RFC 4025 §3.2, the first two: algorithm 2, and a key that is too short for anybody today.
  test.each([
    '10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==',
    '10 0 2 . AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==',
  ])('RFC 4025 §3.2 is read, and its key refused for what it is: %s', (text) => {
    const [precedence, type, algorithm, gateway, key] = text.split(' ');
    const address = type === '1' ? gateway.split('.').map(Number) : [];
    const octets = Buffer.from(key, 'base64');
    const read = readIpsecKey(
      Uint8Array.of(Number(precedence), Number(type), Number(algorithm), ...address, ...octets),
    );
    expect(read).toEqual({ wrong: expect.stringMatching(/bit/) });
  });

  test.each([
    [[], '0 octets are no IPSECKEY record'],
    [[10, 0], '2 octets are no IPSECKEY record'],
    [[10, 0, 0], 'there is no key in it'],
    [[10, 0, 1, 1, 2, 3], 'DSA is not supported'],
    [[10, 0, 5, 1, 2, 3], 'algorithm 5 is unknown'],
    [[10, 4, 2, 1, 2, 3], 'gateway type 4 is unknown'],
    [[10, 1, 2, 192, 0, 2], 'its gateway is cut off'],
    [[10, 2, 2, 192, 0, 2], 'its gateway is cut off'],
    [[10, 3, 2, 3, 97, 98, 99], 'the name of its gateway has no end'],
    [[10, 3, 2, 0xc0, 12], 'the name of its gateway is compressed'],
    [[10, 3, 2], 'the name of its gateway has no end'],
    [[10, 0, 2], ''],
    [[10, 0, 3, ...Array(64).fill(1)], 'it is no point of'],
    [[10, 0, 3, ...Array(63).fill(1)], 'no point'],
    [[10, 0, 4, ...Array(31).fill(1)], '31 octets are no key of Ed25519 or Ed448'],
    [[10, 0, 4, ...Array(32).fill(0)], 'it verifies signatures that nobody has made'],
  ])('what is wrong is said: %j', (octets, why) => {
    expect(readIpsecKey(Uint8Array.from(octets))).toEqual({ wrong: expect.stringContaining(why) });
  });

  test('any octets give a key or a reason; a name for a gateway never reaches beyond its end', () => {
    fc.assert(
      fc.property(
        fc.nat(255),
        fc.nat(5),
        fc.nat(5),
        fc.uint8Array({ maxLength: 300 }),
        (precedence, type, algorithm, rest) => {
          const read = readIpsecKey(Uint8Array.of(precedence, type, algorithm, ...rest));
          if ('wrong' in read) expect(read.wrong).not.toBe('');
          else expect(parseSpki(read.spki)).not.toHaveProperty('wrong');
        },
      ),
    );
  });

  test('a record with any octet of it changed is another key or none', () => {
    const whole = record(KEYS.p256, GATEWAYS[3]);
    const good = readIpsecKey(whole);
    if ('wrong' in good) throw new Error(good.wrong);
    for (let at = whole.length - 64; at < whole.length; at++) {
      const changed = Uint8Array.from(whole);
      changed[at] ^= 0x20;
      expect(readIpsecKey(changed), `octet ${at}`).toHaveProperty('wrong');
    }
  });
});
