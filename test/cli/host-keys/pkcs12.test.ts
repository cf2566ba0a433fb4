import { createPrivateKey } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { derive, MOST_ROUNDS } from '../../../src/cli/host-keys/passphrase-crypto.ts';
import { readPkcs12 } from '../../../src/cli/host-keys/pkcs12.ts';
import { good } from '../../ike/crypto/signature/keys.ts';
import { certificate } from '../../services/store/pki.ts';
import { lacksOpenssl, type P12Wish, p12 } from './p12.ts';

const root = certificate({ subject: 'CN=root', isCa: true });
const west = certificate({ subject: 'CN=west', issuer: root });
const WISH = { key: west.keyPem, certificates: [west.pem, root.pem], passphrase: 'sesame', name: 'my key' };

/** Kinds and names; the key is the one that went in. */
function opened(octets: Uint8Array, passphrase: string) {
  const bags = good(readPkcs12(octets, passphrase));
  for (const { kind, der } of bags) {
    if (kind !== 'key') continue;
    const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
    expect(key.equals(west.key.privateKey)).toBe(true);
  }
  return bags.map(({ kind, name, der }) => `${kind} ${name} ${Buffer.from(der).length}`).sort();
}

describe('a file of', () => {
  beforeEach(({ skip }) => skip(lacksOpenssl !== undefined, lacksOpenssl));
  const there = [
    `certificate my key ${west.der.length}`,
    `certificate undefined ${root.der.length}`,
    expect.stringMatching('^key my key '),
  ];

  test.each<[string, Partial<P12Wish>]>([
    ['today', {}],
    ['old, RC2 and 3DES', { how: ['-legacy'] }],
    ['RC2 with 128 bits', { how: ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128'] }],
    [
      'AES-128 and AES-192, MAC by SHA-512',
      { how: ['-keypbe', 'aes-128-cbc', '-certpbe', 'aes-192-cbc', '-macalg', 'sha512'] },
    ],
    ['3DES in PBES2, SHA-1', { how: ['-keypbe', 'des-ede3-cbc', '-certpbe', 'des-ede3-cbc', '-macalg', 'sha1'] }],
    ['no MAC', { how: ['-nomac'] }],
    ['keys and certificates in clear', { how: ['-keypbe', 'NONE', '-certpbe', 'NONE'] }],
    ['no passphrase', { passphrase: '' }],
    ['no passphrase, old', { passphrase: '', how: ['-legacy'] }],
    ['a passphrase in UTF-8', { passphrase: 'gëheim ✓' }],
  ])('%s', (_, wish) => {
    const { passphrase } = { ...WISH, ...wish };
    expect(opened(p12({ ...WISH, ...wish }), passphrase)).toEqual(there);
  });

  test.each<[string, readonly string[]]>([
    ['today', []],
    ['old', ['-legacy']],
    ['no MAC', ['-nomac']],
  ])('%s stays closed to another passphrase', (_, how) => {
    for (const wrong of ['', 'Sesame', 'sesame '])
      expect(readPkcs12(p12({ ...WISH, how }), wrong)).toMatchObject({ isLocked: true });
  });

  test('a changed octet is a passphrase that does not fit', () => {
    const octets = p12(WISH);
    octets[octets.length >> 1] ^= 1;
    expect(readPkcs12(octets, 'sesame')).toMatchObject({ isLocked: true });
  });

  test('any octets are contents or a reason, whatever is changed or cut off', () => {
    const octets = p12({ ...WISH, how: ['-nomac'] });
    for (let i = 0; i < 400; i++) {
      const changed = octets.slice(0, i % 7 === 0 ? (i * 53) % octets.length : undefined);
      changed[(i * 131) % Math.max(1, changed.length)] ^= 1 << (i % 8);
      expect(typeof readPkcs12(changed, 'sesame')).toBe('object');
    }
  });

  test.each([
    ['its MAC', []],
    ['what is encrypted', ['-nomac']],
    ['what is encrypted of old', ['-nomac', '-legacy']],
  ])('a bomb in %s is refused before it goes off', (_, how) => {
    const octets = Buffer.from(p12({ ...WISH, how: ['-iter', '100000', ...how] }));
    const number = Buffer.from('02030186a0', 'hex');
    const bomb = Buffer.from('02037fffff', 'hex');
    expect(octets.includes(number)).toBe(true);
    for (let at = octets.indexOf(number); at >= 0; at = octets.indexOf(number)) octets.set(bomb, at);
    expect(readPkcs12(octets, 'sesame')).toEqual({
      wrong: `it wants more rounds of hashing than ${MOST_ROUNDS}, or none`,
    });
  });
});

test.each([
  ['nothing', ''],
  ['text', 'hello'],
  ['an empty SEQUENCE', '\x30\x00'],
  ['nested without end', '\x30\x80'.repeat(100_000)],
])('%s is none', (_, octets) => {
  expect(readPkcs12(Buffer.from(octets, 'latin1'), '')).toEqual({ wrong: 'it is no PKCS#12 file with a passphrase' });
});

test('PKCS#12 derives keys as it is known to', () => {
  // OpenSSL's pkcs12kdf with pass:smeg, salt and rounds of BouncyCastle's test.
  const key = derive({
    ...{ id: 1, length: 24, hash: 'sha1', rounds: 1 },
    salt: Buffer.from('0a58cf64530d823f', 'hex'),
    password: Buffer.from('smeg\0', 'utf16le').swap16(),
  });
  expect(Buffer.from(key).toString('hex')).toBe('8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3');
});
