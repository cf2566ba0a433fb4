import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ENCRS,
  type Encr,
  encrByName,
  encrKeyOctets,
  INTEGS,
  integByName,
} from '../../../src/ike/crypto/algorithms.ts';
import { encrypt } from '../../../src/ike/crypto/ciphers.ts';
import { icv } from '../../../src/ike/crypto/mac.ts';
import { ivOctets, open, type ProtectionSuite, seal, sealedOctets } from '../../../src/ike/crypto/protect.ts';

const count = (octets: number, from = 0) => Uint8Array.from({ length: octets }, (_, i) => from + i);

/** Each cipher with each key length, and each MAC with one cipher. */
const suites: [string, ProtectionSuite][] = [
  ...ENCRS.filter((encr) => encr.ike).flatMap((encr) =>
    encr.keyBits.map((bits) => suite(encr, bits, encr.isAead ? undefined : 'sha2')),
  ),
  ...INTEGS.filter((integ) => integ.id !== 0).map((integ) => suite(encrByName('aes')!, 128, integ.name)),
].map((s) => [`${s.encr.name}_${s.encrBits}${s.integ ? ` ${s.integ.name}` : ''}`, s]);

function suite(encr: Encr, encrBits: number, integ?: string): ProtectionSuite {
  return { encr, encrBits, integ: integ ? integByName(integ) : undefined };
}

const keysOf = (s: ProtectionSuite) =>
  [count(encrKeyOctets(s.encr, s.encrBits), 1), count(s.integ?.keyOctets ?? 0, 2)] as const;

describe.each(suites)('%s', (_, s) => {
  const [encrKey, integKey] = keysOf(s);
  const prefix = count(32, 3);
  const sealIt = (plaintext: Uint8Array) => seal(s, encrKey, integKey, count(ivOctets(s), 4), prefix, plaintext);

  test('opens what it sealed, at every length', () => {
    for (let octets = 0; octets < 70; octets++) {
      const datagram = sealIt(count(octets));
      expect(datagram.length).toBe(prefix.length + sealedOctets(s, octets));
      expect(datagram.subarray(0, 32)).toEqual(prefix);
      const opened = open(s, encrKey, integKey, datagram, 32);
      expect(opened.ok && Uint8Array.from(opened.plaintext)).toEqual(count(octets));
    }
  });

  test('refuses every single changed octet', () => {
    const datagram = sealIt(count(40));
    for (let at = 0; at < datagram.length; at++) {
      datagram[at] ^= 0x40;
      expect(open(s, encrKey, integKey, datagram, 32)).toEqual({ ok: false, why: 'unauthentic' });
      datagram[at] ^= 0x40;
    }
  });

  test('refuses what is cut short, and throws at nothing', () => {
    const datagram = sealIt(count(40));
    for (let end = 32; end < datagram.length; end++) {
      const opened = open(s, encrKey, integKey, datagram.subarray(0, end), 32);
      expect(opened.ok).toBe(false);
      if (end < 32 + sealedOctets(s, 0)) expect(opened).toEqual({ ok: false, why: 'short' });
    }
  });

  test('refuses authentic padding that is longer than its text', () => {
    const octets = s.encr.blockOctets;
    const text = new Uint8Array(octets).fill(octets);
    const iv = count(ivOctets(s), 4);
    const unsigned = Buffer.concat([prefix, iv, encrypt(s.encr, s.encrBits, encrKey, iv, prefix, text)]);
    const datagram = s.integ ? Buffer.concat([unsigned, icv(s.integ, integKey, unsigned)]) : unsigned;
    expect(open(s, encrKey, integKey, datagram, 32)).toEqual({ ok: false, why: 'padding' });
  });
});

test('any padding that the RFC allows is taken off (RFC 7296 §3.14)', () => {
  const s = suite(encrByName('aes_gcm')!, 128);
  const [key, none] = keysOf(s);
  const iv = count(8);
  const text = Uint8Array.of(1, 2, 3, 0xaa, 0xbb, 2);
  const datagram = Buffer.concat([count(32), iv, encrypt(s.encr, 128, key, iv, count(32), text)]);
  const opened = open(s, key, none, datagram, 32);
  expect(opened.ok && [...opened.plaintext]).toEqual([1, 2, 3]);
});

test('other keys and other suites do not open it', () => {
  const s = suite(encrByName('aes_gcm')!, 256);
  const [key, none] = keysOf(s);
  const datagram = seal(s, key, none, count(8), count(32), count(20));
  expect(open(s, count(36, 9), none, datagram, 32)).toEqual({ ok: false, why: 'unauthentic' });
  expect(open(suite(encrByName('chacha20_poly1305')!, 0), key, none, datagram, 32).ok).toBe(false);
});

test('octets of any kind are opened or refused', () => {
  fc.assert(
    fc.property(fc.constantFrom(...suites), fc.uint8Array({ maxLength: 120 }), ([, s], bytes) => {
      const [encrKey, integKey] = keysOf(s);
      return !open(s, encrKey, integKey, bytes, 28).ok;
    }),
    { numRuns: 1000 },
  );
});

test('our own mistakes throw', () => {
  const cbc = suite(encrByName('aes')!, 128);
  expect(() => seal(cbc, count(16), count(0), count(16), count(32), count(1))).toThrow('without integrity');
  const gcm = suite(encrByName('aes_gcm')!, 128);
  expect(() => seal(gcm, count(20), count(0), count(7), count(32), count(1))).toThrow(RangeError);
  const none = suite(encrByName('null')!, 0, 'sha1');
  expect(() => seal(none, count(0), count(20), count(0), count(32), count(1))).toThrow('does not protect IKE');
});
