/** What every exchange that makes a Child SA shares: offering, choosing, keys, installing. RFC 7296 §1.3, §2.9, §2.17. */
import { Id } from '../../net/id.ts';
import type { Child } from '../child.ts';
import { GROUPS, type Group, groupById } from '../crypto/algorithms.ts';
import { type ChildSuite, keymatOctets, splitKeymat } from '../crypto/keys.ts';
import { joined } from '../crypto/misc.ts';
import { prfPlus } from '../crypto/prf.ts';
import { defaultProposals, type Proposal } from '../crypto/proposal.ts';
import type { Fault } from '../fault.ts';
import type { Policy } from '../policy.ts';
import { type Traffic, trafficText } from '../traffic.ts';
import { find, NOTIFY, type Payload, PROTOCOL, type Proposal as WireProposal } from '../wire/index.ts';
import { expected as expectedTraffic, wanted as wantedTraffic } from './cp.ts';
import { protocolOf } from './ending.ts';
import { groupsText } from './handshake.ts';
import type { ChildOffer, IkeSa } from './ike-sa.ts';
import { armChildLifetime } from './lifetimes.ts';
import { type ChosenChild, chooseChild, isFault, offerChild } from './proposals.ts';
import { accept, fitness, narrow, shareSelectors } from './selectors.ts';
import { allowedTo } from './siblings.ts';
import { hasNotify, notification, type Turn } from './turn.ts';

/** An SPI of the data plane for a Child SA of `policy`, or its refusal. */
export function reserveSpi(turn: Turn, policy: Policy): number | Fault {
  const { local, peer } = turn.sa;
  const spi = turn.env.childSpi({
    protocol: protocolOf(policy),
    local: local.address,
    peer: peer.address,
    reqid: policy.child.reqid,
  });
  return typeof spi === 'number' ? spi : { kind: 'local', what: 'kernel', why: spi };
}

/**
 * The groups of a CREATE_CHILD_SA: those that `esp=` names, else the IKE SA's own, as libreswan does. As
 * responder to a peer with defaults we take any of the default ones too, and with pfs=no as well: there is no
 * reason to refuse a peer that wants more secrecy than we asked for.
 */
export function pfsGroups(sa: Pick<IkeSa, 'suite'>, policy: Policy, as: 'initiator' | 'responder'): readonly Group[] {
  if (!policy.child.pfs && as === 'initiator') return [];
  const named = [...new Set(policy.child.proposals.flatMap((p) => p.dh))].filter((g) => g.id !== 0);
  if (named.length > 0) return named;
  const own = sa.suite ? [sa.suite.group] : [];
  return as === 'initiator' ? own : [...new Set([...own, ...DEFAULT_GROUPS])];
}

/**
 * Additional key exchanges where `esp=` names no group: those of the IKE SA, as far as the peer likes them too. As
 * responder any KEM that the peer wants, for the same reason.
 */
export function pfsAdditional(sa: Pick<IkeSa, 'suite'>, as: 'initiator' | 'responder'): Proposal['addke'] {
  const own = sa.suite?.additional?.map((group) => [group, NO_GROUP]);
  return own ?? (as === 'initiator' ? [] : ANY_KEM);
}

const NO_GROUP = groupById(0)!;
const ANY_KEM = [[...GROUPS.filter((group) => group.isKem), NO_GROUP]];

const DEFAULT_GROUPS: readonly Group[] = GROUPS.filter((g) => defaultProposals('ike', 2).some((p) => p.dh.includes(g)));

/** SA, TSi, TSr and what else describes the child that we ask for. */
export function offerPayloads(turn: Turn, offer: ChildOffer): Payload[] {
  const { policy } = offer;
  const groups = offer.ke
    ? [offer.ke.group, ...pfsGroups(turn.sa, policy, 'initiator').filter((g) => g !== offer.ke?.group)]
    : [];
  const wanted = askedTraffic(turn.sa, offer);
  return [
    ...(policy.child.mode === 'transport' ? [notification(NOTIFY.USE_TRANSPORT_MODE)] : []),
    {
      type: 'SA',
      critical: false,
      proposals: offerChild(offer.proposals, offer.spiIn, {
        esn: policy.child.esn,
        groups,
        addke: pfsAdditional(turn.sa, 'initiator'),
      }),
    },
    { type: 'TSi', critical: false, selectors: [...wanted.local] },
    { type: 'TSr', critical: false, selectors: [...wanted.remote] },
  ];
}

/** A rekey asks for what the old child has (RFC 7296 §2.8), not for what the policy would like. */
function askedTraffic(sa: IkeSa, offer: ChildOffer): Traffic {
  const { old, policy } = offer;
  return old ? { local: old.selectorsLocal, remote: old.selectorsRemote } : wantedTraffic(sa, policy);
}

/** What the peer's answer settles for a child that we asked for. */
export function acceptAnswer(
  turn: Turn,
  offer: ChildOffer,
  payloads: readonly Payload[],
): (ChosenChild & Traffic) | Fault {
  const { policy } = offer;
  const proposals = find(payloads, 'SA')!.proposals;
  const groups = offer.ke ? pfsGroups(turn.sa, policy, 'initiator') : [];
  const chosen = chooseChild(offer.proposals, proposals, {
    esn: policy.child.esn,
    groups,
    addke: pfsAdditional(turn.sa, 'initiator'),
  });
  if (isFault(chosen)) return chosen;
  if (proposals.length !== 1 || chosen.answer.transforms.length < proposals[0].transforms.length) {
    return { kind: 'misbehaved', rule: 'RFC 7296 §3.3: an answer has one proposal with one transform of each type' };
  }
  const traffic = { local: find(payloads, 'TSi')!.selectors, remote: find(payloads, 'TSr')!.selectors };
  const isNarrowing = policy.child.narrowing || policy.cp !== undefined;
  const expected = offer.old ? askedTraffic(turn.sa, offer) : expectedTraffic(turn.sa, policy);
  const refusal = accept({ narrowing: isNarrowing }, expected, traffic);
  if (refusal) return refusal;
  if (offer.ke && (chosen.suite.group !== offer.ke.group || find(payloads, 'KE')?.group !== offer.ke.group.id)) {
    return { kind: 'misbehaved', rule: 'RFC 7296 §1.3: the answer has a key of the group that was asked for' };
  }
  if ((policy.child.mode === 'transport') !== hasNotify(payloads, NOTIFY.USE_TRANSPORT_MODE)) {
    return { kind: 'incompatible', what: 'selectors', offered: 'the other mode', wanted: `${policy.child.mode} mode` };
  }
  return { ...chosen, ...traffic };
}

export interface Answer extends ChosenChild, Traffic {
  readonly policy: Policy;
  readonly mode: 'tunnel' | 'transport';
}

/**
 * What we grant a peer that asks for a child: of which connection, and how much of it. The one whose traffic fits best
 * is asked first; the others whose traffic fits may still have the algorithms, or the mode, that it has not.
 */
export function grant(
  sa: IkeSa,
  policies: readonly Policy[],
  payloads: readonly Payload[],
  withKe: boolean,
): Answer | Fault {
  const asked = { local: find(payloads, 'TSr')!.selectors, remote: find(payloads, 'TSi')!.selectors };
  // As a rule: nothing to choose from.
  if (policies.length === 1) return grantOf(sa, policies[0], asked, payloads, withKe);
  const ranked = policies.map((policy) => ({ policy, fits: fitness(allowedTo(sa, policy), asked) }));
  let refusal: Fault | undefined;
  for (const { policy, fits } of ranked.sort((a, b) => b.fits - a.fits)) {
    if (refusal && fits === 0) break;
    const answer = grantOf(sa, policy, asked, payloads, withKe);
    if (!isFault(answer)) return answer;
    refusal ??= answer;
  }
  return refusal ?? { kind: 'incompatible', what: 'selectors', offered: trafficText(asked), wanted: 'nothing' };
}

function grantOf(
  sa: IkeSa,
  policy: Policy,
  asked: Traffic,
  payloads: readonly Payload[],
  withKe: boolean,
): Answer | Fault {
  const { child } = policy;
  const traffic = narrow(allowedTo(sa, policy), asked);
  if (isFault(traffic)) return traffic;
  const chosen = chooseFor(sa, policy, find(payloads, 'SA')!.proposals, payloads, withKe);
  if (isFault(chosen)) return chosen;
  const mode = child.mode === 'transport' && hasNotify(payloads, NOTIFY.USE_TRANSPORT_MODE) ? 'transport' : 'tunnel';
  if (mode !== child.mode)
    return { kind: 'incompatible', what: 'proposal', offered: `${mode} mode`, wanted: `${child.mode} mode` };
  const { suite, spi, answer } = chosen;
  const { local, remote } = traffic;
  return { suite, spi, answer, local, remote, policy, mode };
}

function chooseFor(
  sa: IkeSa,
  policy: Policy,
  theirs: readonly WireProposal[],
  payloads: readonly Payload[],
  withKe: boolean,
) {
  const { proposals, esn, pfs } = policy.child;
  const groups = withKe ? pfsGroups(sa, policy, 'responder') : [];
  const terms = { esn, groups, isGroupOptional: !pfs, addke: pfsAdditional(sa, 'responder') };
  return chooseChild(proposals, theirs, terms, find(payloads, 'KE')?.group);
}

/** The answering payloads: the chosen proposal under our SPI, and the selectors. */
export function answerPayloads(answer: Answer, spiIn: Uint8Array): Payload[] {
  return [
    ...(answer.mode === 'transport' ? [notification(NOTIFY.USE_TRANSPORT_MODE)] : []),
    { type: 'SA', critical: false, proposals: [{ ...answer.answer, spi: spiIn }] },
    { type: 'TSi', critical: false, selectors: [...answer.remote] },
    { type: 'TSr', critical: false, selectors: [...answer.local] },
  ];
}

/** KEYMAT without a new exchange: prf+(SK_d, Ni | Nr). RFC 7296 §2.17. */
export function keymatOf(sa: IkeSa, suite: ChildSuite, ni: Uint8Array, nr: Uint8Array): Uint8Array {
  if (!sa.keys || !sa.suite) throw new Error(`#${sa.serial} has no keys`);
  return prfPlus(sa.suite.prf, sa.keys.skD, joined(ni, nr), keymatOctets(suite));
}

export interface NewChild extends Traffic {
  readonly serial: number;
  readonly policy: Policy;
  readonly suite: ChildSuite;
  readonly spiIn: number;
  readonly spiOut: number;
  readonly mode: 'tunnel' | 'transport';
  readonly keymat: Uint8Array;
  /** Who asked for it: its keys come first (RFC 7296 §2.17). */
  readonly initiator: boolean;
  readonly old?: Child;
}

/** Adds a child to the SA and has it installed. An answered rekey gets its outbound half later. */
export function install(turn: Turn, made: NewChild): Child {
  const { sa } = turn;
  const { serial, policy, suite, spiIn, spiOut, mode, old, initiator } = made;
  const { i2r, r2i } = splitKeymat(suite, made.keymat);
  const awaitsOutbound = old !== undefined && !initiator;
  const selectorsLocal = shareSelectors(made.local, policy.child.local);
  const selectorsRemote = shareSelectors(made.remote, policy.child.remote);
  const child: Child = {
    serial,
    policy,
    suite,
    spiIn,
    spiOut,
    mode,
    selectorsLocal,
    selectorsRemote,
    peerId: sa.peerId ?? Id.ofAddress(sa.peer.address),
    state: 'up',
    awaitsOutbound,
    replacedBy: undefined,
    grantedTo: initiator ? -1 : sa.expectedRequestId - 1,
    rekeyAt: 0,
    expireAt: 0,
  };
  // Concatenated: a list that was spread into keeps room for sixteen.
  sa.children = sa.children.concat(child);
  // Ready to receive before the peer hears that we are (RFC 7296 §2.8): ahead of an answer that is there already.
  const answer = turn.outs.findIndex((out) => out.t === 'send');
  turn.outs.splice(answer < 0 ? turn.outs.length : answer, 0, {
    t: 'install',
    halves: awaitsOutbound ? 'inbound' : 'both',
    child: {
      serial,
      policy,
      suite,
      mode,
      local: sa.local,
      peer: sa.peer,
      encapsulated: isEncapsulated(sa),
      spiIn,
      spiOut,
      selectorsLocal,
      selectorsRemote,
      keysIn: initiator ? r2i : i2r,
      keysOut: initiator ? i2r : r2i,
      peerId: child.peerId,
      replaces: old?.serial,
    },
  });
  armChildLifetime(turn, child, initiator);
  turn.say(establishedText(sa, child, initiator, old), { serial, event: old ? 'rekeyed' : 'established-child' });
  turn.outs.push({ t: 'childUp', serial, replaces: old?.serial });
  return child;
}

export const isEncapsulated = (sa: IkeSa): boolean => sa.weAreNatted || sa.peerIsNatted;

/** The D payload that names a child by our inbound SPI. RFC 7296 §3.11. */
export const wireProtocol = (child: { readonly suite: ChildSuite }): number =>
  child.suite.protocol === 'ah' ? PROTOCOL.AH : PROTOCOL.ESP;

function establishedText(sa: IkeSa, child: Child, initiator: boolean, old: Child | undefined): string {
  const who = initiator ? 'initiator' : 'responder';
  const how = old ? `rekeyed Child SA #${old.serial} using #${sa.serial}` : `established Child SA using #${sa.serial}`;
  const { suite, policy } = child;
  const traffic = trafficText({ local: child.selectorsLocal, remote: child.selectorsRemote });
  const encap = `${suite.protocol.toUpperCase()}${isEncapsulated(sa) ? 'inUDP' : ''}${suite.esn ? '/ESN' : ''}`;
  const cipher = suite.encr
    ? `${suite.encr.name}${suite.encrBits && !suite.encr.fixedKeyLength ? `_${suite.encrBits}` : ''}`
    : '';
  const xfrm = [cipher, suite.integ?.name ?? 'NONE'].filter(Boolean).join('-');
  const nat = sa.peerIsNatted ? ` NATD=${sa.peer}` : '';
  const dpd = policy.dpdDelay > 0 ? 'active' : 'passive';
  const pfs = suite.group ? `-${groupsText(suite)}` : '';
  return `${who} ${how}; IPsec ${child.mode} [${traffic}] {${encap}=>${hex(child.spiOut)} <${hex(child.spiIn)} xfrm=${xfrm}${pfs}${nat} DPD=${dpd}}`;
}

const hex = (spi: number) => `0x${spi.toString(16).padStart(8, '0')}`;
