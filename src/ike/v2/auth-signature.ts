/** Whether a signature is the peer's. RFC 7296 §2.15, RFC 7427; a helper looks at it, and at the chain of certificates. */
import { ID_TYPES, Id } from '../../net/id.ts';
import { Memo } from '../auth/x509/memo.ts';
import { latin1 } from '../auth/x509/name.ts';
import { type AuthCheck, CHECK_FLAGS, type JobResult } from '../crypto/job.ts';
import { explainIssuer, explainNoKey, explainOtherKey } from '../explain/proofs.ts';
import { clip } from '../explain/words.ts';
import type { Policy } from '../policy.ts';
import { certsIn } from './auth-certs.ts';
import type { Checking, Claim, Verdict } from './auth-claim.ts';
import { octetsToSign, otherRole } from './auth-octets.ts';
import type { Refusal } from './auth-prove.ts';
import { named } from './auth-talk.ts';
import { distrustOf } from './distrust.ts';
import { detail } from './handshake.ts';
import type { Turn } from './turn.ts';

type Signed = Extract<Claim, { t: 'signature' }>;

/** With the keys that are known for the peer, those that DNS has, or the certificates that it has sent. */
export function checkSignature(
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
    id: typed(peerId),
    ...{ spkis, certs, ocsps },
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

function judge(turn: Turn, evidence: Evidence, result: JobResult, done: (turn: Turn, verdict: Verdict) => void): void {
  const { peerId, claim, offer, spkis, certs } = evidence;
  if (!result.ok || result.op !== 'auth.check') {
    const wrong = `peer ${named(peerId)} failed authentication with ${claim.scheme.name}: ${result.ok ? detail(result) : result.detail}`;
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
