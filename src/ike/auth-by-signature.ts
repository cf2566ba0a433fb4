/**
 * Whether a signature is the peer's, in both versions: RFC 7296 §2.15 with RFC 7427, RFC 2409 §5.1. A helper looks at it,
 * and at the chain of certificates.
 */
import type { Endpoint } from '../net/endpoint.ts';
import { ID_TYPES, Id } from '../net/id.ts';
import { Memo } from './auth/x509/memo.ts';
import { latin1 } from './auth/x509/name.ts';
import { certsIn, type Shown } from './certificates.ts';
import { type AuthCheck, CHECK_FLAGS, type Job, type JobResult } from './crypto/job.ts';
import type { Scheme } from './crypto/signature/scheme.ts';
import { distrustOf } from './distrust.ts';
import type { Env } from './effects.ts';
import { explainIssuer, explainNoKey, explainOtherKey } from './explain/proofs.ts';
import { clip } from './explain/words.ts';
import type { Policy } from './policy.ts';
import type { Question, Reply } from './questions.ts';
import { named, type Refusal } from './refusal.ts';

/** What looking at a signature needs of a turn `T` of either version. `W`: what a version keeps while it waits. */
export interface AuthTurn<T, W> {
  readonly sa: { readonly peer: Endpoint };
  readonly env: Env;
  say(text: string, more?: { readonly level: 'warn' }): void;
  debug(text: () => string): void;
  submit(job: Job, resume: (turn: T, result: JobResult) => void, waits?: W): void;
  ask(question: Question, hear: (turn: T, reply: Reply) => void, waits?: W): void;
}

/** A signature of the peer's, and who it claims to be by it; nothing is verified yet. */
export interface Signed<W> {
  readonly policy: Policy;
  readonly round: number;
  readonly peerId: Id;
  readonly scheme: Scheme;
  readonly signature: Uint8Array;
  /** What it must be of. */
  readonly octets: Uint8Array;
  /** The CERT payloads that came with it. */
  readonly shown: readonly Shown[];
  /** What the same helper is to sign for us if the peer convinces it. */
  readonly sign: AuthCheck['sign'];
  readonly waits?: W | undefined;
}

export type Verdict =
  | {
      readonly ok: true;
      /** For the log, behind "authenticated peer". */
      readonly how: string;
      /** Of the certificates, in DER, from the peer's to the anchor's; none if it took none. */
      readonly names: readonly Uint8Array[];
      /** What was to be signed. */
      readonly signed: Uint8Array | undefined;
      readonly isNameless: boolean;
    }
  | ({ readonly ok: false } & Refusal);

/** With the keys that are known for the peer, those that DNS has, or the certificates that it has sent. */
export function checkSignature<T extends AuthTurn<T, W>, W>(
  turn: T,
  signed: Signed<W>,
  done: (turn: T, verdict: Verdict) => void,
): void {
  const { policy, round, peerId, shown, waits } = signed;
  const { key, ca, keysFromDns } = policy.theirs[round];
  // One that must have a certain issuer proves itself by its certificate; one that must have a certain key, by that.
  const known = ca && !key ? [] : turn.env.directory.publicKeys(peerId, policy, round);
  const { certs, ocsps } = key ? NO_CERTS : certsIn(turn, shown);
  const go = (later: T, spkis: readonly Uint8Array[]): void => {
    if (spkis.length > 0 || certs.length > 0) return check(later, { ...signed, spkis, certs, ocsps }, done);
    const wrong = `peer ${named(peerId)} failed authentication: no public key is known for it, and it sent no certificate`;
    done(later, { ok: false, wrong, kind: 'no-key', why: () => explainNoKey(peerId) });
  };
  if (known.length > 0 || !keysFromDns) return go(turn, known);
  turn.ask(
    { t: 'dnsKeys', id: peerId, address: turn.sa.peer.address },
    (later, reply) => {
      const keys = reply.t === 'dnsKeys' ? reply.keys : [];
      const why = reply.t === 'dnsKeys' ? clip(reply.why ?? 'there is none') : whyNone(reply);
      if (keys.length === 0) later.say(`no key for ${named(peerId)} from DNS: ${why}`, { level: 'warn' });
      else if (reply.t === 'dnsKeys' && !reply.isSecure)
        later.say(`key for ${named(peerId)} from DNS, which nobody vouches for: ${why}`, { level: 'warn' });
      go(later, keys);
    },
    waits,
  );
}

const NO_CERTS = { certs: [], ocsps: [] } as const;
const whyNone = (reply: { readonly t: string; readonly why?: string }) => reply.why ?? 'another question was answered';

interface Evidence<W> extends Signed<W> {
  readonly spkis: readonly Uint8Array[];
  readonly certs: readonly Uint8Array[];
  readonly ocsps: readonly Uint8Array[];
  readonly hasLooked?: boolean;
}

function check<T extends AuthTurn<T, W>, W>(
  turn: T,
  evidence: Evidence<W>,
  done: (turn: T, verdict: Verdict) => void,
): void {
  turn.submit(jobOf(turn.env, evidence), (later, result) => judge(later, evidence, result, done), evidence.waits);
}

function jobOf(env: Env, evidence: Evidence<unknown>): AuthCheck {
  const { scheme, octets, signature, policy, peerId, spkis, certs, ocsps, sign, hasLooked } = evidence;
  const rules = env.directory.chainRules;
  const flags: readonly (readonly [number, boolean])[] = [
    // One that may be anybody is whom its certificate names, and nobody else.
    [CHECK_FLAGS.idOnCertificate, policy.idOnCertificate || policy.remoteId === undefined],
    [CHECK_FLAGS.crlStrict, rules.crlStrict],
    [CHECK_FLAGS.crlFetch, rules.crlFetch],
    [CHECK_FLAGS.ocsp, rules.ocsp],
    [CHECK_FLAGS.ocspStrict, rules.ocspStrict],
    [CHECK_FLAGS.hasLooked, hasLooked === true],
  ];
  return {
    op: 'auth.check',
    scheme: scheme.code,
    ...{ octets, signature, spkis, certs, ocsps },
    id: typed(peerId),
    at: rules.at,
    flags: flags.reduce((sum, [flag, isSet]) => sum + (isSet ? flag : 0), 0),
    ocspUri: rules.ocspUri === undefined ? undefined : new TextEncoder().encode(rules.ocspUri),
    sign,
  };
}

function typed({ type, data }: Id): Uint8Array {
  const octets = new Uint8Array(1 + data.length);
  octets[0] = type;
  octets.set(data, 1);
  return octets;
}

function judge<T extends AuthTurn<T, W>, W>(
  turn: T,
  evidence: Evidence<W>,
  result: JobResult,
  done: (turn: T, verdict: Verdict) => void,
): void {
  const { peerId, scheme, waits, spkis, certs } = evidence;
  if (!result.ok || result.op !== 'auth.check') {
    const wrong = `peer ${named(peerId)} failed authentication with ${scheme.name}: ${result.ok ? 'the wrong job answered' : result.detail}`;
    const isOther = !result.ok && result.why === 'bad-signature' && certs.length === 0;
    const why = () => (isOther ? explainOtherKey(peerId, spkis.length) : []);
    return done(turn, {
      ok: false,
      wrong: clip(wrong, 1_000),
      kind: result.ok ? 'failed' : distrustOf(result.why),
      why,
    });
  }
  if (result.wants.length > 0) {
    if (evidence.hasLooked) throw new Error('a helper wants looked up what has been looked up');
    return turn.ask(
      { t: 'revocation', wants: result.wants },
      (later, reply) => {
        const problems = reply.t === 'revocation' ? reply.problems : [whyNone(reply)];
        for (const problem of problems.slice(0, MOST_SAID)) later.say(clip(problem), { level: 'warn' });
        check(later, { ...evidence, hasLooked: true }, done);
      },
      waits,
    );
  }
  const { names, auth: signed } = result;
  done(turn, { ok: true, how: howOf(evidence, names), names, signed, isNameless: false });
}

const MOST_SAID = 4;

/** libreswan's text for certificates. */
function howOf({ scheme, signature, peerId }: Signed<unknown>, names: readonly Uint8Array[]): string {
  const name = scheme.type === 'RSA' ? `${signature.length * 8}-bit ${scheme.name}` : scheme.name;
  if (names.length === 0) return `using ${name} signature and ${named(peerId)}`;
  const issuer = names[1] ?? names[0];
  return `certificate '${dnText(names[0])}' and ${name} digital signature issued by '${issuerText(issuer)}'; ${named(peerId)}`;
}

const idOf = (der: Uint8Array): Id => new Id(ID_TYPES.ID_DER_ASN1_DN, der);
const dnText = (der: Uint8Array): string => clip(`${idOf(der)}`);

/** Of thousands of peers there are a few issuers, and their text takes longer than the rest of the line. */
const ISSUERS = new Memo<string>(64);
const issuerText = (der: Uint8Array): string => ISSUERS.of(latin1(der), () => dnText(der));

/** Why the issuers, if the peer has shown any, are not those that the policy wants; undefined if they are. */
export function wrongIssuer(
  { theirs }: Policy,
  round: number,
  peerId: Id,
  names: readonly Uint8Array[],
): Refusal | undefined {
  const { ca, key } = theirs[round];
  if (!ca || key || names.length === 0) return undefined;
  const issuers = names.slice(1);
  // As a rule it is the very octets; a name's key takes longer than all else here.
  if (issuers.some((der) => Buffer.compare(ca.data, der) === 0)) return undefined;
  if (issuers.some((der) => ca.matches(idOf(der).key) !== undefined)) return undefined;
  return {
    wrong: `peer ${named(peerId)} has a certificate of another authority than '${ca}'`,
    kind: 'certificate-untrusted',
    why: () =>
      explainIssuer(
        issuers.map((der) => `${idOf(der)}`),
        ca,
      ),
  };
}
