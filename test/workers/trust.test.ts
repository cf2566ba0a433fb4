import { expect, test } from 'vitest';
import { TrustShelf } from '../../src/ike/auth/x509/trust-shelf.ts';
import type { JobResult } from '../../src/ike/crypto/job.ts';
import { HelperPool } from '../../src/workers/pool.ts';
import { jobOf } from '../ike/auth/checking.ts';
import { integer } from '../ike/auth/x509/der.ts';
import { crl, entry } from '../ike/auth/x509/lists.ts';
import { another, ca, leaf } from '../ike/auth/x509/make.ts';

test.each([0, 1])('with --nhelpers %i a chain is held against what is on the shelf now', async (nhelpers) => {
  const root = ca({ subject: 'CN=root', key: another('p256', 1) });
  const serial = integer(77);
  const east = leaf({ issuer: root, serial });
  const trust = new TrustShelf();
  let answer: (result: JobResult) => void = () => {};
  const pool = new HelperPool({ nhelpers, trust, onDone: (_, result) => answer(result) });
  let last = 0;
  const ask = () =>
    new Promise<JobResult>((resolve) => {
      answer = resolve;
      pool.submit(++last, jobOf({ key: east.key }, { certs: [east.der] }));
    });
  expect(await ask()).toMatchObject({ why: 'certificate-untrusted', detail: expect.stringContaining('is not known') });
  trust.replaceCertificates([{ der: root.der, isAnchor: true }]);
  const good = await ask();
  expect(good).toMatchObject({ ok: true, op: 'auth.check', wants: [] });
  trust.putCrl(crl(root, { entries: [entry(serial)] }));
  expect(await ask()).toMatchObject({ why: 'certificate-revoked', detail: expect.stringContaining('revoked') });
  trust.dropAll('crl');
  expect(await ask()).toEqual(good);
  trust.replaceCertificates([]);
  expect(await ask()).toMatchObject({ ok: false });
  await pool.close();
});
