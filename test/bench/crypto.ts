/**
 * What key exchange and payload protection cost: `npx tsx test/bench/crypto.ts`. Each figure is the best of several
 * short slices, in µs; "main" is the main thread's part of a job that a helper does.
 */
import { randomFillSync } from 'node:crypto';
import { encrByName, encrKeyOctets, integByName } from '../../src/ike/crypto/algorithms.ts';
import { type Job, type JobResult, runJob } from '../../src/ike/crypto/job.ts';
import { open, type ProtectionSuite, seal } from '../../src/ike/crypto/protect.ts';
import { HelperPool } from '../../src/workers/pool.ts';

const SLICES = 7;
const bytes = (octets: number): Uint8Array => randomFillSync(new Uint8Array(octets));

function best(run: () => void, perSlice: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let slice = 0; slice < SLICES; slice++) {
    const started = performance.now();
    for (let i = 0; i < perSlice; i++) run();
    least = Math.min(least, (performance.now() - started) / perSlice);
  }
  return least * 1000;
}

const micros = (value: number): string => value.toFixed(1).padStart(9);

/** A responder's IKE_SA_INIT: pair, secret, SKEYSEED, seven keys. */
function responderJob(group: number): Job {
  const made = runJob({ op: 'ke.make', group });
  if (!made.ok || made.op !== 'ke.make') throw new Error(`no group ${group}`);
  const nonces = { ni: bytes(32), nr: bytes(32), spis: bytes(16) };
  return { op: 'ike.keys', group, theirs: made.public, ...nonces, prf: 7, encr: 20, encrBits: 256, integ: 0 };
}

/** µs per job at `concurrency`, and the share of them that the main thread was busy. */
async function throughPool(job: Job, concurrency: number, jobs: number): Promise<{ each: number; main: number }> {
  let finished: () => void = () => {};
  let left = 0;
  let nextId = 0;
  const onDone = (_: number, result: JobResult): void => {
    if (!result.ok) throw new Error(result.detail);
    left--;
    if (left >= concurrency) pool.submit(nextId++, job);
    else if (left === 0) finished();
  };
  const pool = new HelperPool({ nhelpers: 1, onDone });
  const round = () =>
    new Promise<void>((resolve) => {
      finished = resolve;
      left = jobs;
      for (let i = 0; i < Math.min(concurrency, jobs); i++) pool.submit(nextId++, job);
    });
  await round();
  let each = Number.POSITIVE_INFINITY;
  let main = 0;
  for (let slice = 0; slice < SLICES; slice++) {
    const idle = performance.eventLoopUtilization();
    const started = performance.now();
    await round();
    const took = (performance.now() - started) / jobs;
    if (took >= each) continue;
    each = took;
    main = took * performance.eventLoopUtilization(idle).utilization;
  }
  await pool.close();
  return { each: each * 1000, main: main * 1000 };
}

console.log("responder's ike.keys job        inline   pool x1  (main)   pool x64  (main)");
for (const [name, group, jobs] of [
  ['curve25519', 31, 400],
  ['ECP-256', 19, 300],
  ['ECP-384', 20, 20],
  ['MODP-2048', 14, 60],
] as const) {
  const job = responderJob(group);
  const inline = best(() => void runJob(job), jobs);
  const alone = await throughPool(job, 1, Math.ceil(jobs / 4));
  const many = await throughPool(job, 64, Math.max(jobs, 128));
  console.log(
    name.padEnd(28) + micros(inline) + micros(alone.each) + micros(alone.main) + micros(many.each) + micros(many.main),
  );
}

console.log('\n200 octets of payloads            seal      open');
for (const [name, encr, encrBits, integ] of [
  ['AES_GCM_16_256', 'aes_gcm', 256, undefined],
  ['CHACHA20_POLY1305', 'chacha20_poly1305', 0, undefined],
  ['AES_CBC_256 SHA2_256_128', 'aes', 256, 'sha2'],
  ['AES_CBC_128 AES_XCBC_96', 'aes', 128, 'aes_xcbc'],
] as const) {
  const alg = encrByName(encr)!;
  const suite: ProtectionSuite = { encr: alg, encrBits, integ: integ && integByName(integ) };
  const keys = [bytes(encrKeyOctets(alg, encrBits)), bytes(suite.integ?.keyOctets ?? 0)] as const;
  const [iv, prefix, text] = [bytes(alg.ivOctets), bytes(32), bytes(200)];
  const datagram = seal(suite, ...keys, iv, prefix, text);
  const sealing = best(() => void seal(suite, ...keys, iv, prefix, text), 3000);
  const opening = best(() => void open(suite, ...keys, datagram, 32), 3000);
  console.log(name.padEnd(28) + micros(sealing) + micros(opening));
}
