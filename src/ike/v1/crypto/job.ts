/**
 * What a helper does for IKEv1 besides what `src/ike/crypto/job.ts` has: g^xy and all keys of phase 1 in one job. PFS
 * takes `ke.make` and `ke.mix` from there.
 */
import { encrById, groupById, prfById } from '../../crypto/algorithms.ts';
import { meet, type SharedSecret, sharedSecret } from '../../crypto/dh.ts';
import { type Job, type JobResult, runJob } from '../../crypto/job.ts';
import { wipe } from '../../crypto/misc.ts';
import type { Keyring } from '../../crypto/signature/key-shelf.ts';
import { parseSpki } from '../../crypto/signature/public-key.ts';
import { isakmpKeys } from './keys.ts';
import { signBare, verifyBare } from './rsa.ts';

/** Numbers are IKEv2's transform ids, as in `Job`. `mine` and `psk` are used up. */
export interface KeysJob {
  readonly op: 'isakmp.keys';
  readonly group: number;
  /** Without it a pair is made too. */
  readonly mine?: Uint8Array;
  readonly theirs: Uint8Array;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  readonly cookies: Uint8Array;
  readonly prf: number;
  readonly encr: number;
  readonly encrBits: number;
  readonly psk?: Uint8Array;
}

/** The data of a SIG payload over `proof`, by a key's number on the shelf. */
export interface SignJob {
  readonly op: 'isakmp.sign';
  readonly key: number;
  readonly proof: Uint8Array;
}

/** Whether `signature` is one of `proof` by one of the keys, SubjectPublicKeyInfo in DER. */
export interface VerifyJob {
  readonly op: 'isakmp.verify';
  readonly spkis: readonly Uint8Array[];
  readonly proof: Uint8Array;
  readonly signature: Uint8Array;
}

export type V1Job = Job | KeysJob | SignJob | VerifyJob;

export type V1JobResult =
  | JobResult
  /** `keys`: SKEYID | SKEYID_d | SKEYID_a | the cipher's key. `public`: ours, when it was made here. */
  | { readonly ok: true; readonly op: 'isakmp.keys'; readonly public?: Uint8Array; readonly keys: Uint8Array }
  | { readonly ok: true; readonly op: 'isakmp.sign'; readonly signature: Uint8Array }
  | { readonly ok: true; readonly op: 'isakmp.verify' };

/** Raw keys that are tried. */
const MOST_KEYS = 16;

/** As `runJob`, which has the rest of them. */
export function runV1Job(job: V1Job, keyring: Keyring): V1JobResult {
  switch (job.op) {
    case 'isakmp.keys':
      return makeKeys(job);
    case 'isakmp.sign': {
      const key = keyring.find(job.key);
      const signature = key ? signBare(key.handle, job.proof) : { wrong: 'the private key is gone' };
      return 'wrong' in signature
        ? { ok: false, why: 'failed', detail: signature.wrong }
        : { ok: true, op: job.op, signature };
    }
    case 'isakmp.verify':
      return verifyProof(job);
    default:
      return runJob(job, keyring);
  }
}

function makeKeys(job: KeysJob): V1JobResult {
  const rows = { group: groupById(job.group), prf: prfById(job.prf), encr: encrById(job.encr) };
  const { group, prf, encr } = rows;
  if (!group || !prf || !encr) return { ok: false, why: 'unsupported', detail: `a suite of ${JSON.stringify(rows)}` };
  const met: Met = job.mine ? sharedSecret(group, job.mine, job.theirs) : meet(group, job.theirs);
  wipe(job.mine);
  if (!met.ok) return met;
  const { encrBits, ni, nr, cookies, psk } = job;
  const keys = isakmpKeys({ prf, encr, encrBits, shared: met.shared, ni, nr, cookies, psk });
  wipe(met.shared);
  wipe(psk);
  return { ok: true, op: job.op, ...(met.public && { public: met.public }), keys };
}

type Met = (SharedSecret & { ok: false }) | { ok: true; public?: Uint8Array; shared: Uint8Array };

function verifyProof({ op, spkis, proof, signature }: VerifyJob): V1JobResult {
  let why = 'no key of the peer is known';
  for (const spki of spkis.slice(0, MOST_KEYS)) {
    const key = parseSpki(spki);
    if ('wrong' in key) why = `bad key: ${key.wrong}`;
    else if (key.kind !== 'rsa') why = `${key.kind} does not do RSA signatures`;
    else {
      const wrong = verifyBare(key.handle, proof, signature);
      if (wrong === undefined) return { ok: true, op };
      why = wrong;
    }
  }
  return { ok: false, why: 'bad-signature', detail: why };
}

/** The secrets of a result that nobody awaits any more. */
export function wipeKeys(result: V1JobResult): void {
  if (result.ok && result.op === 'isakmp.keys') wipe(result.keys);
}
