/** The same signatures through openssl(1), keys made by it: what we sign it verifies, what it signs we verify. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parsePrivateKey } from '../../../../src/ike/crypto/signature/private-key.ts';
import { parseSpki } from '../../../../src/ike/crypto/signature/public-key.ts';
import { SCHEMES } from '../../../../src/ike/crypto/signature/scheme.ts';
import { sign, verify } from '../../../../src/ike/crypto/signature/sign.ts';
import { good, text } from './keys.ts';

const directory = mkdtempSync(join(tmpdir(), 'signature-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = (name: string) => join(directory, name);
const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
const scheme = (name: string) => SCHEMES.find((one) => one.name === name)!;
const MESSAGE = text('message | nonce | prf');
writeFileSync(file('message'), MESSAGE);

const PSS = (digest: string) =>
  `-${digest} -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sigopt rsa_mgf1_md:${digest}`;

const KEYS: readonly (readonly [name: string, how: string, schemes: readonly (readonly [string, string])[]])[] = [
  [
    'RSA',
    '-algorithm RSA -pkeyopt rsa_keygen_bits:2048',
    [
      ['RSASSA-PKCS1-v1_5 with SHA2_256', 'dgst -sha256'],
      ['RSASSA-PKCS1-v1_5 with SHA1', 'dgst -sha1'],
      ['RSASSA-PSS with SHA2_256', `dgst ${PSS('sha256')}`],
      ['RSASSA-PSS with SHA2_384', `dgst ${PSS('sha384')}`],
      ['RSASSA-PSS with SHA2_512', `dgst ${PSS('sha512')}`],
    ],
  ],
  [
    'RSA with exponent 3',
    '-algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3',
    [['RSASSA-PKCS1-v1_5 with SHA2_512', 'dgst -sha512']],
  ],
  ['P-256', '-algorithm EC -pkeyopt ec_paramgen_curve:P-256', [['ECDSA with SHA2_256', 'dgst -sha256']]],
  ['P-384', '-algorithm EC -pkeyopt ec_paramgen_curve:P-384', [['ECDSA with SHA2_384', 'dgst -sha384']]],
  ['P-521', '-algorithm EC -pkeyopt ec_paramgen_curve:P-521', [['ECDSA with SHA2_512', 'dgst -sha512']]],
  ['brainpool', '-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1', [['ECDSA with SHA2_256', 'dgst -sha256']]],
  ['Ed25519', '-algorithm ED25519', [['Ed25519', 'pkeyutl']]],
  ['Ed448', '-algorithm ED448', [['Ed448', 'pkeyutl']]],
];

describe.each(KEYS)('%s', (name, how, schemes) => {
  const [key, pub] = [`${name}.key`, `${name}.pub`];
  openssl('genpkey', ...how.split(' '), '-out', key);
  openssl('pkey', '-in', key, '-pubout', '-outform', 'DER', '-out', pub);
  const mine = good(parsePrivateKey(readFileSync(file(key))));
  const theirs = good(parseSpki(readFileSync(file(pub))));

  test.each(schemes)('%s', (schemeName, command) => {
    const [tool, ...args] = command.split(' ');
    const isDigest = tool === 'dgst';
    const signing = isDigest ? ['-sign', key] : ['-sign', '-rawin', '-inkey', key, '-in'];
    openssl(tool, ...args, '-out', 'theirs', ...signing, 'message');
    const signature = readFileSync(file('theirs'));
    expect(verify(theirs, scheme(schemeName), MESSAGE, signature)).toBeUndefined();

    writeFileSync(file('signature'), good(sign(mine, scheme(schemeName), MESSAGE)));
    const checking = isDigest
      ? [tool, ...args, '-prverify', key, '-signature', 'signature', 'message']
      : [tool, '-verify', '-rawin', '-inkey', key, '-in', 'message', '-sigfile', 'signature'];
    expect(openssl(...checking).toString()).toMatch(/Verified OK|Verified Successfully/);
    writeFileSync(file('signature'), good(sign(mine, scheme(schemeName), text('another'))));
    expect(spawnSync('openssl', checking, { cwd: directory }).status).not.toBe(0);
  });
});
