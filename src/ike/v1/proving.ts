/** Who the peers of phase 1 are, how they prove it, and which connection that makes theirs. RFC 2409 §5.1 and §5.4. */
import { Id } from '../../net/id.ts';
import type { AuthCheck } from '../crypto/job.ts';
import { equalSecret, wipe } from '../crypto/misc.ts';
import { BARE } from '../crypto/signature/scheme.ts';
import type { Fault } from '../fault.ts';
import type { Policy } from '../policy.ts';
import { proofHash } from './crypto/hashes.ts';
import { end } from './ending.ts';
import type { IsakmpSa } from './isakmp-sa.ts';
import { type Agreement, allows, type Chosen, chooseIsakmp, methodsOf } from './offers.ts';
import { handshakeOf, idPayload, secretFor } from './phase-one.ts';
import { isV1, type V1Policy } from './policy.ts';
import { distrust } from './trust.ts';
import type { Incoming, Turn } from './turn.ts';
import { encodeBody, find, type Payload, type Proposal as WireProposal } from './wire/index.ts';

/** Nothing else will come of this SA. */
export const cannotProve = (turn: Turn, why: string): void => end(turn, 'local', `cannot prove who we are: ${why}`);

/**
 * The first connection for the peer's address whose proposals fit; otherwise the first one's reason. With `peerId`: for
 * Aggressive Mode.
 */
export function connectionThatFits(turn: Turn, theirs: readonly WireProposal[], peerId?: Id) {
  const { sa, env } = turn;
  let first: { readonly policy: V1Policy; readonly fit: Chosen | Fault } | undefined;
  // Thousands of conns for the same address share a few lists of proposals, and a stranger pays for none.
  const seen = new Map<Policy['ike'], string>();
  for (const policy of env.directory.candidates(sa.local.address, sa.peer.address, peerId, 1)) {
    if (!isV1(policy)) continue;
    if (peerId && (!policy.v1.aggressive || wildcardsFor(policy, peerId) === undefined)) continue;
    const ways = `${methodsOf(policy)}`;
    if (seen.get(policy.ike) === ways) continue;
    seen.set(policy.ike, ways);
    const tried = { policy, fit: chooseIsakmp(policy, theirs) };
    if (!('kind' in tried.fit)) return tried;
    first ??= tried;
  }
  return first;
}

/** HASH_I or HASH_R of the end that `id`, the body of an ID payload, is of. */
function proofOf(sa: IsakmpSa, who: 'initiator' | 'responder', id: Uint8Array): Uint8Array {
  const { public: ours, theirPublic, sai } = handshakeOf(sa);
  const { suite, keys, cookieI, cookieR, role } = sa;
  if (!suite || !keys) throw new Error(`#${sa.serial} has no keys`);
  const isOurs = who === role;
  const [ownKey, otherKey] = isOurs ? [ours, theirPublic] : [theirPublic, ours];
  const [ownCookie, otherCookie] = who === 'initiator' ? [cookieI, cookieR] : [cookieR, cookieI];
  return proofHash({
    ...{ prf: suite.prf, skeyid: keys.skeyid, sa: sai, id },
    own: { public: ownKey, cookie: ownCookie },
    other: { public: otherKey, cookie: otherCookie },
  });
}

/** Our ID, and HASH or SIG behind it; `fail` when there is nothing to sign with. */
export function prove(
  turn: Turn,
  then: (turn: Turn, id: Payload, proof: Payload) => void,
  fail: (turn: Turn, why: string) => void,
): void {
  const { sa, env } = turn;
  const id = idPayload(sa.policy.localId);
  const proof = proofOf(sa, sa.role, encodeBody(id));
  if (handshakeOf(sa).method === 'secret') return then(turn, id, { type: 'HASH', data: proof });
  const credential = env.directory.credential(sa.policy, 0);
  if ('wrong' in credential) return fail(turn, credential.wrong);
  turn.submit({ op: 'sign', key: credential.key, scheme: BARE.code, octets: proof }, (later, result) => {
    if (!result.ok || result.op !== 'sign')
      return fail(later, result.ok ? 'the wrong job answered' : `${result.why}: ${result.detail}`);
    then(later, id, { type: 'SIG', data: result.auth });
  });
}

export const peerIdIn = ({ payloads }: Incoming): Id | undefined => {
  const id = find(payloads, 'ID');
  return id && new Id(id.idType, Uint8Array.from(id.data));
};

/** Goes on only if the peer has proven to be `peerId`; a message that proves nothing changes nothing. */
export function believe(
  turn: Turn,
  message: Incoming,
  { peerId, policy }: { readonly peerId: Id; readonly policy: V1Policy },
  go: (turn: Turn) => void,
  otherwise: () => void = () => {},
): void {
  const refuse = (later: Turn, why: string) => {
    distrust(later, why);
    otherwise();
  };
  const { sa, env } = turn;
  const { payloads, bodies } = message;
  const idAt = payloads.findIndex((p) => p.type === 'ID');
  const id = idAt < 0 ? handshakeOf(sa).theirId : bodies[idAt];
  const proof = proofOf(sa, sa.role === 'initiator' ? 'responder' : 'initiator', id);
  if (handshakeOf(sa).method === 'secret') {
    const hash = find(payloads, 'HASH');
    return hash && equalSecret(hash.data, proof) ? go(turn) : refuse(turn, `HASH of '${peerId}' does not match`);
  }
  const signature = find(payloads, 'SIG');
  if (!signature) return refuse(turn, `no SIG of '${peerId}'`);
  const spkis = env.directory.publicKeys(peerId, policy, 0);
  const check: AuthCheck = {
    ...{ op: 'auth.check', scheme: BARE.code, octets: proof, signature: signature.data },
    ...{ id: Uint8Array.of(peerId.type, ...peerId.data), spkis, certs: [], ocsps: [] },
    ...{ at: env.directory.chainRules.at, flags: 0, ocspUri: undefined, sign: undefined },
  };
  turn.submit(check, (later, result) =>
    result.ok ? go(later) : refuse(later, `SIG of '${peerId}': ${result.detail}`),
  );
}

/**
 * As responder, which connection a peer belongs to that says who it is: those for its address that allow what was
 * agreed on, by how well they name it. With one secret for all road warriors, it must be the one that was used.
 */
export function connectionFor(turn: Turn, peerId: Id, agreed: Agreement): V1Policy | { readonly wrong: string } {
  const { sa, env } = turn;
  const used = agreed.method === 'secret' && sa.keys ? secretFor(turn, sa.policy) : undefined;
  const isSecret = (policy: V1Policy) => {
    if (!used) return true;
    const other = secretFor(turn, policy, peerId);
    const isSame = other !== undefined && equalSecret(other, used);
    wipe(other);
    return isSame;
  };
  const fits: { policy: V1Policy; wildcards: number }[] = [];
  for (const policy of env.directory.candidates(sa.local.address, sa.peer.address, peerId, 1)) {
    if (!isV1(policy) || !allows(policy, agreed)) continue;
    const wildcards = wildcardsFor(policy, peerId);
    if (wildcards !== undefined) fits.push({ policy, wildcards });
  }
  const ranked = fits.toSorted((a, b) => a.wildcards - b.wildcards).slice(0, MOST_RIVALS);
  const best = ranked.find(({ policy }) => isSecret(policy));
  wipe(used);
  return best?.policy ?? { wrong: `no connection for peer ID '${peerId}' with what was agreed on for its address` };
}

/** Connections that are held against a peer that has yet to prove who it is: it gets so much of our time. */
const MOST_RIVALS = 16;

/** How many it takes for the policy to take this peer: infinitely many for one that takes anybody. */
const wildcardsFor = ({ remoteId }: Policy, peerId: Id): number | undefined =>
  remoteId ? remoteId.matches(peerId.key) : Number.POSITIVE_INFINITY;

/** As initiator: what is wrong with whom we have found. */
export const wrongPeer = ({ remoteId }: Policy, peerId: Id): string | undefined =>
  remoteId && remoteId.matches(peerId.key) === undefined
    ? `peer ID '${peerId}' is not the configured '${remoteId}'`
    : undefined;
