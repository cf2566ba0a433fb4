/** Why a Child SA was not granted, or the peer's answer not taken: the words of `explain/` for what `child-setup.ts` refuses. */
import { explainChild, explainChildProposals } from '../explain/children.ts';
import { explainAnswer } from '../explain/selectors.ts';
import { PEER_ASKS, WE_ASK } from '../explain/words.ts';
import type { Policy } from '../policy.ts';
import { find, NOTIFY, type Payload } from '../wire/index.ts';
import { pfsGroups } from './child-setup.ts';
import type { ChildOffer, IkeSa } from './ike-sa.ts';
import { hasNotify } from './turn.ts';

/** Connections that share an IKE SA, and are held against the request. */
const MOST_EXPLAINED = 4;

/** `policies`: those that the request might have meant; the explanation is of the one that misses least. */
export function whyNotGranted(
  sa: IkeSa,
  policies: readonly Policy[],
  payloads: readonly Payload[],
  withKe: boolean,
): readonly string[] {
  const proposals = find(payloads, 'SA')?.proposals;
  const local = find(payloads, 'TSr')?.selectors;
  const remote = find(payloads, 'TSi')?.selectors;
  if (!proposals || !local || !remote) return [];
  const mode = hasNotify(payloads, NOTIFY.USE_TRANSPORT_MODE) ? 'transport' : 'tunnel';
  const explained = policies.slice(0, MOST_EXPLAINED).map((policy) => {
    const groups = withKe ? pfsGroups(sa, policy, 'responder') : [];
    const terms = { groups, isGroupOptional: !policy.child.pfs };
    const lines = explainChild({ local, remote, proposals, mode }, policy.child, terms, PEER_ASKS);
    return policies.length > 1 ? lines.map((line) => `"${policy.name}": ${line}`) : lines;
  });
  return explained.filter((lines) => lines.length > 0).toSorted((a, b) => a.length - b.length)[0] ?? [];
}

/** `payloads`: an answer to `offer` that does not fit it. */
export function whyNotAccepted(policy: Policy, offer: ChildOffer, payloads: readonly Payload[]): readonly string[] {
  const answer = {
    local: find(payloads, 'TSi')?.selectors ?? [],
    remote: find(payloads, 'TSr')?.selectors ?? [],
  };
  const { child } = policy;
  const asked = offer.old ? { local: offer.old.selectorsLocal, remote: offer.old.selectorsRemote } : child;
  const isTransport = hasNotify(payloads, NOTIFY.USE_TRANSPORT_MODE);
  const modes =
    isTransport === (child.mode === 'transport')
      ? []
      : [`we asked for ${child.mode} mode and the peer answers ${isTransport ? 'transport' : 'tunnel'} mode`];
  const groups = offer.ke ? [offer.ke.group] : [];
  return [
    ...explainAnswer(answer, asked, child.narrowing, WE_ASK),
    ...modes,
    ...explainChildProposals(
      find(payloads, 'SA')?.proposals ?? [],
      child,
      { groups, isGroupOptional: false },
      PEER_ASKS,
    ),
  ];
}
