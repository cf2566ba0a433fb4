/**
 * Which connection a peer of phase 1 belongs to. First its addresses and what it offers decide; then, once it says who it
 * is, its identity. In Main Mode with a secret that comes too late to choose the secret by (RFC 2409 §5.4), so that all
 * whose address is not known before must share one.
 */
import type { Id } from '../../net/id.ts';
import { equalSecret, wipe } from '../crypto/misc.ts';
import { explainId, explainNobody } from '../explain/identities.ts';
import { some } from '../explain/words.ts';
import type { Fault } from '../fault.ts';
import type { Policy } from '../policy.ts';
import { named, type Refusal } from '../refusal.ts';
import type { IsakmpSa } from './isakmp-sa.ts';
import { type Agreement, allows, type Chosen, chooseIsakmp, methodsOf } from './offers.ts';
import { isV1, type V1Policy } from './policy.ts';
import { secretFor } from './secrets.ts';
import type { Turn } from './turn.ts';
import type { Proposal as WireProposal } from './wire/index.ts';

/** Connections that are held against a peer that has yet to prove who it is: it gets so much of our time. */
const MOST_RIVALS = 16;

/** The first connection for the peer's address whose proposals fit; otherwise the first one's reason. With `peerId`: for Aggressive Mode. */
export function connectionThatFits(turn: Turn, theirs: readonly WireProposal[], peerId?: Id) {
  let first: { readonly policy: V1Policy; readonly fit: Chosen | Fault } | undefined;
  // Thousands of conns for the same address share a few lists of proposals, and a stranger pays for none.
  const seen = new Map<Policy['ike'], string>();
  for (const policy of candidates(turn, peerId)) {
    if (peerId && (!policy.v1.aggressive || wildcardsFor(policy, peerId) === undefined)) continue;
    const ways = `${methodsOf(policy)} ${policy.v1.xauth?.role}`;
    if (seen.get(policy.ike) === ways) continue;
    seen.set(policy.ike, ways);
    const tried = { policy, fit: chooseIsakmp(policy, theirs) };
    if (!('kind' in tried.fit)) return tried;
    first ??= tried;
  }
  return first;
}

/** Main Mode as responder: the first connection of those that allow what was agreed on which has a secret, and that. */
export function secretByAddress(turn: Turn, agreed: Agreed) {
  for (const policy of rivals(turn, agreed)) {
    const psk = secretFor(turn, policy);
    if (psk) return { policy, psk };
  }
  return undefined;
}

/**
 * As responder, whose connections a peer may belong to that says who it is: those for its address that allow what was
 * agreed on, by how well they name it. With a secret, it must be the one that was used.
 */
export function connectionsFor(turn: Turn, peerId: Id, agreed: Agreed): readonly [V1Policy, ...V1Policy[]] | Refusal {
  const fits: { policy: V1Policy; wildcards: number }[] = [];
  const isFit = allowing(agreed);
  for (const policy of candidates(turn, peerId)) {
    const wildcards = isFit(policy) ? wildcardsFor(policy, peerId) : undefined;
    if (wildcards !== undefined) fits.push({ policy, wildcards });
  }
  const ranked = fits
    .toSorted((a, b) => a.wildcards - b.wildcards)
    .slice(0, MOST_RIVALS)
    .map(({ policy }) => policy);
  const [first] = ranked;
  if (!first) return nobody(turn, peerId);
  const [best, ...others] = agreed.method === 'secret' ? ranked.filter(usesSecretOf(turn, peerId)) : ranked;
  return best ? [best, ...others] : otherSecret(turn, peerId, first);
}

type Agreed = Pick<Agreement, 'suite' | 'method'>;

/** Best first, as the directory has them; with what was agreed on goes whether there is XAUTH to come. */
function* candidates({ sa, env }: Turn, peerId?: Id): Generator<V1Policy> {
  const isSameXauth = (policy: V1Policy) => !sa.suite || policy.v1.xauth?.role === sa.policy.v1.xauth?.role;
  for (const policy of env.directory.candidates(sa.local.address, sa.peer.address, peerId, 1))
    if (isV1(policy) && isSameXauth(policy)) yield policy;
}

/** The first few that a peer of whom nothing else is known may turn out to belong to. */
function rivals(turn: Turn, agreed: Agreed): readonly V1Policy[] {
  const found: V1Policy[] = [];
  const isFit = allowing(agreed);
  for (const policy of candidates(turn)) {
    if (found.length === MOST_RIVALS) break;
    if (isFit(policy)) found.push(policy);
  }
  return found;
}

/** Thousands of conns share a few lists of proposals. */
function allowing(agreed: Agreed): (policy: V1Policy) => boolean {
  const known = new Map<Policy['ike'], Map<string, boolean>>();
  return (policy) => {
    const byWays = known.get(policy.ike) ?? new Map<string, boolean>();
    known.set(policy.ike, byWays);
    const ways = `${methodsOf(policy)}`;
    const isFit = byWays.get(ways) ?? allows(policy, agreed);
    byWays.set(ways, isFit);
    return isFit;
  };
}

/** Whether a connection's secret for `peerId` is that of the one which keys were made with. */
function usesSecretOf(turn: Turn, peerId: Id): (policy: V1Policy) => boolean {
  return (policy) => {
    const [used, own] = [secretFor(turn, turn.sa.policy), secretFor(turn, policy, peerId)];
    const isSame = used !== undefined && own !== undefined && equalSecret(own, used);
    wipe(used);
    wipe(own);
    return isSame;
  };
}

function nobody(turn: Turn, peerId: Id): Refusal {
  const why = () => {
    const [meant] = [...candidates(turn, peerId)].filter((policy) => wildcardsFor(policy, peerId) !== undefined);
    if (meant)
      return [`"${meant.name}" is for '${peerId}', but its ike= or authby= lacks what was agreed for this address`];
    return explainNobody([...candidates(turn)], peerId, undefined);
  };
  return { wrong: `no connection for peer ID ${named(peerId)}`, kind: 'unknown-identity', why };
}

const otherSecret = (turn: Turn, peerId: Id, { name }: V1Policy): Refusal => ({
  wrong: `peer ID ${named(peerId)} is for "${name}", whose pre-shared key is not the one of "${turn.sa.policy.name}" that was used for its address`,
  kind: 'wrong-secret',
  why: () => [ONE_SECRET],
});

/** When the peer's first encrypted message cannot be read: that its secret may be another connection's. */
export function explainSecrets(turn: Turn): readonly string[] {
  const { suite, handshake, role, policy } = turn.sa;
  if (role !== 'responder' || !suite || handshake?.method !== 'secret') return [];
  const used = secretFor(turn, policy);
  const others = rivals(turn, { suite, method: 'secret' }).filter((rival) => {
    const own = secretFor(turn, rival);
    const isOther = used !== undefined && own !== undefined && !equalSecret(own, used);
    wipe(own);
    return isOther;
  });
  wipe(used);
  if (others.length === 0) return [];
  const names = some(
    others.map(({ name }) => `"${name}"`),
    4,
  );
  return [
    `"${policy.name}", whose pre-shared key was used, and ${names} are for the same address and have different ones. ${ONE_SECRET}`,
  ];
}

const ONE_SECRET =
  'Main Mode chooses a pre-shared key by addresses alone: peers whose address is not known before must share one (%any in ipsec.secrets), or come with certificates or aggressive=yes';

/** How many it takes for the policy to take this peer: infinitely many for one that takes anybody. */
const wildcardsFor = ({ remoteId }: Policy, peerId: Id): number | undefined =>
  remoteId ? remoteId.matches(peerId.key) : Number.POSITIVE_INFINITY;

/** As initiator: what is wrong with whom we have found. */
export function wrongPeer({ policy: { remoteId }, peer }: IsakmpSa, peerId: Id): Refusal | undefined {
  if (!remoteId || remoteId.matches(peerId.key) !== undefined) return undefined;
  return {
    wrong: `peer ID ${named(peerId)} is not the configured '${remoteId}'`,
    kind: 'unknown-identity',
    why: () => explainId('the peer', peerId, 'we', remoteId, peer.address),
  };
}
