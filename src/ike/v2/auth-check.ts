/** Whether the peer is who it says it is, a round at a time. RFC 7296 §2.15, RFC 7427, RFC 7619. */
import { ID_TYPES, Id } from '../../net/id.ts';
import { type AuthCheck, CHECK_FLAGS, type JobResult } from '../crypto/job.ts';
import { equalSecret } from '../crypto/misc.ts';
import { parseAuth } from '../crypto/signature/auth.ts';
import { refusal } from '../crypto/signature/choice.ts';
import type { Scheme } from '../crypto/signature/scheme.ts';
import { explainOtherSecret } from '../explain/identities.ts';
import { explainIssuer, explainNoKey, explainOtherKey, explainWay } from '../explain/proofs.ts';
import { clip } from '../explain/words.ts';
import type { Policy } from '../policy.ts';
import { AUTH_METHOD, find, type Payload } from '../wire/index.ts';
import { certsIn } from './auth-certs.ts';
import { nullAuth, octetsToSign, otherRole, secretAuth } from './auth-octets.ts';
import { noSecret, type Refusal, secretFor } from './auth-prove.ts';
import { named, ourIdOf } from './auth-talk.ts';
import { isEap, waysText } from './auth-ways.ts';
import { detail } from './handshake.ts';
import type { ChildOffer } from './ike-sa.ts';
import type { Turn } from './turn.ts';

/** How the peer wants to have proven itself; nothing is verified yet. */
export type Claim =
  | { readonly t: 'secret' | 'null'; readonly data: Uint8Array }
  | { readonly t: 'signature'; readonly scheme: Scheme; readonly signature: Uint8Array }
  /** It will. */
  | { readonly t: 'eap' }
  | { readonly t: 'unknown'; readonly wrong: string };

export function claimIn(payloads: readonly Payload[]): Claim {
  const auth = find(payloads, 'AUTH');
  if (!auth) return { t: 'eap' };
  const { method, data } = auth;
  if (method === AUTH_METHOD.SHARED_KEY_MIC) return { t: 'secret', data };
  if (method === AUTH_METHOD.NULL) return { t: 'null', data };
  const parsed = parseAuth(method, data);
  return 'wrong' in parsed ? { t: 'unknown', wrong: parsed.wrong } : { t: 'signature', ...parsed };
}

const claimText = (claim: Claim): string =>
  claim.t === 'signature' ? claim.scheme.name : (OTHER_CLAIMS[claim.t] ?? `authby=${claim.t}`);
const OTHER_CLAIMS: Readonly<Record<string, string | undefined>> = { eap: 'EAP', unknown: 'what we do not know' };

/** Why the policy does not let a peer prove itself so; undefined if it does. */
export function notAllowed(policy: Policy, round: number, claim: Claim): Refusal | undefined {
  const ways = policy.theirs[round]?.ways ?? [];
  const refused = (detail = ''): Refusal => ({
    wrong: `peer authenticates by ${claimText(claim)}, we want ${waysText(ways)}${detail && `: ${detail}`}`,
    why: () => explainWay(claimText(claim), ways, policy.name),
  });
  switch (claim.t) {
    case 'unknown':
      return refused(claim.wrong);
    case 'eap':
      return ways.some(isEap) ? undefined : refused();
    case 'signature': {
      const wrong = refusal({ ways, sha1: policy.sha1 }, claim.scheme);
      return wrong === undefined ? undefined : refused(wrong);
    }
    default:
      return ways.includes(claim.t) ? undefined : refused();
  }
}

export interface Checking {
  readonly policy: Policy;
  readonly round: number;
  readonly peerId: Id;
  readonly claim: Claim;
  readonly payloads: readonly Payload[];
  /** What the same helper is to sign for us if the peer convinces it. */
  readonly sign: AuthCheck['sign'];
  readonly offer?: ChildOffer | undefined;
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

/** Says whether the AUTH payload proves `peerId`, in this turn or in a later one. */
export function checkAuth(turn: Turn, checking: Checking, done: (turn: Turn, verdict: Verdict) => void): void {
  const { policy, round, claim } = checking;
  const refused = notAllowed(policy, round, claim);
  if (refused) return done(turn, { ok: false, ...refused });
  switch (claim.t) {
    case 'secret':
      return done(turn, checkSecret(turn, checking, claim.data));
    case 'null':
      return done(turn, checkNull(turn, checking, claim.data));
    case 'signature':
      return checkSignature(turn, checking, claim, done);
    default:
      throw new Error(`${claim.t} has nothing to check`);
  }
}

function checkSecret(turn: Turn, { policy, peerId }: Checking, data: Uint8Array): Verdict {
  const { sa } = turn;
  const ourId = ourIdOf(policy, 0);
  const secret = secretFor(turn, ourId, peerId);
  if (!secret) return { ok: false, ...noSecret(ourId, peerId) };
  if (!equalSecret(secretAuth(sa, otherRole(sa), peerId, secret), data))
    return {
      ok: false,
      wrong: `peer ${named(peerId)} failed authentication: AUTH mismatch, pre-shared keys differ`,
      why: () => explainOtherSecret(ourId, peerId),
    };
  return good(`using authby=secret and ${named(peerId)}`);
}

function checkNull({ sa }: Turn, { peerId }: Checking, data: Uint8Array): Verdict {
  if (!equalSecret(nullAuth(sa, otherRole(sa), peerId), data))
    return {
      ok: false,
      wrong: `peer ${named(peerId)} failed authentication: AUTH mismatch with authby=null`,
      why: () => [],
    };
  return { ...good(`using authby=null and ${named(peerId)}`), isNameless: true };
}

const good = (how: string) => ({ ok: true, how, names: [], signed: undefined, isNameless: false }) as const;

type Signed = Extract<Claim, { t: 'signature' }>;

function checkSignature(
  turn: Turn,
  checking: Checking,
  claim: Signed,
  done: (turn: Turn, verdict: Verdict) => void,
): void {
  const { policy, round, peerId, offer, payloads } = checking;
  const { key, ca, keysFromDns } = policy.theirs[round];
  // One that must have a certain issuer proves itself by its certificate; one that must have a certain key, by that.
  const known = ca && !key ? [] : turn.env.directory.publicKeys(peerId, policy, round);
  const { certs, ocsps } = key ? NO_CERTS : certsIn(turn, payloads);
  const go = (later: Turn, spkis: readonly Uint8Array[]): void => {
    if (spkis.length > 0 || certs.length > 0) return check(later, { ...checking, claim, spkis, certs, ocsps }, done);
    const wrong = `peer ${named(peerId)} failed authentication: no public key is known for it, and it sent no certificate`;
    done(later, { ok: false, wrong, why: () => explainNoKey(peerId) });
  };
  if (known.length > 0 || !keysFromDns) return go(turn, known);
  turn.ask(
    { t: 'dnsKeys', id: peerId, address: turn.sa.peer.address },
    (later, reply) => {
      if (reply.t === 'dnsKeys' && reply.isSecure) return go(later, reply.keys);
      const why = reply.t === 'dnsKeys' ? (reply.why ?? 'the answer is not secured by DNSSEC') : whyNone(reply);
      later.say(`no key for ${named(peerId)} from DNS: ${clip(why)}`, { level: 'warn' });
      go(later, []);
    },
    offer,
  );
}

const NO_CERTS = { certs: [], ocsps: [] } as const;
const whyNone = (reply: { readonly t: string; readonly why?: string }) => reply.why ?? 'another question was answered';

interface Evidence extends Checking {
  readonly claim: Signed;
  readonly spkis: readonly Uint8Array[];
  readonly certs: readonly Uint8Array[];
  readonly ocsps: readonly Uint8Array[];
  readonly hasLooked?: boolean;
}

function check(turn: Turn, evidence: Evidence, done: (turn: Turn, verdict: Verdict) => void): void {
  turn.submit(jobOf(turn, evidence), (later, result) => judge(later, evidence, result, done), evidence.offer);
}

function jobOf(
  { sa, env }: Turn,
  { claim, policy, peerId, spkis, certs, ocsps, sign, hasLooked }: Evidence,
): AuthCheck {
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
    scheme: claim.scheme.code,
    octets: octetsToSign(sa, otherRole(sa), peerId),
    signature: claim.signature,
    id: Uint8Array.of(peerId.type, ...peerId.data),
    ...{ spkis, certs, ocsps },
    ...{ trust: rules.trust, at: rules.at },
    flags: flags.reduce((sum, [flag, isSet]) => sum + (isSet ? flag : 0), 0),
    ocspUri: rules.ocspUri === undefined ? undefined : new TextEncoder().encode(rules.ocspUri),
    sign,
  };
}

function judge(turn: Turn, evidence: Evidence, result: JobResult, done: (turn: Turn, verdict: Verdict) => void): void {
  const { peerId, claim, offer, spkis, certs } = evidence;
  if (!result.ok || result.op !== 'auth.check') {
    const wrong = `peer ${named(peerId)} failed authentication with ${claim.scheme.name}: ${result.ok ? detail(result) : result.detail}`;
    const isOther = !result.ok && result.why === 'bad-signature' && certs.length === 0;
    const why = () => (isOther ? explainOtherKey(peerId, spkis.length) : []);
    return done(turn, { ok: false, wrong: clip(wrong, 1_000), why });
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
      offer,
    );
  }
  const { names, auth: signed } = result;
  done(turn, { ok: true, how: howOf(evidence, names), names, signed, isNameless: false });
}

const MOST_SAID = 4;

/** libreswan's text for certificates. */
function howOf({ claim, peerId }: Evidence, names: readonly Uint8Array[]): string {
  const { scheme, signature } = claim;
  const name = scheme.type === 'RSA' ? `${signature.length * 8}-bit ${scheme.name}` : scheme.name;
  if (names.length === 0) return `using ${name} signature and ${named(peerId)}`;
  const issuer = names[1] ?? names[0];
  return `certificate '${dnText(names[0])}' and ${name} digital signature issued by '${dnText(issuer)}'; ${named(peerId)}`;
}

const dnText = (der: Uint8Array): string => clip(`${new Id(ID_TYPES.ID_DER_ASN1_DN, der)}`);

/** Why the issuers, if the peer has shown any, are not those that the policy wants; undefined if they are. */
export function wrongIssuer(
  { theirs }: Policy,
  round: number,
  peerId: Id,
  names: readonly Uint8Array[],
): Refusal | undefined {
  const { ca, key } = theirs[round];
  const issuers = names.slice(1).map((der) => new Id(ID_TYPES.ID_DER_ASN1_DN, der));
  const isRight = !ca || key || names.length === 0 || issuers.some((issuer) => ca.matches(issuer.key) !== undefined);
  if (isRight) return undefined;
  return {
    wrong: `peer ${named(peerId)} has a certificate of another authority than '${ca}'`,
    why: () => explainIssuer(issuers.map(String), ca),
  };
}
