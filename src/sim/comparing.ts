/**
 * Where two configurations disagree, all of it at once, in the order in which a negotiation would meet it: who mends
 * the first does not want to learn of the second a minute later. The negotiation itself decides whether there is
 * anything to look for; this says what.
 */
import { explainChildProposals } from '../ike/explain/children.ts';
import { explainId } from '../ike/explain/identities.ts';
import { explainProposals, nearest } from '../ike/explain/proposals.ts';
import { explainAnswer, explainSelectors } from '../ike/explain/selectors.ts';
import { pfsGroups } from '../ike/v2/child-setup.ts';
import type { IkeSa } from '../ike/v2/ike-sa.ts';
import { isFault, offerChild, offerIke } from '../ike/v2/proposals.ts';
import { narrow } from '../ike/v2/selectors.ts';
import type { Address } from '../net/address.ts';
import { Id } from '../net/id.ts';
import { authDisagreements, needsSecret, type Prover, ppkDisagreements } from './comparing-auth.ts';
import type { Disagreement, Name } from './report.ts';

/** One end as it is, and as the other finds it. */
export interface Party extends Prover {
  readonly address: Address;
  /** Its address as the other end sees it: another one behind a NAT. */
  readonly seenAt: Address;
  /** Where it listens. */
  readonly ports: readonly number[];
}

export function disagreements(asker: Party, asked: Party): readonly Disagreement[] {
  const identities = [...identity(asker, asked), ...identity(asked, asker)];
  const hasSecrets = identities.length === 0 && needsSecret(asker, asked);
  const found: readonly Disagreement[] = [
    { about: 'address', lines: addresses(asker, asked) },
    { about: 'ike', lines: ikeProposals(asker, asked) },
    { about: 'identity', lines: identities },
    // Secrets are found by identity: which ones it would be is known when those are right.
    { about: 'auth', lines: authDisagreements(asker, asked) },
    { about: 'secret', lines: hasSecrets ? secrets(asker, asked) : [] },
    { about: 'ppk', lines: ppkDisagreements(asker, asked) },
    { about: 'selectors', lines: selectors(asker, asked) },
    { about: 'mode', lines: modes(asker, asked) },
    { about: 'child', lines: childProposals(asker, asked, { groups: [], isGroupOptional: false }, []) },
  ];
  return found.filter(({ lines }) => lines.length > 0);
}

/** Why a rekey of the Child SA would fail that its first negotiation survives: PFS has its say only then. */
export function rekeyDisagreement(asker: Party, asked: Party, ike: Pick<IkeSa, 'suite'>): readonly string[] {
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

/** Of `a` and `b`, both times as each names the other. */
function addresses(asker: Party, asked: Party): readonly string[] {
  return [
    [asker, asked],
    [asked, asker],
  ].flatMap(([one, other]) => {
    const { remoteHost, remotePort } = one.policy;
    const wrong =
      remoteHost && !remoteHost.equals(other.seenAt)
        ? [
            `${one.name} looks for ${other.name} at ${remoteHost}, and it is at ${other.seenAt}; if that is a NAT, say --nat`,
          ]
        : [];
    return remoteHost && !other.ports.includes(remotePort)
      ? [...wrong, `${one.name} sends to port ${remotePort}, and ${other.name} listens on ${other.ports.join(', ')}`]
      : wrong;
  });
}

function ikeProposals(asker: Party, asked: Party): readonly string[] {
  const offered = offerIke(asker.policy.ike, new Uint8Array());
  const accepted = offerIke(asked.policy.ike, new Uint8Array());
  if (nearest(offered, accepted)?.partings.length === 0) return [];
  return explainProposals('ike=', offered, accepted, { asker: asker.name, asked: asked.name });
}

function identity(of: Party, looker: Party): readonly string[] {
  const expected = looker.policy.remoteId;
  if (!expected || expected.matches(of.policy.localId.key) !== undefined) return [];
  return explainId(of.name, of.policy.localId, looker.name, expected, of.address);
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
  return [`the secrets of A and B for '${ofAsker}' and '${ofAsked}' are not the same`];
}

const lacks = (who: Name, own: Id, other: Id) =>
  `${who} has no secret for '${own}' and '${other}': its ipsec.secrets would need a line ${own} ${other} : PSK`;

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

function modes(asker: Party, asked: Party): readonly string[] {
  const [own, other] = [asker.policy.child.mode, asked.policy.child.mode];
  return own === other ? [] : [`${asker.name} has type=${own}, ${asked.name} has type=${other}`];
}

function childProposals(
  asker: Party,
  asked: Party,
  terms: Parameters<typeof explainChildProposals>[2],
  offeredGroups: ReturnType<typeof pfsGroups>,
): readonly string[] {
  const { proposals, esn } = asker.policy.child;
  const offered = offerChild(proposals, 0, { esn, groups: offeredGroups });
  return explainChildProposals(offered, asked.policy.child, terms, { asker: asker.name, asked: asked.name });
}
