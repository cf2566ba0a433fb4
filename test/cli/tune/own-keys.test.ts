import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { measureProof } from '../../../src/cli/tune/measure.ts';
import { keysBelow } from '../../../src/cli/tune/own-keys.ts';
import { StoredCertificate } from '../../../src/services/store/stored-certificate.ts';
import { conn, connsIn } from '../../actors/town.ts';
import { certificate } from '../../services/store/pki.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-tune-'));
  mkdirSync(join(dir, 'certs'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Of the left end of a connection that says `more`. */
const keyOf = (more: Readonly<Record<string, string>>) =>
  keysBelow(dir)(connsIn(conn('a', { authby: 'rsasig', leftid: '@a', rightid: '@b', ...more }))[0].left.keys);

test('a certificate says what kind of key it is of: by its name, and by its CKAID', () => {
  const made = certificate({ subject: 'CN=west' });
  const rsa = certificate({ subject: 'CN=old', key: generateKeyPairSync('rsa', { modulusLength: 1024 }) });
  writeFileSync(join(dir, 'certs', 'west.pem'), made.pem);
  writeFileSync(join(dir, 'certs', 'old.pem'), rsa.pem);
  const stored = StoredCertificate.of(made.der, { path: '', nickname: undefined, readAt: 0 });
  if ('wrong' in stored) throw new Error(stored.wrong);
  expect(keyOf({ leftcert: 'west' })).toEqual({ kind: 'p256', bits: 256 });
  expect(keyOf({ leftckaid: stored.ckaid })).toEqual({ kind: 'p256', bits: 256 });
  expect(keyOf({ leftcert: 'old' })).toEqual({ kind: 'rsa', bits: 1024 });
});

test('what is not there, is broken, or is not named says nothing', () => {
  writeFileSync(join(dir, 'certs', 'bad.pem'), 'nonsense');
  expect(keyOf({ leftcert: 'west' })).toBeUndefined();
  expect(keyOf({ leftcert: 'bad' })).toBeUndefined();
  expect(keyOf({ leftckaid: '00'.repeat(20) })).toBeUndefined();
  expect(keyOf({})).toBeUndefined();
});

test('every kind of key can be measured', async () => {
  const pace = { slice: 1, slices: 1, handshakes: 1, rounds: 1 };
  for (const kind of ['p256', 'p384', 'p521', 'bp256', 'bp384', 'bp512', 'ed25519', 'ed448'] as const)
    expect(await measureProof({ kind, bits: 0 }, pace), kind).toBeTypeOf('number');
  expect(await measureProof({ kind: 'rsa', bits: 1024 }, pace)).toBeTypeOf('number');
  expect(await measureProof({ kind: 'psk' }, pace)).toBe(0);
});
