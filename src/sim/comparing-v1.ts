/**
 * Two connections of IKEv1. What it has that IKEv2 has not is said in both files and must fit: one way of proof for both
 * ends, Aggressive Mode, XAUTH, Mode Config, the very same net at either end, and a group in the first Quick Mode.
 */
import { GROUPS, type Group } from '../ike/crypto/algorithms.ts';
import type { IkeSuite } from '../ike/crypto/keys.ts';
import type { Proposal } from '../ike/crypto/proposal.ts';
import { explainChildProposals } from '../ike/explain/children.ts';
import { explainProposals } from '../ike/explain/proposals.ts';
import { explainNets } from '../ike/explain/selectors.ts';
import { some } from '../ike/explain/words.ts';
import { faultText } from '../ike/fault.ts';
import { GROUP, OAKLEY_ENCR, OAKLEY_HASH } from '../ike/v1/crypto/oakley.ts';
import { suitesOf } from '../ike/v1/offers.ts';
import { netOf, ourGroup, wrongGroup } from '../ike/v1/quick-child.ts';
import { chooseQuick, offerQuick, passesNat } from '../ike/v1/quick-offers.ts';
import { offerChild, offerIke } from '../ike/v2/proposals.ts';
import { Selector } from '../net/selector.ts';
import { Subnet } from '../net/subnet.ts';
import { addresses, identities, modes, type Party } from './comparing-both.ts';
import { authV1, configV1, secretsV1, xauthV1 } from './comparing-v1-auth.ts';
import type { Disagreement, Rekey } from './report.ts';

export function disagreementsV1(asker: Party, asked: Party): readonly Disagreement[] {
  return [
    { about: 'version', lines: [...shutOut(asker), ...shutOut(asked)] },
    ...phaseOne(asker, asked),
    ...phaseTwo(asker, asked, commonSuite(asker, asked)),
  ];
}

/** Each rekey is a negotiation of its own, with the ends' parts changed if the other one asks. */
export function rekeyDisagreementV1(
  asker: Party,
  asked: Party,
  suite: IkeSuite | undefined,
  of: Rekey['of'],
): readonly string[] {
  const found = of === 'child' ? phaseTwo(asker, asked, suite) : phaseOne(asker, asked);
  return found.flatMap(({ lines }) => lines);
}

function phaseOne(asker: Party, asked: Party): readonly Disagreement[] {
  const wrongIds = identities(asker, asked);
  return [
    { about: 'address', lines: addresses(asker, asked) },
    { about: 'ike', lines: ikeProposals(asker, asked) },
    { about: 'aggressive', lines: aggressive(asker, asked) },
    { about: 'identity', lines: wrongIds },
    { about: 'auth', lines: authV1(asker, asked) },
    { about: 'secret', lines: wrongIds.length === 0 ? secretsV1(asker, asked) : [] },
    { about: 'xauth', lines: xauthV1(asker, asked) },
    { about: 'config', lines: configV1(asker, asked) },
  ];
}

function phaseTwo(asker: Party, asked: Party, suite: IkeSuite | undefined): readonly Disagreement[] {
  return [
    { about: 'selectors', lines: nets(asker, asked) },
    { about: 'mode', lines: modes(asker, asked) },
    { about: 'nat', lines: blocked(asker, asked) },
    { about: 'pfs', lines: pfs(asker, asked, suite) },
    { about: 'child', lines: [...alone(asker), ...alone(asked), ...childProposals(asker, asked, suite)] },
  ];
}

/** `ikev1-policy=`: such a daemon neither loads the connection nor answers. */
function shutOut({ name, ikev1Policy }: Party): readonly string[] {
  if (ikev1Policy === 'accept') return [];
  return [`${name} ${ikev1Policy}s IKEv1: config setup has ikev1-policy=${ikev1Policy}`];
}

function aggressive(asker: Party, asked: Party): readonly string[] {
  if (!asker.policy.v1?.aggressive || asked.policy.v1?.aggressive) return [];
  return [
    `${asker.name} begins with Aggressive Mode (aggressive=yes), and ${asked.name} does not answer it (aggressive=no)`,
  ];
}

// --- algorithms ----------------------------------------------------------------------------------------------

/** Aggressive Mode sends a key along, so that it has one group to offer. RFC 2409 §5.4. */
const onlyGroup = ({ policy }: Party): Group | undefined =>
  policy.v1?.aggressive ? suitesOf(policy.ike)[0]?.group : undefined;

function commonSuite(asker: Party, asked: Party, only = onlyGroup(asker)): IkeSuite | undefined {
  const accepted = suitesOf(asked.policy.ike);
  return suitesOf(asker.policy.ike).find(
    ({ encr, encrBits, prf, group }) =>
      (!only || only === group) &&
      accepted.some((o) => o.encr === encr && o.encrBits === encrBits && o.prf === prf && o.group === group),
  );
}

function ikeProposals(asker: Party, asked: Party): readonly string[] {
  if (commonSuite(asker, asked)) return [];
  const only = onlyGroup(asker);
  const offered = offerIke(sayable(asker.policy.ike, only), NONE);
  const accepted = offerIke(sayable(asked.policy.ike, undefined), NONE);
  const parties = { asker: asker.name, asked: asked.name };
  const lines = explainProposals('ike=', offered, accepted, parties, { PRF: 'the hash' });
  const isForMode = only !== undefined && commonSuite(asker, asked, undefined) !== undefined;
  return isForMode ? [...lines, `Aggressive Mode offers one group, the first of ike=: ${only.name}`] : lines;
}

const NONE = new Uint8Array();

/** What IKEv1 has numbers for; integrity is its hash's, which is the PRF's as well. */
const sayable = (proposals: readonly Proposal[], only: Group | undefined): readonly Proposal[] =>
  proposals
    .map((p) => ({
      ...p,
      encr: p.encr.filter(({ alg }) => OAKLEY_ENCR.number(alg) !== undefined),
      prf: p.prf.filter((row) => OAKLEY_HASH.number(row) !== undefined),
      dh: p.dh.filter((row) => GROUP.number(row) !== undefined && (!only || row === only)),
      ...{ integ: [], addke: [] },
    }))
    .filter(({ encr, prf, dh }) => encr.length > 0 && prf.length > 0 && dh.length > 0);

// --- Quick Mode ----------------------------------------------------------------------------------------------

/** IKEv1 has room for one net at each end, and no narrowing. As the end that is asked sees them. */
function nets(asker: Party, asked: Party): readonly string[] {
  const [own, holds] = [asker.policy.child, asked.policy.child];
  const isTransport = own.mode === 'transport';
  const said = {
    local: netOf(own.remote, { address: asked.seenAt }),
    remote: netOf(own.local, { address: asker.address }),
  };
  const wanted = isTransport
    ? { local: moved(said.local, asked), remote: seen(said.remote, asker) }
    : { local: said.local, remote: said.remote };
  const expected = {
    local: netOf(holds.local, { address: asked.address }),
    remote: netOf(holds.remote, { address: asker.seenAt }),
  };
  const { peerChooses, openPort } = holds;
  const isChosen =
    peerChooses !== undefined &&
    holds.remote.some((range) => range.contains(wanted.remote)) &&
    (!peerChooses.isHost || wanted.remote.start.equals(wanted.remote.end));
  const isLeased = (role: 'client' | 'server') =>
    asked.policy.cp?.role === role || (asker.policy.cp !== undefined && asker.policy.cp.role !== role);
  const settled = (side: 'local' | 'remote') => {
    // The client's net is what it is leased, the server's perhaps what it is told.
    if (isLeased(side === 'local' ? 'client' : 'server')) return expected[side];
    if (isLeased('server') && side === 'local' && isEverything(wanted.local)) return expected.local;
    if (side === 'remote' && isChosen) return expected.remote;
    const { start, end, protocol, startPort, endPort } = wanted[side];
    const { startPort: ourStart, endPort: ourEnd } = expected[side];
    return openPort === side
      ? new Selector(start, end, protocol, ourStart, ourEnd)
      : new Selector(start, end, protocol, startPort, endPort);
  };
  return explainNets({ local: settled('local'), remote: settled('remote') }, expected, {
    asker: asker.name,
    asked: asked.name,
  });
}

/** Behind a NAT each end names addresses as they are on its side. RFC 3947 §5.2. */
const seen = (net: Selector, { address, seenAt }: Party): Selector => (isHost(net, address) ? at(net, seenAt) : net);
const moved = (net: Selector, { address, seenAt }: Party): Selector => (isHost(net, seenAt) ? at(net, address) : net);
const isHost = ({ start, end }: Selector, address: Selector['start']) => start.equals(end) && start.equals(address);
const at = ({ protocol, startPort, endPort }: Selector, address: Selector['start']): Selector =>
  new Selector(address, address, protocol, startPort, endPort);

const isEverything = (net: Selector): boolean => net.equals(Selector.ofSubnet(Subnet.all(net.family)));

/** The group of PFS is part of the first Quick Mode already. RFC 2409 §5.5. */
function pfs(asker: Party, asked: Party, suite: IkeSuite | undefined): readonly string[] {
  // Of phase 1 alone the rules ask what was agreed on.
  const sa = { suite };
  if (!suite) return [];
  const group = ourGroup(sa, asker.policy);
  if (wrongGroup(sa, asked.policy, group) === undefined) return [];
  if (!group)
    return [
      `${asker.name} has pfs=no, ${asked.name} has pfs=yes: a group is part of the first Quick Mode, which ${asked.name} refuses without one`,
    ];
  const taken = GROUPS.filter((one) => wrongGroup(sa, asked.policy, one) === undefined).map(({ name }) => name);
  return [`${asker.name} asks for PFS with ${group.name}, and ${asked.name} takes ${some(taken, 8, '+')}`];
}

function alone({ name, policy }: Party): readonly string[] {
  return policy.v1?.isAlone ? [`${name} wants an ISAKMP SA alone, and no tunnel (phase2=none)`] : [];
}

/** AH covers the addresses that a NAT changes. */
function blocked(asker: Party, asked: Party): readonly string[] {
  const isNatted = [asker, asked].some(({ address, seenAt }) => !address.equals(seenAt));
  return isNatted && !passesNat(asker.policy.child)
    ? [`${asker.name} wants AH (phase2=), which passes no NAT, and there is one between`]
    : [];
}

function childProposals(asker: Party, asked: Party, suite: IkeSuite | undefined): readonly string[] {
  const [own, holds] = [asker.policy.child, asked.policy.child];
  const group = suite && ourGroup({ suite }, asker.policy);
  const terms = { group, nat: undefined };
  const offered = offerQuick(own, { ...SPIS, cpi: own.compress ? SPIS.cpi : undefined }, terms);
  if (offered.length === 0) return [`${asker.name} has nothing in esp= or ah= that IKEv1 can say`];
  // The mode is told of by itself.
  const chosen = chooseQuick({ ...holds, mode: own.mode }, offered, terms);
  if (!('kind' in chosen)) return [];
  if ((own.ah === undefined) !== (holds.ah === undefined)) {
    const [one, other] = own.ah ? [asker, asked] : [asked, asker];
    return [`${one.name} has AH around ESP (phase2=esp+ah), ${other.name} has not`];
  }
  const groups = group ? [group] : [];
  const lines = explainChildProposals(
    offerChild(own.proposals, 0, { esn: own.esn, groups }),
    holds,
    { groups, isGroupOptional: false },
    { asker: asker.name, asked: asked.name },
  );
  return lines.length > 0 ? lines : [`${asked.name} accepts nothing that ${asker.name} offers: ${faultText(chosen)}`];
}

/** Of no SA: only to be said. */
const SPIS = { main: 0x1000, ah: 0x1001, cpi: 0x1000 } as const;
