/**
 * Keys and certificates for the hosts of a test. Keys are real, and so are signatures. Certificates are not: names, a
 * key and what is wrong with it, as JSON, so that a test of IKE_AUTH says what a chain turns out to be, and nothing of
 * X.509 is in the way.
 */
import type { Credentials } from '../../../src/actors/credentials.ts';
import { NO_CREDENTIALS } from '../../../src/actors/credentials.ts';
import { NO_TRUST, type Trust } from '../../../src/ike/auth/x509/trust-reader.ts';
import { type AuthCheck, CHECK_FLAGS, type Job, type JobResult, runJob } from '../../../src/ike/crypto/job.ts';
import { generate } from '../../../src/ike/crypto/signature/generate.ts';
import type { KeyKind } from '../../../src/ike/crypto/signature/key-kind.ts';
import { KeyReader, KeyShelf } from '../../../src/ike/crypto/signature/key-shelf.ts';
import { encodePkcs8, type PrivateKey } from '../../../src/ike/crypto/signature/private-key.ts';
import { encodeSpki } from '../../../src/ike/crypto/signature/public-key.ts';
import type { Credential } from '../../../src/ike/effects.ts';
import type { AuthRound, AuthWay, Policy } from '../../../src/ike/policy.ts';
import { Id } from '../../../src/net/id.ts';

/** One of each, made once for all tests of a file. */
export const KEYS: Readonly<Record<Exclude<KeyKind, `bp${string}`>, PrivateKey>> = {
  rsa: (await generate('rsa', 2048)).key,
  p256: (await generate('p256')).key,
  p384: (await generate('p384')).key,
  p521: (await generate('p521')).key,
  ed25519: (await generate('ed25519')).key,
  ed448: (await generate('ed448')).key,
};

export const spkiOf = (key: PrivateKey): Uint8Array => encodeSpki(key.public);

/** As `authby=` has them by default, and what goes with them. */
export const SIGNATURES: readonly AuthWay[] = [
  ...(['rsa-sha2_512', 'rsa-sha2_384', 'rsa-sha2_256'] as const),
  ...(['ecdsa-sha2_512', 'ecdsa-sha2_384', 'ecdsa-sha2_256', 'eddsa'] as const),
];

export const round = (ways: readonly AuthWay[], change: Partial<AuthRound> = {}): AuthRound =>
  Object.freeze({
    ...{ ways, id: undefined, key: undefined, ca: undefined, sendCert: 'always', keysFromDns: false },
    ...change,
  });

export const both = (ways: readonly AuthWay[], change: Partial<AuthRound> = {}): Pick<Policy, 'ours' | 'theirs'> => ({
  ours: [round(ways, change)],
  theirs: [round(ways, change)],
});

interface Cert {
  readonly subject: string;
  /** From its own issuer to the anchor. */
  readonly issuers: readonly string[];
  readonly ids: readonly string[];
  readonly spki: string;
  /** What is wrong with the chain. */
  readonly wrong?: string;
  /** Where its CRL is, to be fetched before it is believed. */
  readonly crl?: string;
}

export const certificate = (key: PrivateKey, cert: Partial<Omit<Cert, 'spki'>> = {}): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify({
      ...{ subject: 'CN=somebody', issuers: ['CN=authority'], ids: ['@west', '@east'], ...cert },
      spki: Buffer.from(spkiOf(key)).toString('hex'),
    }),
  );

/** What one host has: by round its key, with or without certificate; what it knows of others. */
export interface Proofs {
  readonly keys?: readonly ({ readonly key: PrivateKey; readonly certificate?: Uint8Array } | undefined)[];
  /** Raw keys by identity. */
  readonly known?: Readonly<Record<string, readonly PrivateKey[]>>;
  readonly authorities?: Uint8Array;
  /** SHA-1 of its own issuers' keys. */
  readonly issuedBy?: readonly Uint8Array[];
  readonly issuers?: readonly Uint8Array[];
  readonly rules?: Partial<Credentials['chainRules']>;
  /** Of a helper that takes certificates for what they are. */
  readonly trust?: Trust;
}

const shelf = new KeyShelf();
const keyring = new KeyReader(shelf.shared);
const NUMBERS = new Map<PrivateKey, number>();

function numberOf(key: PrivateKey): number {
  let number = NUMBERS.get(key);
  if (number === undefined) {
    number = shelf.put(encodePkcs8(key))!;
    NUMBERS.set(key, number);
  }
  return number;
}

export function credentialsOf(proofs: Proofs): Credentials {
  const credential = (_: Policy, at: number): Credential | { wrong: string } => {
    const has = proofs.keys?.[at] ?? (at > 0 ? undefined : proofs.keys?.[0]);
    if (!has) return { wrong: 'there is no private key' };
    const { kind, bits } = has.key;
    return {
      ...{ kind, bits, key: numberOf(has.key), certificate: has.certificate },
      subject: undefined,
      authorities: proofs.issuedBy ?? [],
    };
  };
  return {
    ...NO_CREDENTIALS,
    credential,
    publicKeys: (id) => (proofs.known?.[`${id}`] ?? []).map(spkiOf),
    authorities: () => proofs.authorities ?? new Uint8Array(),
    issuers: () => proofs.issuers ?? [],
    chainRules: { ...NO_CREDENTIALS.chainRules, ...proofs.rules },
  };
}

/** What a helper does, with certificates as above; with `trust`, with real ones. */
export function runWithKeys(job: Job, trust?: Trust): JobResult {
  return !trust && job.op === 'auth.check' && job.certs.length > 0
    ? check(job)
    : runJob(job, keyring, trust ?? NO_TRUST);
}

function check(job: AuthCheck): JobResult {
  const { scheme, octets, signature } = job;
  const isBy = (spki: Uint8Array) => runJob({ op: 'verify', spki, scheme, octets, signature }).ok;
  const raw = job.spkis.find(isBy);
  if (raw) return passed(job, []);
  const leaf = job.certs[0] && (JSON.parse(new TextDecoder().decode(job.certs[0])) as Cert);
  const bad = (why: 'bad-signature' | 'bad-certificate', detail: string) => ({ ok: false, why, detail }) as const;
  if (!leaf) return bad('bad-signature', 'its signature does not match');
  const spki = Uint8Array.from(Buffer.from(leaf.spki, 'hex'));
  if (!isBy(spki)) return bad('bad-signature', `certificate '${leaf.subject}': its signature does not match`);
  if (leaf.wrong) return bad('bad-certificate', `certificate '${leaf.subject}': ${leaf.wrong}`);
  const id = `${new Id(job.id[0], job.id.slice(1))}`;
  if ((job.flags & CHECK_FLAGS.idOnCertificate) !== 0 && !leaf.ids.includes(id))
    return bad('bad-certificate', `certificate '${leaf.subject}': does not name ${id}`);
  if (leaf.crl && (job.flags & CHECK_FLAGS.hasLooked) === 0) {
    const wants = [{ kind: 'crl', urls: [leaf.crl], about: new Uint8Array(20) }] as const;
    return { ok: true, op: 'auth.check', names: [], wants, auth: undefined };
  }
  return passed(job, [leaf.subject, ...leaf.issuers]);
}

function passed({ sign }: AuthCheck, names: readonly string[]): JobResult {
  const signed = sign && runJob({ op: 'sign', ...sign }, keyring);
  if (signed && !signed.ok) return signed;
  return {
    ok: true,
    op: 'auth.check',
    names: names.map((name) => Id.parse(name)!.data),
    wants: [],
    auth: signed?.op === 'sign' ? signed.auth : undefined,
  };
}
