import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { certificatesIn } from '../../../../src/ike/auth/x509/pkcs7.ts';
import { explicit, integer, oid, seq, tlv } from './der.ts';
import { another, ca, leaf } from './make.ts';
import { pkcs7 } from './pkcs7-made.ts';

const root = ca({ subject: 'CN=root' });
const issuer = ca({ subject: 'CN=issuer', issuer: root, key: another('p256', 1) });
const east = leaf({ issuer });

test('who is no authority comes first, whatever the order', () => {
  const octets = (found: ReturnType<typeof certificatesIn>) =>
    'wrong' in found ? found : found.map((der) => [...der]);
  const wanted = [east, issuer, root].map(({ der }) => [...der]);
  expect(octets(certificatesIn(pkcs7(issuer.der, root.der, east.der), 10))).toEqual(wanted);
  expect(octets(certificatesIn(pkcs7(east.der, issuer.der, root.der), 10))).toEqual(wanted);
  expect(certificatesIn(pkcs7(), 10)).toEqual([]);
});

test('as OpenSSL makes it', () => {
  const pem = [issuer, east].map(
    ({ der }) => `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`,
  );
  const folder = mkdtempSync(join(tmpdir(), 'pkcs7-'));
  const file = join(folder, 'chain.pem');
  writeFileSync(file, pem.join(''));
  const made = execFileSync('openssl', ['crl2pkcs7', '-nocrl', '-certfile', file, '-outform', 'DER']);
  rmSync(folder, { recursive: true });
  const found = certificatesIn(made, 10);
  expect('wrong' in found ? found.wrong : found.map((der) => [...der])).toEqual([[...east.der], [...issuer.der]]);
});

test.each([
  ['more than are taken', pkcs7(east.der, issuer.der, root.der), 'certificates: there are more than 2'],
  ['something else', seq(oid('1.2.840.113549.1.7.1')), 'contentType: it is not signedData'],
  ['nothing', new Uint8Array(), 'ContentInfo: it is missing'],
  ['something behind it', Buffer.concat([pkcs7(east.der), Buffer.of(5, 0)]), 'ContentInfo: something follows it'],
  [
    'no signers at all',
    seq(oid('1.2.840.113549.1.7.2'), explicit(0, seq(integer(1), tlv(0x31), seq()))),
    'signerInfos: it is missing',
  ],
])('%s is refused with words', (_, octets, wrong) => {
  expect(certificatesIn(octets, 2)).toEqual({ wrong: expect.stringContaining(wrong) });
});

test('a changed octet gives certificates or words, never anything else', () => {
  const whole = pkcs7(east.der);
  for (let at = 0; at < whole.length; at++) {
    const octets = Uint8Array.from(whole);
    octets[at] ^= 1 << (at % 8);
    const found = certificatesIn(octets, 10);
    if ('wrong' in found) expect(found.wrong).not.toBe('');
  }
  for (let at = 0; at < whole.length; at++) expect(certificatesIn(whole.subarray(0, at), 10)).toHaveProperty('wrong');
});
