/** What runs in a helper thread. */
import { randomFillSync } from 'node:crypto';
import { workerData } from 'node:worker_threads';
import { move } from 'piscina';
import { TrustReader } from '../ike/auth/x509/trust-reader.ts';
import { type Job, runJob } from '../ike/crypto/job.ts';
import { KeyReader } from '../ike/crypto/signature/key-shelf.ts';
import { bundle, flattenResult, unbundle, unflattenJob } from './flat.ts';

/** Memory that all threads share. */
export interface Shelves {
  readonly keys: SharedArrayBuffer | undefined;
  readonly trust: SharedArrayBuffer | undefined;
}

// Null in the main thread, where tests load this.
const shelves = workerData as Shelves | null;
const keys = shelves?.keys && new KeyReader(shelves.keys);
const trust = shelves?.trust && new TrustReader(shelves.trust);

/** Flat jobs to flat results, in their order. Both copies of the secrets that are this thread's are gone afterwards. */
export function run(jobs: Uint8Array): unknown {
  const results = unbundle(jobs).map((flat) => {
    const started = performance.now();
    const result = runJob(unflattenJob(flat), keys, trust);
    return flattenResult(result, performance.now() - started);
  });
  jobs.fill(0);
  return move(bundle(results));
}

warm();

/** The first job of a kind loads OpenSSL's providers and compiles our code; better now than for a peer. */
function warm(): void {
  const bytes = (octets: number) => randomFillSync(new Uint8Array(octets));
  for (const group of [31, 19, 14]) {
    const made = runJob({ op: 'ke.make', group });
    if (!made.ok || made.op !== 'ke.make') continue;
    const common = { group, theirs: made.public, ni: bytes(32), nr: bytes(32), prf: 5 };
    const jobs: Job[] = [
      { ...common, op: 'ike.keys', spis: bytes(16), encr: 20, encrBits: 256, integ: 0 },
      { ...common, op: 'child.keys', skD: bytes(32), octets: 72 },
    ];
    for (let i = 0; i < 10; i++) for (const job of jobs) runJob(job);
  }
}
