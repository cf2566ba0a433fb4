import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { HostKey } from '../../../src/cli/host-keys/read.ts';
import { confLines, dumpLines, ipseckeyLine, jsonOf, listLine, pemText } from '../../../src/cli/host-keys/show.ts';
import { ckaid, keyId } from '../../../src/ike/crypto/signature/key-id.ts';
import type { KeyKind } from '../../../src/ike/crypto/signature/key-kind.ts';
import {
  encodeSpki,
  isSameKey,
  type PublicKey,
  parseEcdsaKey,
  parseEddsaKey,
  parseRsaKey,
  parseSpki,
} from '../../../src/ike/crypto/signature/public-key.ts';
import { ALL_KINDS, good, keyOf, toHex } from '../../ike/crypto/signature/keys.ts';

const hostKey = (kind: KeyKind, bits?: number): HostKey => {
  const key = keyOf(kind, bits).public;
  const entry = { file: '/etc/ipsec.secrets', line: 7 };
  return { key, keyId: keyId(key), ckaid: toHex(ckaid(key)), entry, path: '/k.pem', certificates: ['west'] };
};
const octetsOf = (line: string) => Uint8Array.from(Buffer.from(line.replace(/^.*=0s/, ''), 'base64'));
const READERS: Readonly<Record<string, (octets: Uint8Array) => PublicKey | { readonly wrong: string }>> = {
  leftrsasigkey: parseRsaKey,
  leftecdsakey: parseEcdsaKey,
  leftpubkey: parseSpki,
};

describe('ipsec.conf', () => {
  test.each([
    ['rsa', ['\t# rsakey ', '\tleftrsasigkey=0sAwEAA']],
    ['p256', ['\t# ecdsakey ', '\tleftecdsakey=0s']],
    ['p521', ['\t# ecdsakey ', '\tleftecdsakey=0s']],
    ['bp256', ['\t# bp256 ', '\tleftpubkey=0s']],
    ['ed25519', ['\t# ed25519 ', '\tleftpubkey=0sMCowBQYDK2VwAyEA']],
    ['ed448', ['\t# ed448 ', '\tleftpubkey=0s']],
  ] as const)('%s', (kind, starts) => {
    const lines = confLines(hostKey(kind), 'left', false);
    expect(lines.map((line, i) => line.slice(0, starts[i].length))).toEqual(starts);
    expect(lines[0].endsWith(hostKey(kind).keyId)).toBe(true);
    const keyword = /^\t(\w+)=/.exec(lines[1])![1];
    expect(isSameKey(good(READERS[keyword](octetsOf(lines[1]))), keyOf(kind).public)).toBe(true);
  });

  test.each(ALL_KINDS)('--pubkey of %s is SubjectPublicKeyInfo', (kind) => {
    const line = confLines(hostKey(kind), 'right', true).at(-1)!;
    expect(line).toMatch(/^\trightpubkey=0s/);
    expect(isSameKey(good(parseSpki(octetsOf(line))), keyOf(kind).public)).toBe(true);
  });
});

describe('IPSECKEY, RFC 4025', () => {
  const line = (kind: KeyKind, gateway?: string) =>
    ipseckeyLine(keyOf(kind).public, { host: 'west.example', precedence: 10, gateway });

  test.each([
    [undefined, '0', '.'],
    ['192.0.2.1', '1', '192.0.2.1'],
    ['2001:db8::1', '2', '2001:db8::1'],
    ['gw.example.', '3', 'gw.example.'],
  ])('gateway %s', (gateway, type, shown) => {
    const words = line('rsa', gateway)!.split(/ +/);
    expect(words.slice(0, 7)).toEqual(['west.example.', 'IN', 'IPSECKEY', '10', type, '2', shown]);
    expect(isSameKey(good(parseRsaKey(Buffer.from(words[7], 'base64'))), keyOf('rsa').public)).toBe(true);
  });

  test.each([
    ['p384', '3', parseEcdsaKey],
    ['ed25519', '4', parseEddsaKey],
  ] as const)('%s is algorithm %s', (kind, algorithm, read) => {
    const words = line(kind)!.split(/ +/);
    expect(words[5]).toBe(algorithm);
    expect(isSameKey(good(read(Buffer.from(words[7], 'base64'))), keyOf(kind).public)).toBe(true);
  });

  test.each(['-', 'a..b', 'with blank', '300.1.1.1/8', 'x\n. IN A 192.0.2.1', ''])('%j is no gateway', (gateway) => {
    expect(line('rsa', gateway)).toBeUndefined();
  });
});

describe('lists', () => {
  test('the CKAID is at the end, where scripts cut it off', () => {
    const key = hostKey('rsa');
    expect(listLine(key, 1)).toBe(`< 1> RSA keyid: ${key.keyId} ckaid: ${key.ckaid}`);
    expect(listLine(hostKey('p256'), 12)).toMatch(/^<12> ECDSA keyid: \S{9} ckaid: [0-9a-f]{40}$/);
  });

  test('a dump says what is weak, and where the private half is', () => {
    expect(dumpLines(hostKey('rsa', 1024), 1).slice(1, 4)).toEqual([
      '     RSA, 1024 bits, which is weak',
      '     private key: /k.pem, named at /etc/ipsec.secrets:7',
      '     certificate: west',
    ]);
  });

  test('for programs', () => {
    expect(jsonOf(hostKey('ed448'))).toMatchObject({
      type: 'EdDSA',
      name: 'Ed448',
      bits: 456,
      weak: false,
      ...{ path: '/k.pem', file: '/etc/ipsec.secrets', line: 7, certificates: ['west'] },
    });
  });
});

test.each(ALL_KINDS)('PEM of %s is what openssl reads', (kind) => {
  const { status, stdout } = spawnSync('openssl', ['pkey', '-pubin', '-outform', 'DER'], {
    input: pemText(keyOf(kind).public),
  });
  expect(status).toBe(0);
  expect(Buffer.compare(stdout, encodeSpki(keyOf(kind).public))).toBe(0);
});
