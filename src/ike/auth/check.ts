/** The helpers' part of authentication by signature: who has signed, and whether it is who it says it is. */
import { Id } from '../../net/id.ts';
import type { AuthCheck, BadCertificate, JobFailure, JobResult } from '../crypto/job.ts';
import { type PublicKey, parseSpki, type Wrong } from '../crypto/signature/public-key.ts';
import { type Scheme, schemeAt } from '../crypto/signature/scheme.ts';
import { misfit, verify } from '../crypto/signature/sign.ts';
import { sha256 } from '../crypto/signed.ts';
import { type Certificate, parseCertificate } from './x509/certificate.ts';
import { misfitOf } from './x509/identity.ts';
import { Memo } from './x509/memo.ts';
import { latin1 } from './x509/name.ts';
import { type Chain, findChain, told } from './x509/path.ts';
import { checkRevocation, type RevocationRules } from './x509/revocation.ts';
import type { Trust } from './x509/trust-reader.ts';

/** What of `CHECK_FLAGS` is set. */
export interface CheckRules extends Omit<RevocationRules, 'ocspUri' | 'at'> {
  readonly idOnCertificate: boolean;
}

/** Certificates of a peer's that are looked at; more are refused. */
export const MOST_CERTIFICATES = 10;
/** Raw keys that are tried. */
const MOST_RAW_KEYS = 16;

type Checked = Extract<JobResult, { op: 'auth.check' }>;
type Ours = NonNullable<AuthCheck['sign']>;

/** `sign` makes our AUTH, once the peer is known to be who it says it is. */
export function checkAuth(job: AuthCheck, rules: CheckRules, trust: Trust, sign: (ours: Ours) => JobResult): JobResult {
  const scheme = schemeAt(job.scheme);
  if (!scheme) return { ok: false, why: 'unsupported', detail: `signature scheme ${job.scheme}` };
  const raw = checkRawKeys(job, scheme);
  const peer = raw.ok || job.certs.length === 0 ? raw : checkChain(job, rules, scheme, trust);
  if (!peer.ok || peer.wants.length > 0 || job.sign === undefined) return peer;
  const signed = sign(job.sign);
  if (!signed.ok) return signed;
  return { ...peer, auth: signed.op === 'sign' ? signed.auth : undefined };
}

/** By a key that is known for the identity: then nobody has to vouch for it. */
function checkRawKeys({ spkis, octets, signature }: AuthCheck, scheme: Scheme): Checked | JobFailure {
  const wrongs: string[] = [];
  for (const spki of spkis.slice(0, MOST_RAW_KEYS)) {
    const key = rawKey(spki);
    const wrong = 'wrong' in key ? `bad key: ${key.wrong}` : verify(key, scheme, octets, signature);
    if (wrong === undefined) return found([]);
    // First what says most: of a key that could have made the signature.
    if ('wrong' in key || misfit(key, scheme) !== undefined) wrongs.push(wrong);
    else wrongs.unshift(wrong);
  }
  const [why = 'no key of the peer is known, and it has sent no certificate'] = wrongs;
  return { ok: false, why: 'bad-signature', detail: why };
}

function checkChain(job: AuthCheck, rules: CheckRules, scheme: Scheme, trust: Trust): Checked | JobFailure {
  if (job.certs.length > MOST_CERTIFICATES)
    return badCertificate(`the peer has sent ${job.certs.length} certificates, and ${MOST_CERTIFICATES} are the most`);
  const leaf = parseCertificate(job.certs[0]);
  if ('wrong' in leaf) return badCertificate(`the peer's certificate cannot be read: ${leaf.wrong}`);
  const { key } = leaf;
  if ('wrong' in key) return badCertificate(told(leaf, `bad key: ${key.wrong}`));
  const wrong = verify(key, scheme, job.octets, job.signature);
  if (wrong !== undefined) return { ok: false, why: 'bad-signature', detail: told(leaf, wrong) };
  const id = new Id(job.id[0], job.id.subarray(1));
  const misfits = rules.idOnCertificate ? misfitOf(id, leaf) : undefined;
  if (misfits !== undefined) return badCertificate(told(leaf, misfits), 'certificate-name');
  const sent = job.certs.slice(1).map(readAuthority).filter(isRead);
  const path = findChain(leaf, sent, trust, job.at);
  if ('wrong' in path) return badCertificate(path.wrong, path.isLate ? 'certificate-expired' : 'certificate-untrusted');
  const ocspUri = job.ocspUri && latin1(job.ocspUri);
  const revocation = checkRevocation(path.chain, job.ocsps, trust, { ...rules, ocspUri, at: job.at });
  if ('wrong' in revocation)
    return badCertificate(revocation.wrong, revocation.isRevoked ? 'certificate-revoked' : 'certificate-unchecked');
  const { wants } = revocation;
  return wants.length > 0 ? { ...UNDECIDED, wants } : found(path.chain);
}

const found = (chain: Chain): Checked => ({
  ok: true,
  op: 'auth.check',
  names: chain.map(({ subject }) => subject),
  wants: [],
  auth: undefined,
});

/** Nothing, before what is wanted has been looked up. */
const UNDECIDED = found([]);

const badCertificate = (detail: string, why: BadCertificate = 'bad-certificate'): JobFailure => ({
  ok: false,
  why,
  detail,
});

/**
 * The same ones come along with thousands of peers, and are kept: as a copy, for the octets of a job are gone when it is done.
 * Peers themselves are read again each time, which takes less than it costs to keep what comes back in hours at best.
 */
function readAuthority(der: Uint8Array): Certificate | Wrong {
  if (der.length > MOST_KEPT_OCTETS) return parseCertificate(der);
  const digest = latin1(sha256(der));
  const known = AUTHORITIES.get(digest);
  if (known) return known;
  const certificate = parseCertificate(Uint8Array.from(der));
  if (!('wrong' in certificate) && certificate.extensions.basicConstraints?.isCa === true)
    AUTHORITIES.add(digest, certificate);
  return certificate;
}

const rawKey = (spki: Uint8Array): PublicKey | Wrong => RAW_KEYS.of(latin1(spki), () => parseSpki(spki));

/** Larger certificates than anybody needs are read again each time. */
const MOST_KEPT_OCTETS = 4096;
const AUTHORITIES = new Memo<Certificate>(256);
const RAW_KEYS = new Memo<PublicKey | Wrong>(1024);

const isRead = (certificate: Certificate | Wrong): certificate is Certificate => !('wrong' in certificate);
