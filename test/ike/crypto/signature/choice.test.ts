import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAuthby } from '../../../../src/conf/authby.ts';
import type { Authby } from '../../../../src/conf/conn.ts';
import { chooseScheme, ourHashes, refusal, type SignaturePolicy } from '../../../../src/ike/crypto/signature/choice.ts';
import { encodeHashAlgorithms, parseHashAlgorithms } from '../../../../src/ike/crypto/signature/hash-algorithms.ts';
import { type Hash, SCHEMES } from '../../../../src/ike/crypto/signature/scheme.ts';
import { misfit } from '../../../../src/ike/crypto/signature/sign.ts';
import { hex, toHex } from './keys.ts';

/** As `authby=` is read. */
function policy(authby: string, more: Partial<SignaturePolicy> & { eddsa?: boolean } = {}): SignaturePolicy {
  const words = authby.split(',').filter((word) => word !== 'eddsa');
  const ways: readonly string[] = words.length > 0 ? (parseAuthby(words, 2) as readonly Authby[]) : [];
  return { ways: authby.includes('eddsa') ? [...ways, 'eddsa'] : ways, sha1: more.sha1 ?? false };
}
const hashes = (...names: Hash[]): ReadonlySet<Hash> => new Set(names);
const SHA2 = hashes('SHA2_256', 'SHA2_384', 'SHA2_512');
const ALL = hashes('SHA1', ...SHA2, 'IDENTITY');
const rsa = { kind: 'rsa', bits: 3072 } as const;
const p256 = { kind: 'p256', bits: 256 } as const;
const p384 = { kind: 'p384', bits: 384 } as const;
const bp256 = { kind: 'bp256', bits: 256 } as const;
const ed25519 = { kind: 'ed25519', bits: 256 } as const;
const named = (name: string) => SCHEMES.find((scheme) => scheme.name === name)!;

describe('what we sign with', () => {
  test.each([
    ['PSS first, and the strongest hash', 'rsasig,ecdsa', rsa, ALL, 'RSASSA-PSS with SHA2_512'],
    ['of the hashes that the peer knows', 'rsasig', rsa, hashes('SHA1', 'SHA2_256'), 'RSASSA-PSS with SHA2_256'],
    ['of those that authby= allows', 'rsa-sha2_384', rsa, ALL, 'RSASSA-PSS with SHA2_384'],
    ['method 1 for a peer without method 14', 'rsasig', rsa, undefined, 'RSA PKCS#1 v1.5 with SHA1'],
    ['method 1 for a peer with SHA-1 alone', 'rsasig', rsa, hashes('SHA1'), 'RSA PKCS#1 v1.5 with SHA1'],
    ['method 1 if that is all we may', 'rsa-sha1', rsa, ALL, 'RSA PKCS#1 v1.5 with SHA1'],
    ['what a short key has room for', 'rsasig', { kind: 'rsa', bits: 1024 } as const, ALL, 'RSASSA-PSS with SHA2_384'],
    ['ECDSA with any hash on any curve', 'rsasig,ecdsa', p256, ALL, 'ECDSA with SHA2_512'],
    ['ECDSA with the one that is allowed', 'ecdsa-sha2_256', p384, ALL, 'ECDSA with SHA2_256'],
    ['RFC 4754 for a peer without method 14', 'ecdsa', p384, undefined, 'ECDSA with SHA2_384 on P-384'],
    ['RFC 4754 for a peer without our hashes', 'ecdsa', p256, hashes('SHA1'), 'ECDSA with SHA2_256 on P-256'],
    ['EdDSA', 'ecdsa,eddsa', ed25519, ALL, 'Ed25519'],
  ] as const)('%s', (_, authby, key, peerHashes, name) => {
    expect(chooseScheme({ key, policy: policy(authby), peerHashes })).toMatchObject({ name });
  });

  test.each([
    ['RSA without method 14 or 1', 'rsa-sha2', rsa, undefined, /has sent no SIGNATURE_HASH_ALGORITHMS/],
    ['RSA, and no hash in common', 'rsa-sha2_512', rsa, hashes('SHA2_256'), /are SHA2_256, ours SHA2_512/],
    ['an RSA key with authby=ecdsa', 'ecdsa', rsa, ALL, /allows nothing that 3072 bits of rsa/],
    ['an ECDSA key with authby=rsasig', 'rsasig', p256, ALL, /allows nothing that 256 bits of p256/],
    ['P-384 with SHA-256 alone and a peer of old', 'ecdsa-sha2_256', p384, undefined, /has sent no/],
    ['brainpool and a peer of old', 'ecdsa', bp256, undefined, /has sent no/],
    ['EdDSA and a peer that does not know it', 'eddsa', ed25519, SHA2, /SHA2_256\+SHA2_384\+SHA2_512, ours IDENTITY/],
    ['EdDSA that is not allowed', 'rsasig,ecdsa', ed25519, ALL, /allows nothing/],
    ['a peer whose hashes nobody knows', 'rsa-sha2', rsa, hashes(), /are none that we know/],
    ['authby=secret', 'secret', rsa, ALL, /allows nothing/],
  ] as const)('%s: nothing', (_, authby, key, peerHashes, wrong) => {
    expect(chooseScheme({ key, policy: policy(authby), peerHashes })).toEqual({ wrong: expect.stringMatching(wrong) });
  });

  test('what the peer has signed with comes first, if it is allowed and our key does it', () => {
    const like = named('RSASSA-PKCS1-v1_5 with SHA2_256');
    const choosing = { key: rsa, policy: policy('rsasig'), peerHashes: ALL };
    expect(chooseScheme({ ...choosing, like })).toBe(like);
    expect(chooseScheme({ ...choosing, policy: policy('rsa-sha2'), like })).toMatchObject({
      name: 'RSASSA-PSS with SHA2_512',
    });
    expect(chooseScheme({ ...choosing, like: named('ECDSA with SHA2_256') })).toMatchObject({
      name: 'RSASSA-PSS with SHA2_512',
    });
  });

  test('SHA-1 in method 14 only if it is turned on', () => {
    const choosing = { key: rsa, peerHashes: hashes('SHA1') };
    expect(chooseScheme({ ...choosing, policy: policy('rsa-sha2') })).toHaveProperty('wrong');
    expect(chooseScheme({ ...choosing, policy: policy('rsa-sha2', { sha1: true }) })).toMatchObject({
      name: 'RSASSA-PSS with SHA1',
    });
  });
});

describe('what we take', () => {
  const taken = (authby: string, more = {}) =>
    SCHEMES.filter((scheme) => refusal(policy(authby, more), scheme) === undefined).map(({ name }) => name);

  test.each([
    ['secret', []],
    ['rsa-sha1', ['RSA PKCS#1 v1.5 with SHA1']],
    ['rsa-sha2_256', ['RSASSA-PSS with SHA2_256']],
    ['ecdsa-sha2_384', ['ECDSA with SHA2_384 on P-384', 'ECDSA with SHA2_384']],
    ['eddsa', ['Ed25519', 'Ed448']],
    [
      'rsasig',
      [
        'RSA PKCS#1 v1.5 with SHA1',
        'RSASSA-PSS with SHA2_256',
        'RSASSA-PKCS1-v1_5 with SHA2_256',
        'RSASSA-PSS with SHA2_384',
        'RSASSA-PKCS1-v1_5 with SHA2_384',
        'RSASSA-PSS with SHA2_512',
        'RSASSA-PKCS1-v1_5 with SHA2_512',
      ],
    ],
  ])('authby=%s', (authby, names) => {
    expect(taken(authby)).toEqual(names);
  });

  test('a refusal says which', () => {
    expect(refusal(policy('ecdsa'), named('RSASSA-PSS with SHA2_256'))).toBe(
      'authby= does not allow RSASSA-PSS with SHA2_256',
    );
  });

  test('SHA-1 in method 14 only if it is turned on', () => {
    expect(taken('rsasig,ecdsa').filter((name) => name.endsWith('SHA1'))).toEqual(['RSA PKCS#1 v1.5 with SHA1']);
    expect(taken('rsasig,ecdsa', { sha1: true }).filter((name) => name.endsWith('SHA1'))).toHaveLength(4);
  });
});

describe('two ends with any policies and keys', () => {
  const WAYS: readonly string[] = [
    ...(['rsa-sha2_256', 'rsa-sha2_384', 'rsa-sha2_512', 'rsasig-v1.5'] as const),
    ...(['ecdsa-sha2_256', 'ecdsa-sha2_384', 'ecdsa-sha2_512', 'eddsa', 'secret', 'null'] as const),
  ];
  const policies = fc.record({ ways: fc.subarray([...WAYS]), sha1: fc.boolean() });
  const bits = { p256: 256, p384: 384, p521: 521, bp256: 256, bp384: 384, bp512: 512, ed25519: 256, ed448: 456 };
  const keys = fc.oneof(
    fc.integer({ min: 1024, max: 16_384 }).map((of) => ({ kind: 'rsa' as const, bits: of })),
    fc.constantFrom(...(Object.keys(bits) as (keyof typeof bits)[])).map((kind) => ({ kind, bits: bits[kind] })),
  );

  test('what is chosen the key does, authby= allows, and the peer has announced', () => {
    const hashSets = fc.option(fc.subarray([...ALL]), { nil: undefined });
    fc.assert(
      fc.property(keys, policies, hashSets, fc.option(fc.constantFrom(...SCHEMES)), (key, of, announced, like) => {
        const peerHashes = announced && new Set(announced);
        const found = chooseScheme({ key, policy: of, peerHashes, ...(like && { like }) });
        if ('wrong' in found) return found.wrong.length > 0;
        const isKnown = found.method !== 14 || peerHashes?.has(found.hash) === true;
        return misfit(key, found) === undefined && refusal(of, found) === undefined && isKnown;
      }),
      { numRuns: 1000 },
    );
  });

  test('of one policy they always agree, if it has anything for the key', () => {
    fc.assert(
      fc.property(keys, policies, (key, of) => {
        const found = chooseScheme({ key, policy: of, peerHashes: new Set(ourHashes(of)) });
        const able = SCHEMES.some((one) => misfit(key, one) === undefined && refusal(of, one) === undefined);
        return able !== 'wrong' in found;
      }),
      { numRuns: 1000 },
    );
  });
});

describe('SIGNATURE_HASH_ALGORITHMS', () => {
  test.each([
    ['rsasig,ecdsa,eddsa', '00020003000400' + '05'],
    ['rsa-sha2_256,ecdsa-sha2_512', '00020004'],
    ['rsa-sha1', ''],
    ['secret', ''],
  ])('of authby=%s', (authby, octets) => {
    expect(toHex(encodeHashAlgorithms(ourHashes(policy(authby))))).toBe(octets);
  });

  test('with SHA-1 turned on it is there', () => {
    expect(ourHashes(policy('rsa-sha2_256', { sha1: true }))).toEqual(['SHA1', 'SHA2_256']);
  });

  test.each([
    ['', []],
    ['0002', ['SHA2_256']],
    ['00050004000300020001', ['IDENTITY', 'SHA2_512', 'SHA2_384', 'SHA2_256', 'SHA1']],
    ['0000000600070102ffff0003', ['SHA2_384']],
    ['0002'.repeat(30_000), ['SHA2_256']],
  ])('from the peer', (octets, names) => {
    expect([...(parseHashAlgorithms(hex(octets)) as ReadonlySet<Hash>)]).toEqual(names);
  });

  test('an odd octet is no list', () => {
    expect(parseHashAlgorithms(hex('000200'))).toEqual({ wrong: '3 octets are no list of hash algorithms' });
  });
});
