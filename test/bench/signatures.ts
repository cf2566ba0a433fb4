/**
 * What signatures cost: `npx tsx test/bench/signatures.ts`. Each figure is the best of several short slices, in µs: a
 * `sign` job that names its key, what it would be if the job carried the key (PKCS#8 in DER), and a `verify` job.
 */
import { generateKeyPairSync } from 'node:crypto';
import { type Job, runJob } from '../../src/ike/crypto/job.ts';
import { parseAuth } from '../../src/ike/crypto/signature/auth.ts';
import { KeyReader, KeyShelf } from '../../src/ike/crypto/signature/key-shelf.ts';
import { encodePkcs8, importPkcs8, parsePrivateKey } from '../../src/ike/crypto/signature/private-key.ts';
import { encodeSpki } from '../../src/ike/crypto/signature/public-key.ts';
import { SCHEMES } from '../../src/ike/crypto/signature/scheme.ts';

const SLICES = 5;

function best(run: () => void, perSlice: number): string {
  let least = Number.POSITIVE_INFINITY;
  for (let slice = 0; slice < SLICES; slice++) {
    const started = performance.now();
    for (let i = 0; i < perSlice; i++) run();
    least = Math.min(least, (performance.now() - started) / perSlice);
  }
  return (least * 1000).toFixed(1).padStart(10);
}

const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey;
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;

console.log('500 octets                             sign   carried    verify');
for (const [label, handle, name, times] of [
  ['RSA-2048', rsa(2048), 'RSASSA-PSS with SHA2_512', 40],
  ['RSA-3072', rsa(3072), 'RSASSA-PSS with SHA2_512', 10],
  ['RSA-4096', rsa(4096), 'RSASSA-PSS with SHA2_512', 10],
  ['P-256', ec('prime256v1'), 'ECDSA with SHA2_256', 200],
  ['P-384', ec('secp384r1'), 'ECDSA with SHA2_384', 20],
  ['P-521', ec('secp521r1'), 'ECDSA with SHA2_512', 10],
  ['Ed25519', generateKeyPairSync('ed25519').privateKey, 'Ed25519', 100],
  ['Ed448', generateKeyPairSync('ed448').privateKey, 'Ed448', 40],
] as const) {
  const key = parsePrivateKey(handle.export({ type: 'pkcs8', format: 'der' }));
  if ('wrong' in key) throw new Error(key.wrong);
  const pkcs8 = encodePkcs8(key);
  const shelf = new KeyShelf();
  const reader = new KeyReader(shelf.shared);
  const scheme = SCHEMES.find((one) => one.name === name)!.code;
  const octets = new Uint8Array(500);
  const job: Job = { op: 'sign', key: shelf.put(pkcs8)!, scheme, octets };
  const made = runJob(job, reader);
  const read = made.ok && made.op === 'sign' ? parseAuth(14, made.auth) : { wrong: 'not signed' };
  if ('wrong' in read) throw new Error(read.wrong);
  const check: Job = { op: 'verify', spki: encodeSpki(key.public), scheme, octets, signature: read.signature };
  const sign = best(() => void runJob(job, reader), times);
  const carried = best(() => void runJob(job, { find: () => importPkcs8(pkcs8) }), times);
  console.log(`${label}, ${name}`.padEnd(34) + sign + carried + best(() => void runJob(check), times));
}
