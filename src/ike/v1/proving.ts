/** Who the ends of phase 1 are, and how they prove it: HASH by a secret, SIG by a key. RFC 2409 §5.1 and §5.4. */
import { Id } from '../../net/id.ts';
import { checkSignature, wrongIssuer } from '../auth-by-signature.ts';
import type { AuthCheck } from '../crypto/job.ts';
import { keep } from '../crypto/keep.ts';
import { equalSecret, wipe } from '../crypto/misc.ts';
import { BARE } from '../crypto/signature/scheme.ts';
import type { Credential } from '../effects.ts';
import { explainNoSecret, explainOtherSecret } from '../explain/identities.ts';
import { explainNoProof } from '../explain/proofs.ts';
import { named, plain, type Refusal } from '../refusal.ts';
import { certPayloads } from './certs.ts';
import { proofHash } from './crypto/hashes.ts';
import { end } from './ending.ts';
import { type IsakmpSa, NONE } from './isakmp-sa.ts';
import { type Method, methodsOf } from './offers.ts';
import { handshakeOf, idPayload } from './phase-one.ts';
import type { V1Policy } from './policy.ts';
import { secretFor } from './secrets.ts';
import { disbelieve, explain, isTiresome } from './trust.ts';
import type { Incoming, Turn } from './turn.ts';
import { encodeBody, find, type Payload } from './wire/index.ts';

/** Nothing else will come of this SA. */
export function cannotProve(turn: Turn, { wrong, why }: Refusal): void {
  turn.env.distrusted?.('ourselves');
  explain(turn, why());
  end(turn, 'local', `cannot prove who we are: ${wrong}`);
}

/** As initiator: of the ways that the connection allows, those for which we have what it takes. */
export function waysToProve(turn: Turn): readonly [Method, ...Method[]] | Refusal {
  const { policy, peer } = turn.sa;
  const problems: Refusal[] = [];
  const [first, ...others] = methodsOf(policy).filter((method) => {
    const problem = method === 'secret' ? lacksSecret(turn, policy) : ourKey(turn, policy);
    if (problem && 'wrong' in problem) problems.push(problem);
    return !problem || !('wrong' in problem);
  });
  if (first) return [first, ...others];
  if (problems.length === 0) problems.push(plain(`authby= has nothing for ${peer} that IKEv1 can do`, 'ourselves'));
  return {
    wrong: problems.map(({ wrong }) => wrong).join('; '),
    kind: 'ourselves',
    why: () => problems.flatMap(({ why }) => why()),
  };
}

function lacksSecret(turn: Turn, policy: V1Policy): Refusal | undefined {
  const secret = secretFor(turn, policy);
  wipe(secret);
  return secret ? undefined : noSecret(policy, policy.remoteId ?? Id.ofAddress(turn.sa.peer.address));
}

export const noSecret = ({ localId }: V1Policy, peerId: Id): Refusal => ({
  wrong: `no pre-shared key found for '${localId}' and '${peerId}'`,
  kind: 'no-secret',
  why: () => explainNoSecret(localId, peerId),
});

/** What we sign with. IKEv1's signatures carry no name of a hash: RSA alone has a form for that. */
export function ourKey({ env }: Turn, policy: V1Policy): Credential | Refusal {
  const key = env.directory.credential(policy, 0);
  if (!('wrong' in key) && key.kind === 'rsa') return key;
  const wrong = 'wrong' in key ? key.wrong : `IKEv1 signs with RSA, and our key is ${key.bits} bits of ${key.kind}`;
  return { wrong, kind: 'ourselves', why: () => explainNoProof(policy, 0) };
}

/** HASH_I or HASH_R of the end that `id`, the body of an ID payload, is of. */
function proofOf(sa: IsakmpSa, who: 'initiator' | 'responder', id: Uint8Array): Uint8Array {
  const { public: ours, theirPublic, sai } = handshakeOf(sa);
  const { suite, keys, cookieI, cookieR, role } = sa;
  if (!suite || !keys) throw new Error(`#${sa.serial} has no keys`);
  const isOurs = who === role;
  const [ownKey, otherKey] = isOurs ? [ours, theirPublic] : [theirPublic, ours];
  const [ownCookie, otherCookie] = who === 'initiator' ? [cookieI, cookieR] : [cookieR, cookieI];
  const own = { public: ownKey, cookie: ownCookie };
  const other = { public: otherKey, cookie: otherCookie };
  return proofHash({ prf: suite.prf, skeyid: keys.skeyid, own, other, sa: sai, id });
}

const ourProof = ({ sa }: Turn, { localId }: V1Policy): Uint8Array =>
  proofOf(sa, sa.role, encodeBody(idPayload(localId)));

/** What a helper is to sign for us. */
const toSign = (turn: Turn, policy: V1Policy, { key }: Credential): NonNullable<AuthCheck['sign']> => ({
  ...{ key, scheme: BARE.code, octets: ourProof(turn, policy) },
});

/** Our ID, and what proves it. */
export interface Proof {
  readonly id: Payload;
  /** Of a signature, our certificate and its issuers, where they are to be sent. */
  readonly certs: readonly Payload[];
  readonly proof: Payload;
}

/** `signed`: a helper has done so already. `fail` when there is nothing to prove it with. */
export function prove(
  turn: Turn,
  signed: Uint8Array | undefined,
  then: (turn: Turn, proof: Proof) => void,
  fail: (turn: Turn, refusal: Refusal) => void = cannotProve,
): void {
  const { sa } = turn;
  const { policy } = sa;
  const id = idPayload(policy.localId);
  if (handshakeOf(sa).method === 'secret')
    return then(turn, { id, certs: NONE, proof: { type: 'HASH', data: ourProof(turn, policy) } });
  const key = ourKey(turn, policy);
  if ('wrong' in key) return fail(turn, key);
  const made = (later: Turn, data: Uint8Array): void =>
    then(later, { id, certs: certPayloads(later, policy, key), proof: { type: 'SIG', data } });
  if (signed) return made(turn, signed);
  turn.submit({ op: 'sign', ...toSign(turn, policy, key) }, (later, result) => {
    if (result.ok && result.op === 'sign') return made(later, result.auth);
    fail(later, plain(result.ok ? 'the wrong job answered' : `${result.why}: ${result.detail}`, 'ourselves'));
  });
}

export const peerIdIn = ({ payloads }: Incoming): Id | undefined => {
  const id = find(payloads, 'ID');
  return id && new Id(id.idType, keep(id.data));
};

export interface Claimed {
  readonly peerId: Id;
  /** The connections that it may belong to, best first: the one that takes its certificate will be its own. */
  readonly policies: readonly [V1Policy, ...V1Policy[]];
  /** It is our turn to prove who we are: one helper does both. */
  readonly isOurTurn: boolean;
}

export interface Believed {
  readonly policy: V1Policy;
  readonly signed: Uint8Array | undefined;
}

/** Goes on only if the peer has proven to be who it claims to be; a message that proves nothing changes nothing. */
export function believe(
  turn: Turn,
  message: Incoming,
  claimed: Claimed,
  go: (turn: Turn, believed: Believed) => void,
  otherwise: () => void = () => {},
): void {
  const { sa } = turn;
  const { peerId, isOurTurn } = claimed;
  const refuse = (later: Turn, refusal: Refusal) => {
    disbelieve(later, refusal);
    otherwise();
  };
  const good = (later: Turn, policy: V1Policy, how: string, signed?: Uint8Array) => {
    later.say(`authenticated peer ${how}`);
    go(later, { policy, signed });
  };
  const octets = theirProof(sa, message);
  if (handshakeOf(sa).method === 'secret') {
    const [policy] = claimed.policies;
    const hash = find(message.payloads, 'HASH');
    if (!hash || !equalSecret(hash.data, octets)) return refuse(turn, wrongHash(policy, peerId));
    return good(turn, policy, `using authby=secret and ${named(peerId)}`);
  }
  if (isTiresome(turn)) {
    turn.debug(() => `peer ${named(peerId)} has signed wrongly too often to be looked at again; dropped`);
    return otherwise();
  }
  const signature = find(message.payloads, 'SIG')?.data;
  if (!signature) return refuse(turn, plain(`peer ${named(peerId)} sends no SIG`, 'protocol'));
  const shown = message.payloads.filter((p) => p.type === 'CERT');
  const attempt = (now: Turn, policies: readonly V1Policy[]): void => {
    const keys = policies.map((policy) => (isOurTurn ? ourKey(now, policy) : undefined));
    const at = Math.max(
      keys.findIndex((key) => !key || !('wrong' in key)),
      0,
    );
    const [policy, key] = [policies[at], keys[at]];
    if (key && 'wrong' in key) return refuse(now, key);
    const sign = key && toSign(now, policy, key);
    const evidence = { policy, round: 0, peerId, scheme: BARE, signature, octets, shown, sign };
    checkSignature<Turn, undefined>(now, evidence, (later, verdict) => {
      if (!verdict.ok) return refuse(later, verdict);
      const issuer = wrongIssuer(policy, 0, peerId, verdict.names);
      if (!issuer) return good(later, policy, verdict.how, verdict.signed);
      const others = policies.filter((other) => !wrongIssuer(other, 0, peerId, verdict.names));
      if (others.length === 0) return refuse(later, issuer);
      later.debug(() => `the peer's certificate is not for "${policy.name}"`);
      attempt(later, others);
    });
  };
  attempt(turn, claimed.policies);
}

function theirProof(sa: IsakmpSa, { payloads, bodies }: Incoming): Uint8Array {
  const at = payloads.findIndex((p) => p.type === 'ID');
  const id = at < 0 ? handshakeOf(sa).theirId : bodies[at];
  return proofOf(sa, sa.role === 'initiator' ? 'responder' : 'initiator', id);
}

const wrongHash = ({ localId }: V1Policy, peerId: Id): Refusal => ({
  wrong: `HASH of '${peerId}' does not match: perhaps the pre-shared keys differ`,
  kind: 'wrong-secret',
  why: () => explainOtherSecret(localId, peerId),
});
