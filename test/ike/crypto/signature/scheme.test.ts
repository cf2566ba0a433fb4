import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeAuth, parseAuth } from '../../../../src/ike/crypto/signature/auth.ts';
import { SCHEMES, schemeAt, schemeOf } from '../../../../src/ike/crypto/signature/scheme.ts';
import { hex, toHex } from './keys.ts';

const nameOf = (identifier: string) => schemeOf(14, hex(identifier.replaceAll(' ', '')))?.name;

describe('AlgorithmIdentifiers', () => {
  test.each([
    ['A.1.1', 'RSASSA-PKCS1-v1_5 with SHA1', '300d 0609 2a86 4886 f70d 0101 0505 00'],
    ['A.1.2', 'RSASSA-PKCS1-v1_5 with SHA2_256', '300d 0609 2a86 4886 f70d 0101 0b05 00'],
    ['A.1.3', 'RSASSA-PKCS1-v1_5 with SHA2_384', '300d 0609 2a86 4886 f70d 0101 0c05 00'],
    ['A.1.4', 'RSASSA-PKCS1-v1_5 with SHA2_512', '300d 0609 2a86 4886 f70d 0101 0d05 00'],
    ['A.3.1', 'ECDSA with SHA1', '3009 0607 2a86 48ce 3d04 01'],
    ['A.3.2', 'ECDSA with SHA2_256', '300a 0608 2a86 48ce 3d04 0302'],
    ['A.3.3', 'ECDSA with SHA2_384', '300a 0608 2a86 48ce 3d04 0303'],
    ['A.3.4', 'ECDSA with SHA2_512', '300a 0608 2a86 48ce 3d04 0304'],
    ['A.4.1', 'RSASSA-PSS with SHA1', '300d 0609 2a86 4886 f70d 0101 0a30 00'],
    [
      'A.4.2',
      'RSASSA-PSS with SHA1',
      '303e 0609 2a86 4886 f70d 0101 0a30 31a0 0b30 0906 052b 0e03 021a 0500 a118 3016' +
        '0609 2a86 4886 f70d 0101 0830 0906 052b 0e03 021a 0500 a203 0201 14a3 0302 0101',
    ],
    [
      'A.4.3',
      'RSASSA-PSS with SHA2_256',
      '3046 0609 2a86 4886 f70d 0101 0a30 39a0 0f30 0d06 0960 8648 0165 0304 0201 0500 a11c 301a 0609 2a86 4886 f70d' +
        '0101 0830 0d06 0960 8648 0165 0304 0201 0500 a203 0201 20a3 0302 0101',
    ],
  ])('RFC 7427 %s is %s', (_, name, identifier) => {
    expect(nameOf(identifier)).toBe(name);
  });

  test.each([
    ['Ed25519', '300506032b6570'],
    ['Ed448', '300506032b6571'],
  ])('RFC 8420 §A, %s', (name, identifier) => {
    expect(nameOf(identifier)).toBe(name);
  });

  // But for the trailer of PSS, which is left to its default.
  test('what we send is the appendix’s own', () => {
    const sent = SCHEMES.filter(({ method }) => method === 14).map(({ name, identifiers }) => [
      name,
      toHex(identifiers[0]),
    ]);
    expect(Object.fromEntries(sent)).toMatchObject({
      'RSASSA-PSS with SHA2_256':
        '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
      'RSASSA-PKCS1-v1_5 with SHA2_512': '300d06092a864886f70d01010d0500',
      'ECDSA with SHA2_384': '300a06082a8648ce3d040303',
      Ed25519: '300506032b6570',
    });
  });

  test.each([
    [
      'a salt of 0',
      '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020100',
    ],
    ['SHA-256 masked with SHA-1', '301e06092a864886f70d01010a3011a00f300d06096086480165030402010500'],
    ['a trailer of 2', '301206092a864886f70d01010a3005a303020102'],
    ['ECDSA with NULL', '300c06082a8648ce3d0403020500'],
    ['Ed25519 with NULL', '300706032b65700500'],
    ['DSA', '300906072a8648ce380403'],
    ['MD5 with RSA', '300d06092a864886f70d0101040500'],
    ['rsaEncryption alone', '300d06092a864886f70d0101010500'],
    ['an octet more', '300a06082a8648ce3d04030200'],
    ['a long length', '30810d06092a864886f70d01010b0500'],
  ])('%s is none', (_, identifier) => {
    expect(nameOf(identifier)).toBeUndefined();
  });

  test('a row has its place for a number, and no two have a spelling in common', () => {
    for (const scheme of SCHEMES) expect(schemeAt(scheme.code)).toBe(scheme);
    const all = SCHEMES.flatMap(({ method, identifiers }) =>
      identifiers.length === 0 ? [`${method}`] : identifiers.map((identifier) => `${method} ${toHex(identifier)}`),
    );
    expect(new Set(all).size).toBe(all.length);
    expect(schemeAt(SCHEMES.length)).toBeUndefined();
  });
});

describe('strongSwan’s test_signature_params', () => {
  interface Row {
    readonly name: string;
    readonly hex: string;
    readonly pss?: { hash: string; mgf1_hash: string; salt_len: string | number };
    readonly scheme?: string;
  }
  const rows = JSON.parse(
    readFileSync(new URL('../../../fixtures/signature/sigparams.json', import.meta.url), 'utf8'),
  ) as readonly Row[];
  const SCHEME_NAMES: Readonly<Record<string, string>> = {
    SIGN_RSA_EMSA_PKCS1_SHA2_256: 'RSASSA-PKCS1-v1_5 with SHA2_256',
    SIGN_ECDSA_WITH_SHA256_DER: 'ECDSA with SHA2_256',
  };

  /** strongSwan's PSS takes any hash for the mask and any salt; we take one hash for both, and a salt as long. */
  function expected({ pss, scheme }: Row): string | undefined {
    if (scheme !== undefined) return SCHEME_NAMES[scheme];
    if (pss === undefined || pss.hash !== pss.mgf1_hash || pss.salt_len !== pss.hash.replace('HASH', 'HASH_SIZE'))
      return undefined;
    return `RSASSA-PSS with ${pss.hash.replace('HASH_', '').replace(/^SHA(?=\d{3})/, 'SHA2_')}`;
  }

  test.each(rows)('$name', (row) => {
    expect(nameOf(row.hex)).toBe(expected(row));
  });

  test('both of us take, and only strongSwan takes, a fair number of them', () => {
    expect(rows.filter((row) => expected(row)).length).toBeGreaterThan(8);
    expect(rows.filter((row) => row.pss && !expected(row)).length).toBeGreaterThan(4);
  });
});

describe('AUTH', () => {
  test('RFC 7427 §B.1: length, identifier, signature', () => {
    const scheme = SCHEMES.find(({ name }) => name === 'RSASSA-PKCS1-v1_5 with SHA1')!;
    expect(toHex(encodeAuth(scheme, hex('aabb')))).toBe('0f300d06092a864886f70d0101050500aabb');
  });

  test.each([
    ['nothing', 14, '', /0 octets are no AlgorithmIdentifier/],
    ['no identifier', 14, '00aa', /are no AlgorithmIdentifier/],
    ['an identifier that is cut off', 14, '0c300a06082a8648ce3d0403', /are no AlgorithmIdentifier/],
    ['no signature', 14, '0c300a06082a8648ce3d040302', /are no AlgorithmIdentifier/],
    ['another identifier', 14, '0b300906072a8648ce380403aa', /AlgorithmIdentifier 300906072a8648ce380403 is unknown/],
    ['PSS with a trailer of 2', 14, '14301206092a864886f70d01010a3005a303020102aa', /one hash for message and mask/],
    ['method 1 without a signature', 1, '', /there is no signature/],
    ['a shared key', 2, 'aa', /method 2 is none of signatures/],
    ['NULL', 13, 'aa', /method 13 is none/],
    ['DSS', 3, 'aa', /method 3 is none/],
  ])('%s', (_, method, data, why) => {
    expect(parseAuth(method, hex(data))).toEqual({ wrong: expect.stringMatching(why) });
  });

  test('any octets are a scheme with a signature, or a reason', () => {
    const identifiers = fc.constantFrom(...SCHEMES.flatMap((scheme) => scheme.identifiers));
    const near = fc
      .tuple(identifiers, fc.nat(80), fc.nat(255), fc.uint8Array({ maxLength: 9 }))
      .map(([id, at, octet, rest]) => Uint8Array.of(id.length, ...id.with(at % id.length, octet), ...rest));
    fc.assert(
      fc.property(fc.nat(20), fc.oneof(near, fc.uint8Array({ maxLength: 90 })), (method, data) => {
        const read = parseAuth(method, data);
        if ('wrong' in read) return read.wrong.length > 0;
        return read.scheme.method === method && read.signature.length > 0 && read.signature.length <= data.length;
      }),
    );
  });
});
