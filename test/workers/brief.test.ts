import { expect, test } from 'vitest';
import { TrustShelf } from '../../src/ike/auth/x509/trust-shelf.ts';
import type { AuthCheck, Job } from '../../src/ike/crypto/job.ts';
import type { Keyring } from '../../src/ike/crypto/signature/key-shelf.ts';
import type { SigningKey } from '../../src/ike/crypto/signature/private-key.ts';
import { digitalSignature } from '../../src/ike/crypto/signature/scheme.ts';
import { isBrief } from '../../src/workers/brief.ts';
import { integer } from '../ike/auth/x509/der.ts';
import { crl, entry } from '../ike/auth/x509/lists.ts';
import { another, ca, certificate } from '../ike/auth/x509/make.ts';

const octets = (length: number) => new Uint8Array(length);
const scheme = (form: 'pss' | 'der') => digitalSignature(form, 'SHA2_256')!.code;
const having = (key: Pick<SigningKey, 'kind' | 'bits'> | undefined): Keyring => ({ find: () => key as SigningKey });
const rsa2048 = having({ kind: 'rsa', bits: 2048 });
const nobody = having(undefined);

const check = (over: Partial<AuthCheck> = {}): AuthCheck => ({
  ...{ op: 'auth.check', scheme: scheme('pss'), octets: octets(400), signature: octets(256), id: octets(5) },
  ...{ spkis: [], certs: [octets(800)], ocsps: [], at: 0, flags: 0, ocspUri: undefined },
  sign: { key: 1, scheme: scheme('pss'), octets: octets(400) },
  ...over,
});
const brief = (job: Job, keys: Keyring = rsa2048, trust?: TrustShelf) => isBrief(job, keys, trust);

test('key exchanges are brief by their group', () => {
  const groups = [14, 19, 31, 15, 16, 20, 21, 36];
  expect(groups.map((group) => brief({ op: 'ke.make', group }))).toEqual([
    ...[true, true, true],
    ...[false, false, false, false, false],
  ]);
});

test('a signature of ours is brief by the key that makes it', () => {
  const sign: Job = { op: 'sign', key: 1, scheme: scheme('pss'), octets: octets(10) };
  const of = (kind: SigningKey['kind'], bits: number) => having({ kind, bits });
  expect([rsa2048, of('p256', 256), of('ed25519', 256)].map((keys) => brief(sign, keys))).toEqual([true, true, true]);
  expect([of('rsa', 3072), of('p384', 384), of('p521', 521)].map((keys) => brief(sign, keys))).toEqual([
    ...[false, false, false],
  ]);
  // There will be nothing but a refusal.
  expect(brief(sign, nobody)).toBe(true);
});

test('so is a check, and what is made with it counts', () => {
  expect(brief(check())).toBe(true);
  expect(brief(check({ sign: undefined }), having({ kind: 'rsa', bits: 4096 }))).toBe(true);
  expect(brief(check(), having({ kind: 'rsa', bits: 4096 }))).toBe(false);
  expect(brief(check({ signature: octets(384) }))).toBe(false);
  expect(brief(check({ scheme: scheme('der'), signature: octets(72) }))).toBe(true);
  expect(brief(check({ scheme: scheme('der'), signature: octets(104) }))).toBe(false);
  const { op: _, ...rest } = { ...check(), spki: octets(294) };
  expect(brief({ op: 'verify', ...rest })).toBe(true);
  expect(brief({ op: 'verify', ...rest, signature: octets(512) })).toBe(false);
});

test('a peer that has much looked at is looked at elsewhere', () => {
  const kB = octets(1000);
  expect(brief(check({ certs: [kB, kB] }))).toBe(true);
  expect(brief(check({ certs: [kB, kB, kB] }))).toBe(false);
  expect(brief(check({ certs: [octets(4097)] }))).toBe(false);
  expect(brief(check({ ocsps: [kB] }))).toBe(false);
  expect(brief(check({ certs: [], spkis: [kB, kB] }))).toBe(true);
  expect(brief(check({ certs: [], spkis: [kB, kB, kB] }))).toBe(false);
});

test('so is one whose certificate an authority with a long key has signed', () => {
  const signedBy = (octets: number) => certificate({ signature: new Uint8Array(octets) }).der;
  const judged = (octets: number) => brief(check({ certs: [signedBy(octets), signedBy(256)] }));
  expect([71, 103, 256, 512].map(judged)).toEqual([true, true, true, true]);
  expect([138, 513, 1024, 1536].map(judged)).toEqual([false, false, false, false]);
  expect(brief(check({ certs: [signedBy(256), signedBy(1536)] }))).toBe(false);
});

test('certificates are looked at elsewhere while long lists of revoked ones are here', () => {
  const root = ca({ subject: 'CN=root', key: another('p256', 1) });
  const trust = new TrustShelf();
  const body = Buffer.concat(Array.from({ length: 16_000 }, (_, i) => entry(integer(1000 + i))));
  const put = trust.putCrl(crl(root, { body }));
  if ('wrong' in put) throw new Error(put.wrong);
  expect(brief(check(), rsa2048, trust)).toBe(false);
  expect(brief(check({ certs: [] }), rsa2048, trust)).toBe(true);
  trust.drop(put.number);
  expect(brief(check(), rsa2048, trust)).toBe(true);
  trust.putCrl(crl(root, { entries: [entry(integer(77))] }));
  expect(brief(check(), rsa2048, trust)).toBe(true);
});
