import { createDecipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENCRS, type Encr, encrKeyOctets, groupById, PRFS, type Prf } from '../../src/ike/crypto/algorithms.ts';
import { makeKey, meet, sharedSecret } from '../../src/ike/crypto/dh.ts';
import { sha1, sha256 } from '../../src/ike/crypto/misc.ts';
import { prf, prfPlus } from '../../src/ike/crypto/prf.ts';
import { open, seal } from '../../src/ike/crypto/protect.ts';
import { selfTests } from '../../src/ike/crypto/selftest.ts';
import { type Shortcuts, takeShortcuts } from '../../src/ike/crypto/shortcuts.ts';
import { type Crypto, openCrypto } from '../../src/native/index.ts';

let crypto: Crypto;
/** Calls by operation of which the addon gave the answer. */
const taken: Record<string, number> = {};

beforeAll(() => {
  const opened = openCrypto();
  if (!opened) throw new Error('the addon offers no OpenSSL');
  crypto = opened;
});
afterAll(() => takeShortcuts(undefined));

const counted: Shortcuts = new Proxy({} as Shortcuts, {
  get:
    (_, name: keyof Shortcuts) =>
    (...args: unknown[]) => {
      const answer = (crypto[name] as (...args: unknown[]) => unknown).apply(crypto, args);
      if (answer !== undefined) taken[name] = (taken[name] ?? 0) + 1;
      return answer;
    },
});

/** What `work` gives by node:crypto, and what it gives by the addon, which is to have been asked. */
function bothWays<T>(operation: keyof Shortcuts, work: () => T): readonly [T, T] {
  takeShortcuts(undefined);
  const slow = work();
  takeShortcuts(counted);
  const before = taken[operation] ?? 0;
  const fast = work();
  expect(taken[operation] ?? 0).toBeGreaterThan(before);
  return [slow, fast];
}

const hmacs = PRFS.filter((alg) => alg.name.startsWith('HMAC_')).map((alg) => [alg.name, alg] as const);
const octets = (most: number, least = 0) => fc.uint8Array({ minLength: least, maxLength: most });

describe('the addon and node:crypto agree', () => {
  test.each(hmacs)('on %s and its prf+', (_, alg: Prf) => {
    fc.assert(
      fc.property(octets(200), octets(300), octets(40), (key, a, b) => {
        const [slow, fast] = bothWays('hmac', () => prf(alg, key, a, b));
        expect(fast).toEqual(new Uint8Array(slow));
      }),
      { numRuns: 50 },
    );
    fc.assert(
      fc.property(octets(200), octets(300), fc.integer({ min: 1, max: 255 * alg.outOctets }), (key, seed, length) => {
        const [slow, fast] = bothWays('prfPlus', () => prfPlus(alg, key, seed, length));
        expect(fast).toEqual(slow);
      }),
      { numRuns: 20 },
    );
  });

  test('on SHA-1 and SHA-256', () => {
    fc.assert(
      fc.property(octets(100), (a) => {
        const [slow, fast] = bothWays('hash', () => sha1(a));
        expect(fast).toEqual(new Uint8Array(slow));
        const [slower, faster] = bothWays('hash', () => sha256(a));
        expect(faster).toEqual(new Uint8Array(slower));
      }),
    );
  });

  const aeads = ENCRS.filter((alg) => alg.ike && alg.isAead && !alg.name.startsWith('AES_CCM'));
  const sized = aeads.flatMap((alg) =>
    (alg.keyBits.length > 0 ? alg.keyBits : [alg.defaultKeyBits]).map((bits) => [alg.name, bits, alg] as const),
  );
  test.each(sized)('on %s with %i bits, and on what is not authentic', (_, bits, alg: Encr) => {
    const key = new Uint8Array(encrKeyOctets(alg, bits)).fill(7);
    const iv = new Uint8Array(alg.ivOctets).fill(3);
    const suite = { encr: alg, encrBits: bits, integ: undefined };
    const none = new Uint8Array();
    fc.assert(
      fc.property(octets(100), octets(2000), fc.nat(), (prefix, text, at) => {
        const [slow, fast] = bothWays('seal', () => seal(suite, key, none, iv, prefix, text));
        expect(fast).toEqual(slow);
        const [, opened] = bothWays('open', () => open(suite, key, none, slow, prefix.length));
        expect(opened).toEqual({ ok: true, plaintext: text });
        slow[at % slow.length] ^= 1;
        const unauthentic = { ok: false, why: 'unauthentic' };
        expect(bothWays('open', () => open(suite, key, none, slow, prefix.length))).toEqual([unauthentic, unauthentic]);
      }),
      { numRuns: 30 },
    );
  });

  test.each([31, 32])('on key exchange method %i', (id) => {
    const group = groupById(id)!;
    const mine = makeKey(group);
    const [, met] = bothWays('meet', () => meet(group, mine.public));
    if (!met.ok) throw new Error(met.detail);
    expect(sharedSecret(group, mine.private, met.public)).toEqual({ ok: true, shared: Buffer.from(met.shared) });
    const again = meet(group, mine.public);
    expect(again.ok && again.public).not.toEqual(met.public);
  });

  test('on the answers that are known of every algorithm', () => {
    takeShortcuts(counted);
    expect([...selfTests()].filter(({ fault }) => fault !== undefined)).toEqual([]);
  });
});

describe('the addon refuses', () => {
  test.each([31, 32])('points of small order in key exchange method %i', (id) => {
    const group = groupById(id)!;
    const zero = new Uint8Array(group.publicOctets);
    const one = Uint8Array.from(zero);
    one[0] = 1;
    for (const theirs of [zero, one]) {
      const [slow, fast] = bothWays('meet', () => meet(group, theirs));
      expect(fast).toEqual(slow);
      expect(fast.ok).toBe(false);
    }
    expect(crypto.meet('X25519', new Uint8Array(31))).toBe('refused');
  });

  test('a key that is too short for the cipher', () => {
    const aead = { name: 'aes-256-gcm', keyAndSalt: new Uint8Array(20), saltOctets: 4, tagOctets: 16 };
    expect(() => crypto.seal(aead, new Uint8Array(8), new Uint8Array(), new Uint8Array(9), 10)).toThrow(RangeError);
    expect(() => crypto.open(aead, new Uint8Array(40), 4, 8)).toThrow(RangeError);
  });

  test('a text that is shorter than its tag', () => {
    const aead = { name: 'aes-128-gcm', keyAndSalt: new Uint8Array(20), saltOctets: 4, tagOctets: 16 };
    expect(crypto.open(aead, new Uint8Array(32 + 8 + 16), 32, 8)).toBe('unauthentic');
  });
});

test('what a stranger sends is no error of whoever asks OpenSSL next', () => {
  const next = () => {
    const decipher = createDecipheriv('aes-128-cbc', new Uint8Array(16), new Uint8Array(16));
    decipher.update(new Uint8Array(32));
    return decipher.final();
  };
  const own = expect.objectContaining({ code: 'ERR_OSSL_BAD_DECRYPT' });
  const aead = { name: 'aes-128-gcm', keyAndSalt: new Uint8Array(20), saltOctets: 4, tagOctets: 16 };
  const strange: readonly (() => unknown)[] = [
    () => crypto.meet('X25519', new Uint8Array(32)),
    () => crypto.meet('X25519', new Uint8Array(31)),
    () => crypto.open(aead, new Uint8Array(100), 32, 8),
    () => crypto.hash('sha258', new Uint8Array(1)),
    () => crypto.open({ ...aead, name: 'aes-129-gcm' }, new Uint8Array(100), 32, 8),
    () => crypto.meet('X25517', new Uint8Array(32)),
  ];
  for (const ask of strange) {
    ask();
    expect(next).toThrow(own);
  }
});

describe('the addon leaves to node:crypto', () => {
  test('names that OpenSSL does not know, and CCM', () => {
    const nothing = new Uint8Array();
    expect(crypto.hash('sha257', nothing)).toBeUndefined();
    expect(crypto.hmac('sha257', nothing, [])).toBeUndefined();
    expect(crypto.prfPlus('sha257', nothing, nothing, 1)).toBeUndefined();
    expect(crypto.meet('X25518', nothing)).toBeUndefined();
    const ccm = { name: 'aes-128-ccm', keyAndSalt: new Uint8Array(19), saltOctets: 3, tagOctets: 16 };
    expect(crypto.seal(ccm, new Uint8Array(8), nothing, nothing, 1)).toBeUndefined();
    expect(crypto.open(ccm, new Uint8Array(64), 4, 8)).toBeUndefined();
  });

  test('more octets than a datagram has', () => {
    const much = new Uint8Array(100_000);
    expect(crypto.hash('sha1', much)).toBeUndefined();
    expect(crypto.hmac('sha1', much, [])).toBeUndefined();
    expect(crypto.prfPlus('sha1', new Uint8Array(1), much, 20)).toBeUndefined();
    const aead = { name: 'aes-128-gcm', keyAndSalt: new Uint8Array(20), saltOctets: 4, tagOctets: 16 };
    expect(crypto.seal(aead, new Uint8Array(8), new Uint8Array(), much, much.length + 1)).toBeUndefined();
    expect(crypto.open(aead, much, 4, 8)).toBeUndefined();
    takeShortcuts(counted);
    const [slow, alg] = [prf(PRFS[0], much), PRFS[0]];
    takeShortcuts(undefined);
    expect(prf(alg, much)).toEqual(slow);
  });
});

test('every OpenSSL function that crypto.cc calls is weak, so that the addon loads without it', () => {
  const source = readFileSync(new URL('../../src/native/crypto.cc', import.meta.url), 'utf8');
  const called = new Set(source.match(/\b(?:ERR_[a-z_]+|EVP_[A-Za-z_0-9]+|OPENSSL_[a-z_]+)(?=\()/g));
  const freed = source.match(/\bEVP_\w+_free\b/g) ?? [];
  const weak = new Set([...source.matchAll(/^#pragma weak (\w+)$/gm)].map(([, name]) => name));
  expect([...weak].toSorted()).toEqual([...new Set([...called, ...freed])].toSorted());
});
