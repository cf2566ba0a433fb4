/** Why a request for a Child SA is not granted. RFC 7296 §1.3.1, §1.3.2, §2.9. */
import type { Group } from '../crypto/algorithms.ts';
import type { ChildPolicy } from '../policy.ts';
import { offerChild } from '../v2/proposals.ts';
import type { Proposal } from '../wire/index.ts';
import { explainProposals, nearest } from './proposals.ts';
import { explainSelectors } from './selectors.ts';
import { has, type Parties, says } from './words.ts';

export interface ChildRequest {
  /** As seen from the end that is asked. */
  readonly local: ChildPolicy['local'];
  readonly remote: ChildPolicy['remote'];
  readonly proposals: readonly Proposal[];
  readonly mode: 'tunnel' | 'transport';
}

/** `groups`: those that the asked would take; `isGroupOptional`: none will do too. */
export function explainChild(
  request: ChildRequest,
  policy: ChildPolicy,
  terms: { readonly groups: readonly Group[]; readonly isGroupOptional: boolean },
  parties: Parties,
): readonly string[] {
  const { asker, asked } = parties;
  const modes =
    request.mode === policy.mode
      ? []
      : [`${says(asker, 'ask')} for ${request.mode} mode, ${has(asked)} type=${policy.mode}`];
  return [
    ...explainSelectors(request, policy, parties),
    ...modes,
    ...explainChildProposals(request.proposals, policy, terms, parties),
  ];
}

/** Nothing when they meet. */
export function explainChildProposals(
  offered: readonly Proposal[],
  { proposals, esn }: Pick<ChildPolicy, 'proposals' | 'esn'>,
  { groups, isGroupOptional }: { readonly groups: readonly Group[]; readonly isGroupOptional: boolean },
  parties: Parties,
): readonly string[] {
  const accepted = offerChild(proposals, 0, { esn, groups });
  const orWithout = isGroupOptional && groups.length > 0 ? offerChild(proposals, 0, { esn, groups: [] }) : [];
  const all = [...accepted, ...orWithout];
  if (nearest(offered, all)?.partings.length === 0) return [];
  return explainProposals(proposals[0]?.protocol === 'ah' ? 'ah=' : 'esp=', offered, all, parties);
}
