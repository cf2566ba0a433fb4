import { describe, expect, test } from 'vitest';
import { type Job, runJob } from '../../../../src/ike/crypto/job.ts';
import { parseAuth } from '../../../../src/ike/crypto/signature/auth.ts';
import { KeyReader, KeyShelf } from '../../../../src/ike/crypto/signature/key-shelf.ts';
import { encodePkcs8 } from '../../../../src/ike/crypto/signature/private-key.ts';
import { encodeSpki } from '../../../../src/ike/crypto/signature/public-key.ts';
import { SCHEMES } from '../../../../src/ike/crypto/signature/scheme.ts';
import { HelperPool } from '../../../../src/workers/pool.ts';
import { good, keyOf, text } from './keys.ts';

const scheme = SCHEMES.find(({ name }) => name === 'RSASSA-PSS with SHA2_512')!;
const key = keyOf('rsa');
const octets = text('message | nonce | prf');
const shelf = new KeyShelf();
const number = shelf.put(encodePkcs8(key))!;

function verifying(auth: Uint8Array): Job {
  const { signature } = good(parseAuth(14, auth));
  return { op: 'verify', spki: encodeSpki(key.public), scheme: scheme.code, octets, signature };
}

describe('jobs', () => {
  test('what one signs the other verifies', () => {
    const signed = runJob({ op: 'sign', key: number, scheme: scheme.code, octets }, new KeyReader(shelf.shared));
    if (!signed.ok || signed.op !== 'sign') throw new Error('not signed');
    const job = verifying(signed.auth);
    expect(runJob(job)).toEqual({ ok: true, op: 'verify' });
    expect(runJob({ ...job, octets: text('another message') } as Job)).toEqual({
      ...{ ok: false, why: 'bad-signature', detail: 'its signature does not match' },
    });
    expect(runJob({ ...job, spki: octets } as Job)).toMatchObject({ ok: false, why: 'bad-signature' });
  });

  test('without the key, or with a scheme that there is not, none is signed', () => {
    const job = { op: 'sign', key: number, scheme: scheme.code, octets } as const;
    expect(runJob(job)).toEqual({ ok: false, why: 'failed', detail: 'the private key is gone' });
    const keys = new KeyReader(shelf.shared);
    expect(runJob({ ...job, scheme: 99 }, keys)).toMatchObject({ ok: false, why: 'unsupported' });
    const ecdsa = SCHEMES.find(({ name }) => name === 'ECDSA with SHA2_256')!.code;
    expect(runJob({ ...job, scheme: ecdsa }, keys)).toEqual({
      ...{ ok: false, why: 'failed', detail: 'RSA does not do ECDSA with SHA2_256' },
    });
  });

  test.each([0, 1])(
    'with --nhelpers %i a key is found by its number, also one that came later, until it is dropped',
    async (nhelpers) => {
      const own = new KeyShelf();
      const awaited = new Map<number, (result: unknown) => void>();
      const pool = new HelperPool({
        ...{ nhelpers, keys: own },
        onDone: (id, result) => awaited.get(id)?.(result),
      });
      let last = 0;
      const ask = (job: Job) =>
        new Promise<unknown>((resolve) => {
          awaited.set(++last, resolve);
          pool.submit(last, job);
        });
      const first = own.put(encodePkcs8(keyOf('ed25519')))!;
      const ed25519 = SCHEMES.find(({ kind }) => kind === 'ed25519')!.code;
      expect(await ask({ op: 'sign', key: first, scheme: ed25519, octets })).toMatchObject({ ok: true, op: 'sign' });
      const later = own.put(encodePkcs8(key))!;
      const signed = (await ask({ op: 'sign', key: later, scheme: scheme.code, octets })) as { auth: Uint8Array };
      expect(await ask(verifying(signed.auth))).toEqual({ ok: true, op: 'verify' });
      own.drop(later);
      expect(await ask({ op: 'sign', key: later, scheme: scheme.code, octets })).toMatchObject({ why: 'failed' });
      await pool.close();
    },
  );
});
