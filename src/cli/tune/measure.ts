/**
 * What this machine needs for the steps of a handshake, µs each: processor time of the main thread, so that whatever else
 * runs counts as little as can be. The least of several short slices counts.
 */
import { generateKeyPairSync, randomFillSync } from 'node:crypto';
import { type Job, type JobResult, runJob } from '../../ike/crypto/job.ts';
import { kindRow } from '../../ike/crypto/signature/key-kind.ts';
import { KeyReader, KeyShelf } from '../../ike/crypto/signature/key-shelf.ts';
import { SELF_TEST } from '../../ike/crypto/signature/scheme.ts';
import { recordHandshakes, stageHandshakes } from '../../sim/index.ts';
import { HelperPool } from '../../workers/pool.ts';
import type { Key } from './own-keys.ts';
import type { Profile, Proof } from './profiles.ts';
import { threadMs } from './system.ts';

/** ms of a slice, and how many there are; handshakes in a row, and how often those are held. */
export interface Pace {
  readonly slice: number;
  readonly slices: number;
  readonly handshakes: number;
  readonly rounds: number;
}

export const QUICK: Pace = { slice: 20, slices: 5, handshakes: 250, rounds: 12 };
export const THOROUGH: Pace = { slice: 100, slices: 9, handshakes: 500, rounds: 16 };

const bytes = (octets: number): Uint8Array => randomFillSync(new Uint8Array(octets));

/** µs of `run`. Yields between slices, so that a command can be interrupted. */
async function least(run: () => void, { slice, slices }: Pace): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < slices; i++) {
    const [began, until] = [threadMs(), performance.now() + slice];
    let runs = 0;
    while (performance.now() < until) {
      run();
      runs++;
    }
    best = Math.min(best, (threadMs() - began) / runs);
    await new Promise(setImmediate);
  }
  return best * 1000;
}

/** The protocol of a handshake as responder: daemons in memory hold some. The first rounds are V8's, which compiles. */
export async function measureProtocol({ handshakes, rounds }: Pace): Promise<number> {
  const recording = recordHandshakes(handshakes);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const play = stageHandshakes(recording);
    const began = threadMs();
    play();
    best = Math.min(best, (threadMs() - began) / handshakes);
    await new Promise(setImmediate);
  }
  return best * 1000;
}

/** Key exchange as responder, SKEYSEED and seven keys. */
export function measureKeys({ group }: Profile, pace: Pace): Promise<number> {
  const job = keysJob(group.id);
  return least(() => check(runJob(job)), pace);
}

function keysJob(group: number): Job {
  const made = runJob({ op: 'ke.make', group });
  if (!made.ok || made.op !== 'ke.make') throw new Error(`no key exchange by method ${group}`);
  const nonces = { ni: bytes(32), nr: bytes(32), spis: bytes(16) };
  return { op: 'ike.keys', group, theirs: made.public, ...nonces, prf: 5, encr: 20, encrBits: 128, integ: 0 };
}

/** The peer's signature checked and ours made, with raw keys; 0 for a PSK, which no helper sees. */
export async function measureProof(proof: Proof, pace: Pace): Promise<number> {
  if (proof.kind === 'psk') return 0;
  const { publicKey, privateKey } = pairOf(proof);
  const shelf = new KeyShelf();
  const key = shelf.put(privateKey.export({ type: 'pkcs8', format: 'der' }));
  if (key === undefined) throw new Error('no room for a key');
  const keys = new KeyReader(shelf.shared);
  const octets = bytes(200);
  const scheme = SELF_TEST[proof.kind].code;
  const made = runJob({ op: 'sign', key, scheme, octets }, keys);
  if (!made.ok || made.op !== 'sign') throw new Error(`no signature by ${proof.kind}`);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const signature = signatureIn(made.auth);
  return least(() => {
    check(runJob({ op: 'verify', spki, scheme, octets, signature }));
    check(runJob({ op: 'sign', key, scheme, octets }, keys));
  }, pace);
}

/** Behind the AlgorithmIdentifier and its length, RFC 7427 §3. */
const signatureIn = (auth: Uint8Array): Uint8Array => auth.subarray(1 + auth[0]);

function pairOf({ kind, bits }: Key) {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: bits });
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  return kind === 'ed448'
    ? generateKeyPairSync('ed448')
    : generateKeyPairSync('ec', { namedCurve: kindRow(kind).curve });
}

/** What it costs the main thread to have a job done by a helper, with some always under way. */
export async function measureOffload({ group }: Profile, { slice, slices }: Pace): Promise<number> {
  const job = keysJob(group.id);
  const until = { rounds: slices, each: slice * 2 };
  let best = Number.POSITIVE_INFINITY;
  let done = 0;
  let nextId = 0;
  let isOver = false;
  const pool = new HelperPool({
    nhelpers: 1,
    onDone: (_, result) => {
      check(result);
      done++;
      if (!isOver) pool.submit(nextId++, job);
    },
  });
  try {
    await pool.ready;
    for (let i = 0; i < UNDER_WAY; i++) pool.submit(nextId++, job);
    for (let round = 0; round < until.rounds; round++) {
      const began = threadMs();
      done = 0;
      await new Promise((resolve) => setTimeout(resolve, until.each));
      if (done > 0) best = Math.min(best, (threadMs() - began) / done);
    }
  } finally {
    isOver = true;
    await pool.close();
  }
  return best * 1000;
}

const UNDER_WAY = 32;

function check(result: JobResult): void {
  if (!result.ok) throw new Error(result.detail);
}
