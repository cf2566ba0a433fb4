/**
 * Which connection a peer belongs to that proves who it is. RFC 7296 §2.15 and libreswan's refinement: of those for its
 * address, by its identity and the one that it wants of us, then by how it proves itself and what we have to prove
 * ourselves with; templates by the traffic asked for.
 */
import type { Id } from '../../net/id.ts';
import { offeredKeyBits } from '../crypto/algorithms.ts';
import type { IkeSuite } from '../crypto/keys.ts';
import { explainNobody } from '../explain/identities.ts';
import type { Policy } from '../policy.ts';
import { named, plain, type Refusal } from '../refusal.ts';
import type { Traffic } from '../traffic.ts';
import { type Claim, notAllowed } from './auth-claim.ts';
import { noSecret, type OurProof, ourProof, secretFor } from './auth-prove.ts';
import { ourIdOf } from './auth-talk.ts';
import { fitness } from './selectors.ts';
import type { Turn } from './turn.ts';

export interface Stranger {
  readonly peerId: Id;
  /** Whom it wants to meet. */
  readonly wanted: Id | undefined;
  readonly claim: Claim;
  readonly asked: Traffic;
  /** It will prove itself once more. RFC 4739. */
  readonly moreFollows: boolean;
  /** It does not mind being shown no more than EAP. RFC 5998. */
  readonly eapOnly: boolean;
}

export interface Choice {
  readonly policy: Policy;
  readonly proof: OurProof;
  /** What else could have been meant. */
  readonly others: readonly Policy[];
}

/** Connections that are held against the request of a peer that has yet to prove who it is: it gets so much of our time. */
const MOST_RIVALS = 16;

export function choose(turn: Turn, pool: readonly Policy[], stranger: Stranger): Choice | Refusal {
  let others = pool;
  let first: Refusal | undefined;
  for (let i = 0; i < MOST_RIVALS; i++) {
    const policy = bestFor(others, stranger);
    if (!policy) break;
    const proof = usable(turn, policy, stranger);
    if (!('wrong' in proof))
      return { policy, proof, others: i === 0 && pool.length === 1 ? [] : others.filter((p) => p !== policy) };
    first ??= proof;
    others = others.filter((p) => p !== policy);
  }
  return first ?? nobody(turn, stranger);
}

/** Those that IKE_SA_INIT has agreed for, in the directory's order. */
export const poolFor = ({ sa, env }: Turn, peerId: Id): readonly Policy[] =>
  env.directory.candidates(sa.local.address, sa.peer.address, peerId).filter((p) => suits(p, sa.suite!));

function usable(turn: Turn, policy: Policy, { claim, peerId, moreFollows, eapOnly }: Stranger): OurProof | Refusal {
  const refused = notAllowed(policy, 0, claim) ?? otherRounds(policy, claim, moreFollows);
  if (refused) return refused;
  const ourId = ourIdOf(policy, 0);
  if (claim.t === 'secret' && !secretFor(turn, ourId, peerId)) return noSecret(ourId, peerId);
  const like = claim.t === 'signature' ? claim.scheme : undefined;
  return ourProof(turn, policy, 0, { peerId, eapOnly, like, forEap: claim.t === 'eap' });
}

function otherRounds({ theirs }: Policy, claim: Claim, moreFollows: boolean): Refusal | undefined {
  if (moreFollows && theirs.length === 1)
    return plain('peer wants to prove itself more than once, which we do not ask for', 'protocol');
  // With EAP it is said when that is over.
  return !moreFollows && theirs.length > 1 && claim.t !== 'eap'
    ? plain(tooFew(1, theirs.length), 'protocol')
    : undefined;
}

/** RFC 4739 §2: the peer is done before we are. */
export const tooFew = (proofs: number, wanted: number): string =>
  `peer has given ${proofs} proof${proofs === 1 ? '' : 's'} of who it is, we want ${wanted}`;

function nobody(turn: Turn, stranger: Stranger): Refusal {
  const { peerId, wanted } = stranger;
  return {
    wrong: `no connection for peer ID ${named(peerId)}${wanted ? ` that is '${wanted}' here` : ''}`,
    kind: 'unknown-identity',
    why: () => whyNobody(turn, peerId, wanted),
  };
}

/** The peer is none of those that may be at its address, or is one whose connection wants other algorithms. */
function whyNobody({ sa, env }: Turn, peerId: Id, wanted: Id | undefined): readonly string[] {
  const meant = env.directory.candidates(sa.local.address, sa.peer.address, peerId);
  const [peerKey, ourKey] = [peerId.key, wanted?.key];
  const unsuited = meant.find((p) => (!ourKey || p.localId.key === ourKey) && wildcards(p, peerKey) !== undefined);
  if (unsuited && !suits(unsuited, sa.suite!))
    return [`"${unsuited.name}" is for '${peerId}', but its ike= does not have what was agreed for this address`];
  return explainNobody(env.directory.candidates(sa.local.address, sa.peer.address), peerId, wanted);
}

/**
 * Identities decide; a policy that names the peer beats one with wildcards, and that one which takes anybody. Of templates the traffic decides too:
 * the one that is taken makes an instance, and the others will not be asked any more.
 */
function bestFor(candidates: readonly Policy[], { peerId, wanted, asked }: Stranger): Policy | undefined {
  let fits: Policy[] = [];
  let least = Number.POSITIVE_INFINITY;
  // Once each: a peer may have made them as long as a message.
  const [peerKey, ourKey] = [peerId.key, wanted?.key];
  for (const policy of candidates) {
    const count = !ourKey || policy.localId.key === ourKey ? wildcards(policy, peerKey) : undefined;
    if (count === undefined || count > least) continue;
    if (count < least) fits = [];
    least = count;
    fits.push(policy);
  }
  const [best] = fits;
  if (!best || best.remoteHost || fits.length === 1) return best;
  const rivals = fits.filter((p) => !p.remoteHost).slice(0, MOST_RIVALS);
  // Without a subnet of its own a template takes the peer itself.
  const rank = ({ child }: Policy) =>
    fitness(child.remote.length > 0 ? child : { ...child, remote: asked.remote }, asked);
  return rivals.reduce((a, b) => (rank(b) > rank(a) ? b : a));
}

/** How many it takes for the policy to take this peer: infinitely many for one that takes anybody. */
export const wildcards = ({ remoteId }: Policy, peerKey: string): number | undefined =>
  remoteId ? remoteId.matches(peerKey) : Number.POSITIVE_INFINITY;

/** IKE_SA_INIT was agreed for whoever might be at that address; the one it turned out to be must allow it too. */
export function suits(policy: Policy, suite: IkeSuite): boolean {
  return policy.ike.some(
    (p) =>
      p.encr.some(
        (e) =>
          e.alg === suite.encr &&
          (suite.encr.fixedKeyLength ||
            e.bits === suite.encrBits ||
            offeredKeyBits(e.alg, e.bits).includes(suite.encrBits)),
      ) &&
      p.prf.includes(suite.prf) &&
      (suite.encr.isAead || (suite.integ !== undefined && p.integ.includes(suite.integ))) &&
      p.dh.includes(suite.group) &&
      (suite.additional ?? []).every((group) => p.addke.some((groups) => groups.includes(group))) &&
      p.addke.filter((groups) => groups.length > 0 && groups.every((group) => group.id !== 0)).length <=
        (suite.additional?.length ?? 0),
  );
}
