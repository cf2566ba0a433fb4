/** What runs in a helper thread. */
import { randomFillSync } from 'node:crypto';
import { threadId, workerData } from 'node:worker_threads';
import { move } from 'piscina';
import { TrustReader } from '../ike/auth/x509/trust-reader.ts';
import { type Job, runJob } from '../ike/crypto/job.ts';
import { KeyReader } from '../ike/crypto/signature/key-shelf.ts';
import {
  encodeSpki,
  type PublicKey,
  parseEcdsaKey,
  parseRsaKey,
  type Wrong,
} from '../ike/crypto/signature/public-key.ts';
import { type Scheme, SELF_TEST, schemeOf } from '../ike/crypto/signature/scheme.ts';
import { bundle, flattenResult, unbundle, unflattenJob } from './flat.ts';
import { reachOpenssl } from './openssl.ts';

/** Memory that all threads share. */
export interface Shelves {
  readonly keys: SharedArrayBuffer | undefined;
  readonly trust: SharedArrayBuffer | undefined;
}

// Null in the main thread, where tests load this.
const shelves = workerData as Shelves | null;
const keys = shelves?.keys && new KeyReader(shelves.keys);
const trust = shelves?.trust && new TrustReader(shelves.trust);

/** Flat jobs to flat results, in their order, and before them who has done them. Both copies of the secrets that are this thread's are gone afterwards. */
export function run(jobs: Uint8Array): unknown {
  const results = unbundle(jobs).map((flat) => {
    const started = performance.now();
    const result = runJob(unflattenJob(flat), keys, trust);
    return flattenResult(result, performance.now() - started);
  });
  jobs.fill(0);
  return move(bundle([uint32(threadId), ...results]));
}

/** RFC 4754's method. */
const ECDSA_256 = 9;

reachOpenssl();
warm();

/** The first job of a kind loads OpenSSL's providers and compiles our code; better now than for a peer. */
function warm(): void {
  for (const group of [31, 19, 14]) {
    const made = runJob({ op: 'ke.make', group });
    if (!made.ok || made.op !== 'ke.make') continue;
    const common = { group, theirs: made.public, ni: bytes(32), nr: bytes(32), prf: 5 };
    const jobs: Job[] = [
      { ...common, op: 'ike.keys', spis: bytes(16), encr: 20, encrBits: 256, integ: 0 },
      { ...common, op: 'child.keys', skD: bytes(32), octets: 72 },
    ];
    for (let i = 0; i < 10; i++) for (const job of jobs) runJob(job);
    if (group === 19) warmVerify(parseEcdsaKey(made.public), schemeOf(ECDSA_256), 64);
  }
  // Any odd number will do to compute with, and RFC 3110 has 65537 in front of it.
  const modulus = bytes(256);
  modulus[0] |= 0x80;
  modulus[255] |= 1;
  warmVerify(parseRsaKey(Uint8Array.of(3, 1, 0, 1, ...modulus)), SELF_TEST.rsa, modulus.length);
}

/** Octets that are no signature take as long as those that are. */
function warmVerify(key: PublicKey | Wrong, scheme: Scheme | undefined, length: number): void {
  if ('wrong' in key || scheme === undefined) return;
  const peer = { scheme: scheme.code, octets: bytes(64), signature: bytes(length).fill(1, 0, 1) };
  const nobody = { id: Uint8Array.of(0), certs: [], ocsps: [], at: 0, flags: 0, ocspUri: undefined };
  for (let i = 0; i < 10; i++)
    runJob({ op: 'auth.check', ...peer, ...nobody, spkis: [encodeSpki(key)], sign: undefined });
}

function uint32(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value);
  return octets;
}

function bytes(octets: number): Uint8Array {
  return randomFillSync(new Uint8Array(octets));
}
