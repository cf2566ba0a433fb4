/**
 * What a peer's certificate costs a helper: `npx tsx test/bench/certificates.ts`. An `auth.check` job without a signature
 * of ours, a leaf and one authority below the root, in µs of CPU time: `new` for a leaf that the thread has never seen, `known` for
 * one that comes back; beside them what OpenSSL takes for its part. Then a CRL with many entries, in ms.
 */
import { verify as opensslVerify } from 'node:crypto';
import { parseCertificate } from '../../src/ike/auth/x509/certificate.ts';
import { parseCrl } from '../../src/ike/auth/x509/crl.ts';
import { readRevoked } from '../../src/ike/auth/x509/revoked.ts';
import { TrustReader } from '../../src/ike/auth/x509/trust-reader.ts';
import { type Job, runJob } from '../../src/ike/crypto/job.ts';
import { SELF_TEST } from '../../src/ike/crypto/signature/scheme.ts';
import { jobOf, OCTETS, shelfOf } from '../ike/auth/checking.ts';
import { integer } from '../ike/auth/x509/der.ts';
import { crl, entry, reason } from '../ike/auth/x509/lists.ts';
import { basicConstraints, ca, type Digest, keyUsage, leaf } from '../ike/auth/x509/make.ts';
import { keyOf } from '../ike/crypto/signature/keys.ts';

const SLICES = 5;
const PER_SLICE = 200;
const extensions = [basicConstraints(true, 0), keyUsage(5, 6)];

console.log('leaf and one authority              new     known   OpenSSL');
for (const [label, kind, digest] of [
  ['RSA-2048', 'rsa', 'sha256'],
  ['P-256', 'p256', 'sha256'],
  ['Ed25519', 'ed25519', 'sha256'],
] as const) {
  const key = keyOf(kind);
  const root = ca({ subject: 'C=AT, O=Test, CN=root', key, digest: digest as Digest });
  const middle = ca({ subject: 'C=AT, O=Test, CN=middle', key, issuer: root, extensions });
  const trust = new TrustReader(shelfOf({ anchors: [root] }).shared);
  const job = jobOf({ key }, {});
  const of = (): Job => ({
    ...job,
    certs: [leaf({ subject: 'C=AT, O=Test, CN=east', key, issuer: middle }).der, middle.der],
  });
  const check = (one: Job): void => {
    const result = runJob(one, undefined, trust);
    if (!result.ok) throw new Error(result.detail);
  };
  const strangers = Array.from({ length: SLICES * PER_SLICE }, of);
  const friend = of();
  for (let i = 0; i < 200; i++) check(friend);
  const { handle } = key.public;
  const { digest: hash } = SELF_TEST[kind];
  const dsaEncoding = 'ieee-p1363' as const;
  const signature = kind === 'p256' ? rawOf(job) : (job as { signature: Uint8Array }).signature;
  console.log(
    label.padEnd(30) +
      best((i) => check(strangers[i])) +
      best(() => check(friend)) +
      best(() => {
        for (let i = 0; i < 2; i++)
          if (!opensslVerify(hash, OCTETS, { key: handle, dsaEncoding }, signature)) throw new Error(label);
      }),
  );
}

const root = ca({ subject: 'CN=root', key: keyOf('rsa') });
for (const entries of [100_000, 1_000_000]) {
  const octets = (i: number): Uint8Array =>
    Buffer.from((2n ** 120n + BigInt(i) * 0x9e3779b97f4a7c15n).toString(16), 'hex');
  const der = crl(root, {
    body: Buffer.concat(
      Array.from({ length: entries }, (_, i) => entry(integer(octets(i)), ...(i % 3 ? [] : [reason(1)]))),
    ),
  });
  const list = parseCrl(der);
  const made = parseCertificate(root.der);
  if ('wrong' in list || 'wrong' in made) throw new Error('not made');
  const revoked = readRevoked(list.entries);
  if ('wrong' in revoked || revoked.count !== entries) throw new Error('not read');
  const ms = (run: () => void): string => Math.min(...Array.from({ length: 5 }, () => timed(run))).toFixed(3);
  console.log(`CRL of ${entries} entries, ${(der.length / 1e6).toFixed(1)} MB`);
  console.log(
    `  head ${ms(() => parseCrl(der))} ms, all entries ${ms(() => readRevoked(list.entries))} ms, one look ${ms(() => revoked.find(octets(7)))} ms`,
  );
}

function rawOf({ signature }: ReturnType<typeof jobOf>): Uint8Array {
  const r = signature.subarray(4, 4 + signature[3]);
  const s = signature.subarray(6 + signature[3]);
  const padded = (n: Uint8Array): Buffer =>
    Buffer.from(
      Buffer.from(n)
        .toString('hex')
        .replace(/^(00)+/, '')
        .padStart(64, '0'),
      'hex',
    );
  return Buffer.concat([padded(r), padded(s)]);
}

function best(run: (i: number) => void): string {
  let least = Number.POSITIVE_INFINITY;
  for (let slice = 0; slice < SLICES; slice++)
    least = Math.min(
      least,
      timed(() => {
        for (let i = 0; i < PER_SLICE; i++) run(slice * PER_SLICE + i);
      }) / PER_SLICE,
    );
  return (least * 1000).toFixed(1).padStart(10);
}

function timed(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
