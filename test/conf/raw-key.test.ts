import { describe, expect, test } from 'vitest';
import { KEY_KEYWORDS, parseCkaid, parseRawKey } from '../../src/conf/raw-key.ts';
import { ECDSA_KEY, ECDSA_POINT, ED25519_KEY, RSA_KEY } from './public-keys.ts';

describe('a public key', () => {
  test.each([
    ['rsasigkey', RSA_KEY, 'rsa', 2048],
    ['rsasigkey', RSA_KEY.slice(2), 'rsa', 2048],
    ['rsasigkey', `0x${Buffer.from(RSA_KEY.slice(2), 'base64').toString('hex')}`, 'rsa', 2048],
    ['ecdsakey', ECDSA_POINT, 'p256', 256],
    ['ecdsakey', ECDSA_KEY, 'p256', 256],
    ['pubkey', ECDSA_KEY, 'p256', 256],
    ['pubkey', `0s${ED25519_KEY}`, 'ed25519', 256],
  ] as const)('%s=%.20s', (keyword, text, kind, bits) => {
    expect(parseRawKey(keyword, text)).toMatchObject({ kind, bits, ckaid: { length: 20 } });
  });

  test('is the same in each spelling', () => {
    expect(parseRawKey('ecdsakey', ECDSA_POINT)).toEqual(parseRawKey('pubkey', ECDSA_KEY));
  });

  test.each([
    ['rsasigkey', ECDSA_KEY, 'bad key: it is ECDSA P-256; pubkey= takes keys of any kind'],
    ['ecdsakey', ED25519_KEY, 'bad key: it is Ed25519; pubkey= takes keys of any kind'],
    ['pubkey', RSA_KEY, 'bad key: it is no SubjectPublicKeyInfo in DER'],
    ['ecdsakey', RSA_KEY, /^bad key: \d+ octets are no point of P-256, P-384 or P-521$/],
    ['rsasigkey', '0sAwEAAQ==', 'bad key: the exponent is said to have 3 octets, and 3 follow'],
    ['rsasigkey', '0sAwEAAQ', /^bad base64: expected/],
    ['pubkey', 'east', /^bad base64: expected|^bad key/],
    ['pubkey', '0x030', /^bad hex: expected/],
    ['pubkey', '%cret', '"%cret" is none of %cert, %none, %dns, %dnsondemand, %dnsonload'],
    ['pubkey', `0s${'A'.repeat(20_000)}`, 'a key of 20002 characters is too long'],
    ['ecdsakey', `0s${Buffer.alloc(64, 7).toString('base64')}`, 'bad key: it is no point of ECDSA P-256'],
  ] as const)('%s=%.30s: %s', (keyword, text, fault) => {
    expect(parseRawKey(keyword, text)).toEqual({
      fault: typeof fault === 'string' ? fault : expect.stringMatching(fault),
    });
  });

  test.each(KEY_KEYWORDS)('%s has words in the place of a key', (keyword) => {
    expect(['', '%cert', '%none', '%dns', '%DNSonDemand'].map((text) => parseRawKey(keyword, text))).toEqual([
      undefined,
      undefined,
      undefined,
      'dns',
      'dns',
    ]);
  });
});

test('a CKAID is 40 hex digits, with colons or without', () => {
  const hex = '0123456789abcdef0123456789ABCDEF01234567';
  const octets = Uint8Array.from(Buffer.from(hex, 'hex'));
  expect([hex, `0x${hex}`, hex.replace(/..(?=.)/g, '$&:')].map(parseCkaid)).toEqual([octets, octets, octets]);
  for (const wrong of ['', hex.slice(1), `${hex}0`, 'z'.repeat(40)])
    expect(parseCkaid(wrong)).toEqual({ fault: 'expected the 40 hex digits of a CKAID' });
});
