/** Two connections of IKEv2. */
import type { Group } from '../ike/crypto/algorithms.ts';
import { explainChildProposals } from '../ike/explain/children.ts';
import { explainProposals, nearest } from '../ike/explain/proposals.ts';
import { explainAnswer, explainSelectors } from '../ike/explain/selectors.ts';
import { pfsGroups } from '../ike/v2/child-setup.ts';
import type { IkeSa } from '../ike/v2/ike-sa.ts';
import { isFault, offerChild, offerIke } from '../ike/v2/proposals.ts';
import { narrow } from '../ike/v2/selectors.ts';
import { Id } from '../net/id.ts';
import { authDisagreements, needsSecret, ppkDisagreements } from './comparing-auth.ts';
import { addresses, identities, lacks, modes, otherSecrets, type Party } from './comparing-both.ts';
import type { Disagreement } from './report.ts';

export function disagreementsV2(asker: Party, asked: Party): readonly Disagreement[] {
  const wrongIds = identities(asker, asked);
  const hasSecrets = wrongIds.length === 0 && needsSecret(asker, asked);
  return [
    { about: 'address', lines: addresses(asker, asked) },
    { about: 'ike', lines: ikeProposals(asker, asked) },
    { about: 'identity', lines: wrongIds },
    // Secrets are found by identity: which ones it would be is known when those are right.
    { about: 'auth', lines: authDisagreements(asker, asked) },
    { about: 'secret', lines: hasSecrets ? secrets(asker, asked) : [] },
    { about: 'ppk', lines: ppkDisagreements(asker, asked) },
    { about: 'selectors', lines: selectors(asker, asked) },
    { about: 'mode', lines: modes(asker, asked) },
    { about: 'child', lines: childProposals(asker, asked, { groups: [], isGroupOptional: false }, []) },
  ];
}

/** PFS has its say only when a Child SA is rekeyed. */
export function rekeyDisagreementV2(asker: Party, asked: Party, ike: Pick<IkeSa, 'suite'>): readonly string[] {
  const offered = pfsGroups(ike, asker.policy, 'initiator');
  const accepted = pfsGroups(ike, asked.policy, 'responder');
  const lines = childProposals(asker, asked, { groups: accepted, isGroupOptional: !asked.policy.child.pfs }, offered);
  if (lines.length === 0) return [];
  const pfs = ({ name, policy }: Party) => `${name} has pfs=${policy.child.pfs ? 'yes' : 'no'}`;
  return [
    `${pfs(asker)}, ${pfs(asked)}: groups are negotiated only when a Child SA is rekeyed, IKE_AUTH has none`,
    ...lines,
  ];
}

function ikeProposals(asker: Party, asked: Party): readonly string[] {
  const offered = offerIke(asker.policy.ike, new Uint8Array());
  const accepted = offerIke(asked.policy.ike, new Uint8Array());
  if (nearest(offered, accepted)?.partings.length === 0) return [];
  return explainProposals('ike=', offered, accepted, { asker: asker.name, asked: asked.name });
}

function secrets(asker: Party, asked: Party): readonly string[] {
  const [ofAsker, ofAsked] = [asker.policy.localId, asked.policy.localId];
  const mine = asker.secret(asker.policy.remoteId ?? Id.ofAddress(asked.seenAt));
  const theirs = asked.secret(ofAsker);
  const missing = [
    ...(mine ? [] : [lacks(asker.name, ofAsker, asker.policy.remoteId ?? ofAsked)]),
    ...(theirs ? [] : [lacks(asked.name, ofAsked, ofAsker)]),
  ];
  if (!mine || !theirs) return missing;
  if (Buffer.compare(mine, theirs) === 0) return [];
  return [otherSecrets(ofAsker, ofAsked)];
}

function selectors(asker: Party, asked: Party): readonly string[] {
  const own = asker.policy.child;
  const holds = asked.policy.child;
  const names = { asker: asker.name, asked: asked.name };
  // A template takes whatever its peer's own address is.
  const remote = holds.remote.length > 0 ? holds.remote : own.local;
  const wanted = { local: own.remote, remote: own.local };
  const refused = explainSelectors(wanted, { ...holds, remote }, names);
  if (refused.length > 0) return refused;
  const given = narrow({ ...holds, remote }, wanted);
  if (isFault(given)) return [];
  return explainAnswer({ local: given.remote, remote: given.local }, own, own.narrowing, names);
}

function childProposals(
  asker: Party,
  asked: Party,
  terms: Parameters<typeof explainChildProposals>[2],
  offeredGroups: readonly Group[],
): readonly string[] {
  const { proposals, esn } = asker.policy.child;
  const offered = offerChild(proposals, 0, { esn, groups: offeredGroups });
  return explainChildProposals(offered, asked.policy.child, terms, { asker: asker.name, asked: asked.name });
}
