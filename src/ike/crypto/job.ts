/**
 * Jobs for the helpers: the dear operations, each as large as the protocol allows, plain data in and plain data out.
 * Numbers are IANA transform ids; octets are in network order.
 */
import { checkAuth } from '../auth/check.ts';
import { NO_TRUST, type Trust } from '../auth/x509/trust-reader.ts';
import type { Want } from '../questions.ts';
import { isakmpKeys } from '../v1/crypto/keys.ts';
import { type Encr, encrById, type Group, groupById, type Integ, integById, type Prf, prfById } from './algorithms.ts';
import { makeKey, meet, type SharedSecret, sharedSecret } from './dh.ts';
import { childKeymat, type EarlierSecrets, ikeKeys } from './keys.ts';
import { wipe } from './misc.ts';
import { encodeAuth } from './signature/auth.ts';
import { type Keyring, NO_KEYS } from './signature/key-shelf.ts';
import { parseSpki } from './signature/public-key.ts';
import { schemeAt } from './signature/scheme.ts';
import { sign, verify } from './signature/sign.ts';

export type Job =
  /** A pair for an initiator, RFC 7296 §1.2. */
  | { readonly op: 'ke.make'; readonly group: number }
  /** g^ir alone: others follow before there are keys, RFC 9370 §2.2.4. Without `mine` a pair is made too. */
  | { readonly op: 'ke.mix'; readonly group: number; readonly mine?: Uint8Array; readonly theirs: Uint8Array }
  /** g^ir, SKEYSEED and the seven keys, RFC 7296 §2.14; with `rekey`, §2.18. Without `mine` a pair is made too. */
  | {
      readonly op: 'ike.keys';
      readonly group: number;
      readonly mine?: Uint8Array;
      readonly theirs: Uint8Array;
      readonly ni: Uint8Array;
      readonly nr: Uint8Array;
      /** SPIi | SPIr, 16 octets. */
      readonly spis: Uint8Array;
      readonly prf: number;
      readonly encr: number;
      readonly encrBits: number;
      /** 0 with an AEAD. */
      readonly integ: number;
      readonly rekey?: { readonly prf: number; readonly skD: Uint8Array };
      readonly earlier?: EarlierSecrets;
    }
  /** g^ir and `octets` of KEYMAT, RFC 7296 §2.17. Without `mine` a pair is made too. */
  | {
      readonly op: 'child.keys';
      readonly group: number;
      readonly mine?: Uint8Array;
      readonly theirs: Uint8Array;
      readonly prf: number;
      readonly skD: Uint8Array;
      readonly ni: Uint8Array;
      readonly nr: Uint8Array;
      readonly octets: number;
      readonly earlier?: EarlierSecrets;
    }
  /** The data of an AUTH payload over `octets`, RFC 7296 §2.15: `key` by its number on the shelf, `scheme` by its code. */
  | { readonly op: 'sign'; readonly key: number; readonly scheme: number; readonly octets: Uint8Array }
  /** Whether `signature` is one of `octets` by the key in `spki`, SubjectPublicKeyInfo in DER. */
  | {
      readonly op: 'verify';
      readonly spki: Uint8Array;
      readonly scheme: number;
      readonly octets: Uint8Array;
      readonly signature: Uint8Array;
    }
  | AuthCheck
  | IsakmpKeysJob;

/** g^xy and all keys of IKEv1's phase 1, RFC 2409 §5 and appendix B. `mine` and `psk` are used up. */
export interface IsakmpKeysJob {
  readonly op: 'isakmp.keys';
  readonly group: number;
  /** Without it a pair is made too. */
  readonly mine?: Uint8Array;
  readonly theirs: Uint8Array;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  /** CKY-I | CKY-R, 16 octets. */
  readonly cookies: Uint8Array;
  readonly prf: number;
  readonly encr: number;
  readonly encrBits: number;
  readonly psk?: Uint8Array;
}

/**
 * Whether the peer is who it says it is: by one of the raw keys that are known for its identity, else by the chain of the
 * certificates that it has sent. Then our own signature, when it is due as well: one job in place of three.
 */
export interface AuthCheck {
  readonly op: 'auth.check';
  readonly scheme: number;
  readonly octets: Uint8Array;
  readonly signature: Uint8Array;
  /** The identity that it is to prove: ID type, then the data. */
  readonly id: Uint8Array;
  /** SubjectPublicKeyInfo in DER. One of them may be that of the leaf: then the chain need not be good. */
  readonly spkis: readonly Uint8Array[];
  /** DER, the leaf first, as they came. */
  readonly certs: readonly Uint8Array[];
  /** OCSP responses that came along in CERT payloads, RFC 4806. */
  readonly ocsps: readonly Uint8Array[];
  /** s since 1970. */
  readonly at: number;
  /** `CHECK_FLAGS`, summed up. */
  readonly flags: number;
  /** `ocsp-uri=` in ASCII. */
  readonly ocspUri: Uint8Array | undefined;
  readonly sign: { readonly key: number; readonly scheme: number; readonly octets: Uint8Array } | undefined;
}

export const CHECK_FLAGS = {
  /** The certificate must name the identity. */
  idOnCertificate: 1,
  crlStrict: 2,
  crlFetch: 4,
  ocsp: 8,
  ocspStrict: 16,
  /** What was wanted has been looked up: decide by what is there. */
  hasLooked: 32,
} as const;

export type JobOp = Job['op'];

export type JobResult =
  | { readonly ok: true; readonly op: 'ke.make'; readonly public: Uint8Array; readonly private: Uint8Array }
  | { readonly ok: true; readonly op: 'ke.mix'; readonly public?: Uint8Array; readonly shared: Uint8Array }
  /** `keys`: SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr. `public`: ours, when it was made here. */
  | { readonly ok: true; readonly op: 'ike.keys'; readonly public?: Uint8Array; readonly keys: Uint8Array }
  | { readonly ok: true; readonly op: 'child.keys'; readonly public?: Uint8Array; readonly keymat: Uint8Array }
  /** `keys`: SKEYID | SKEYID_d | SKEYID_a | the cipher's key. */
  | { readonly ok: true; readonly op: 'isakmp.keys'; readonly public?: Uint8Array; readonly keys: Uint8Array }
  | { readonly ok: true; readonly op: 'sign'; readonly auth: Uint8Array }
  /** The signature is good: one that is not is a failure. */
  | { readonly ok: true; readonly op: 'verify' }
  | {
      readonly ok: true;
      readonly op: 'auth.check';
      /** Names in DER, from the leaf's subject to the anchor's; none with a raw key. */
      readonly names: readonly Uint8Array[];
      /** Not empty: nothing is decided and nothing signed; look these up and come again. */
      readonly wants: readonly Want[];
      /** The data of our AUTH payload. */
      readonly auth: Uint8Array | undefined;
    }
  | JobFailure;

/** Unreadable, or unfit for what it was used for, if nothing else is said. */
export type BadCertificate =
  | 'bad-certificate'
  | 'certificate-expired'
  | 'certificate-revoked'
  | 'certificate-unchecked'
  | 'certificate-untrusted'
  | 'certificate-name';

export interface JobFailure {
  readonly ok: false;
  /** The peer's fault, up to certificates; an id we do not have; ours, or that of a helper that died. */
  readonly why: 'bad-public-value' | 'bad-signature' | BadCertificate | 'unsupported' | 'failed';
  readonly detail: string;
}

/**
 * Does `job`, here and now. `mine` and `earlier` are used up: they are zeros afterwards. `skD` belongs to a living SA,
 * and is kept. `keys` are those to sign with, `trust` is what chains of certificates are held against.
 */
export function runJob(job: Job, keys: Keyring = NO_KEYS, trust: Trust = NO_TRUST): JobResult {
  try {
    return (HANDLERS[job.op] as (job: Job, keys: Keyring, trust: Trust) => JobResult)(job, keys, trust);
  } catch (error) {
    return { ok: false, why: 'failed', detail: error instanceof Error ? error.message : String(error) };
  } finally {
    wipeMine(job);
  }
}

/** What a job uses up. */
export function wipeMine(job: Job): void {
  if (!('mine' in job)) return;
  wipe(job.mine);
  if (job.op === 'isakmp.keys') return wipe(job.psk);
  if (job.op === 'ke.mix' || !job.earlier) return;
  wipe(job.earlier.first);
  wipe(job.earlier.more);
}

/** The secrets of a result that nobody awaits any more. */
export function wipeResult(result: JobResult): void {
  if (!result.ok) return;
  if (result.op === 'ke.make') wipe(result.private);
  else if (result.op === 'ke.mix') wipe(result.shared);
  else if (result.op === 'ike.keys' || result.op === 'isakmp.keys') wipe(result.keys);
  else if (result.op === 'child.keys') wipe(result.keymat);
}

type Handler<O extends JobOp> = (job: Extract<Job, { op: O }>, keys: Keyring, trust: Trust) => JobResult;

const HANDLERS: { readonly [O in JobOp]: Handler<O> } = {
  'ke.make': (job) => {
    const group = known(groupById, job.group);
    return group ? { ok: true, op: job.op, ...makeKey(group) } : unsupported('key exchange method', job.group);
  },

  'ke.mix': (job) => {
    const group = known(groupById, job.group);
    if (!group) return unsupported('key exchange method', job.group);
    const met = agree(group, job);
    return met.ok ? { ok: true, op: job.op, ...made(met), shared: met.shared } : met;
  },

  'ike.keys': (job) => {
    const { group, prf, encr, integ, rekey } = job;
    const rows = { group: known(groupById, group), prf: prfById(prf), encr: encrById(encr), integ: integById(integ) };
    if (!rows.group) return unsupported('key exchange method', group);
    if (!rows.prf) return unsupported('PRF', prf);
    if (!rows.encr) return unsupported('encryption algorithm', encr);
    if (!rows.integ) return unsupported('integrity algorithm', integ);
    const oldPrf = rekey && prfById(rekey.prf);
    if (rekey && !oldPrf) return unsupported('PRF', rekey.prf);
    const met = agree(rows.group, job);
    if (!met.ok) return met;
    const keys = ikeKeys({
      encr: rows.encr,
      encrBits: job.encrBits,
      prf: rows.prf,
      integ: rows.integ,
      shared: met.shared,
      ni: job.ni,
      nr: job.nr,
      spis: job.spis,
      ...(rekey && oldPrf && { rekey: { prf: oldPrf, skD: rekey.skD } }),
      ...(job.earlier && { earlier: job.earlier }),
    });
    wipe(met.shared);
    return { ok: true, op: job.op, ...made(met), keys };
  },

  'child.keys': (job) => {
    const group = known(groupById, job.group);
    const prf = prfById(job.prf);
    if (!group) return unsupported('key exchange method', job.group);
    if (!prf) return unsupported('PRF', job.prf);
    const met = agree(group, job);
    if (!met.ok) return met;
    const keymat = childKeymat(prf, job.skD, met.shared, job.ni, job.nr, job.octets, job.earlier);
    wipe(met.shared);
    return { ok: true, op: job.op, ...made(met), keymat };
  },

  'isakmp.keys': (job) => {
    const { encrBits, ni, nr, cookies, psk } = job;
    const [group, prf, encr] = [known(groupById, job.group), prfById(job.prf), encrById(job.encr)];
    if (!group) return unsupported('key exchange method', job.group);
    if (!prf) return unsupported('PRF', job.prf);
    if (!encr) return unsupported('encryption algorithm', job.encr);
    const met = agree(group, job);
    if (!met.ok) return met;
    const keys = isakmpKeys({ prf, encr, encrBits, shared: met.shared, ni, nr, cookies, psk });
    wipe(met.shared);
    return { ok: true, op: job.op, ...made(met), keys };
  },

  sign: (job, keys) => {
    const scheme = schemeAt(job.scheme);
    if (!scheme) return unsupported('signature scheme', job.scheme);
    const key = keys.find(job.key);
    if (!key) return { ok: false, why: 'failed', detail: 'the private key is gone' };
    const signature = sign(key, scheme, job.octets);
    if ('wrong' in signature) return { ok: false, why: 'failed', detail: signature.wrong };
    return { ok: true, op: job.op, auth: encodeAuth(scheme, signature) };
  },

  verify: (job) => {
    const scheme = schemeAt(job.scheme);
    if (!scheme) return unsupported('signature scheme', job.scheme);
    const key = parseSpki(job.spki);
    const wrong = 'wrong' in key ? `bad key: ${key.wrong}` : verify(key, scheme, job.octets, job.signature);
    return wrong === undefined ? { ok: true, op: job.op } : { ok: false, why: 'bad-signature', detail: wrong };
  },

  'auth.check': (job, keys, trust) => {
    const has = (flag: keyof typeof CHECK_FLAGS) => (job.flags & CHECK_FLAGS[flag]) !== 0;
    const rules = {
      ...{ idOnCertificate: has('idOnCertificate'), crlStrict: has('crlStrict'), crlFetch: has('crlFetch') },
      ...{ ocsp: has('ocsp'), ocspStrict: has('ocspStrict'), hasLooked: has('hasLooked') },
    };
    return checkAuth(job, rules, trust, (ours) => HANDLERS.sign({ op: 'sign', ...ours }, keys, trust));
  },
};

type Agreed = (SharedSecret & { ok: false }) | { ok: true; public?: Uint8Array; shared: Uint8Array };

const agree = (group: Group, job: { mine?: Uint8Array; theirs: Uint8Array }): Agreed =>
  job.mine ? sharedSecret(group, job.mine, job.theirs) : meet(group, job.theirs);

const made = (met: { public?: Uint8Array }) => (met.public ? { public: met.public } : {});

/** NONE is a row of the registry, and nothing to compute with. */
function known<T extends Encr | Prf | Integ | Group>(byId: (id: number) => T | undefined, id: number): T | undefined {
  return id === 0 ? undefined : byId(id);
}

const unsupported = (what: string, id: number): JobFailure => ({
  ok: false,
  why: 'unsupported',
  detail: `${what} ${id}`,
});
