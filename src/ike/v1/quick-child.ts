/** What both sides of Quick Mode share: groups, keys, installing. RFC 2409 §5.5, RFC 2407 §4.5. */
import { Id } from '../../net/id.ts';
import { Selector } from '../../net/selector.ts';
import type { Child } from '../child.ts';
import { GROUPS, type Group } from '../crypto/algorithms.ts';
import { joined, wipe } from '../crypto/misc.ts';
import type { ChildInstall } from '../effects.ts';
import type { Policy } from '../policy.ts';
import { trafficText } from '../traffic.ts';
import type { Channel } from './crypto/hashes.ts';
import { keymat } from './crypto/keys.ts';
import { GROUP } from './crypto/oakley.ts';
import { protocolOf } from './ending.ts';
import type { Conversation, IsakmpSa, Quick } from './isakmp-sa.ts';
import { armChild, retire } from './lasting.ts';
import { MOST_IPSEC_LIFE, readLife, shorter, USUAL_IPSEC_LIFE } from './lifetimes.ts';
import { childKeyOctets, protocolNumber, type QuickAgreement, type QuickTerms } from './quick-offers.ts';
import type { Turn } from './turn.ts';
import { decodeAttributes, IPSEC, NOTIFY, type Payload } from './wire/index.ts';

/** An SPI of the data plane for a child of `policy`, or the text of its refusal. */
export function reserveSpi({ sa, env }: Turn, policy: Policy): number | string {
  return env.childSpi({
    protocol: protocolOf(policy),
    local: sa.local.address,
    peer: sa.peer.address,
    reqid: policy.child.reqid,
  });
}

export function spiOctets(spi: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, spi);
  return octets;
}

export const termsOf = (sa: IsakmpSa, group: Group | undefined): QuickTerms => ({
  group,
  nat: sa.weAreNatted || sa.peerIsNatted ? sa.nat : undefined,
});

/** As initiator: the first that `esp=` names, else that of phase 1. */
export function ourGroup({ suite }: IsakmpSa, { child }: Policy): Group | undefined {
  if (!child.pfs) return undefined;
  return namedGroups(child)[0] ?? suite?.group;
}

/**
 * Why a group of the peer's will not do; undefined if it will. With `pfs=no` we take one all the same: there is no reason
 * to refuse a peer that wants more secrecy than we asked for.
 */
export function wrongGroup({ suite }: IsakmpSa, { child }: Policy, group: Group | undefined): string | undefined {
  if (!group) return child.pfs ? 'no KE, and pfs=yes' : undefined;
  const named = namedGroups(child);
  const isFit = named.length > 0 ? named.includes(group) : group === suite?.group || STRONG.includes(group);
  return isFit
    ? undefined
    : `${group.name}, and we want ${(named.length > 0 ? named : STRONG).map((g) => g.name).join('+')}`;
}

const namedGroups = ({ proposals }: Policy['child']): readonly Group[] =>
  [...new Set(proposals.flatMap((p) => p.dh))].filter((group) => GROUP.number(group) !== undefined);

const STRONG = GROUPS.filter((group) => !group.weak && GROUP.number(group) !== undefined);

/** What a policy has for a side: its first selector, or the end itself. IKEv1 has room for one. */
export const netOf = (selectors: readonly Selector[], end: { readonly address: Selector['start'] }): Selector =>
  selectors[0] ?? Selector.ofAddress(end.address);

/** What the hashes of Quick Mode and its likes are made by. */
export function channelOf({ suite, keys, serial }: IsakmpSa, { messageId }: Conversation): Channel {
  if (!suite || !keys) throw new Error(`#${serial} has no keys`);
  return { prf: suite.prf, skeyidA: keys.skeyidA, messageId };
}

/** The shorter of ours, what was offered, and what RESPONDER-LIFETIME says. */
export function lifetimeOf(policy: Policy, agreed: QuickAgreement, payloads: readonly Payload[]): number {
  const offered = agreed.life.seconds === undefined ? { seconds: USUAL_IPSEC_LIFE / 1000 } : agreed.life;
  const own = shorter(policy.child.lifetime, offered, MOST_IPSEC_LIFE);
  const notice = payloads.find((p) => p.type === 'N' && p.notify === NOTIFY.RESPONDER_LIFETIME);
  const attributes = notice?.type === 'N' ? decodeAttributes(notice.data) : undefined;
  const read = attributes && readLife(attributes, IPSEC);
  return !read || typeof read === 'string' ? own : shorter(own, read.life, MOST_IPSEC_LIFE);
}

/** Adds the child to the SA and has it installed; `shared` is used up. */
export function install(
  turn: Turn,
  quick: Quick,
  agreed: QuickAgreement,
  shared: Uint8Array | undefined,
  lifetime: number,
  halves: 'both' | 'inbound',
): Child {
  const { sa } = turn;
  const { suite, spi: spiOut } = agreed;
  const { policy, serial, spiIn, local, remote, old } = quick;
  const peerId = sa.peerId ?? Id.ofAddress(sa.peer.address);
  const about = { serial, policy, suite, spiIn, spiOut, mode: policy.child.mode, peerId };
  const nets = { selectorsLocal: local, selectorsRemote: remote };
  const child: Child = {
    ...{ ...about, ...nets, state: 'up', awaitsOutbound: halves === 'inbound', replacedBy: undefined },
    ...{ grantedTo: -1, rekeyAt: 0, expireAt: 0 },
  };
  sa.children = sa.children.concat(child);
  const made: ChildInstall = {
    ...about,
    ...nets,
    local: sa.local,
    peer: sa.peer,
    encapsulated: sa.weAreNatted || sa.peerIsNatted,
    keysIn: keysFor(sa, quick, agreed, spiIn, shared),
    keysOut: keysFor(sa, quick, agreed, spiOut, shared),
    replaces: old?.serial,
  };
  wipe(shared);
  turn.outs.push({ t: 'install', halves, child: made });
  armChild(turn, child, lifetime, quick.isInitiator);
  return child;
}

/** Both halves are there: whoever waits is told, and what it replaces is no more than a remainder. */
export function complete(turn: Turn, quick: Quick, child: Child): void {
  const { serial, old } = quick;
  turn.say(establishedText(turn.sa, child), { serial, event: old ? 'rekeyed' : 'established-child' });
  turn.outs.push({ t: 'childUp', serial, replaces: old?.serial });
  if (old && turn.sa.children.includes(old)) retire(turn, old, serial);
}

function keysFor(
  sa: IsakmpSa,
  { ni, nr }: Quick,
  { suite }: QuickAgreement,
  spi: number,
  shared: Uint8Array | undefined,
) {
  if (!sa.suite || !sa.keys) throw new Error(`#${sa.serial} has no keys`);
  const octets = childKeyOctets(suite);
  const inputs = { prf: sa.suite.prf, skeyidD: sa.keys.skeyidD, protocol: protocolNumber(suite), ni, nr, shared };
  const block = keymat({ ...inputs, spi: spiOctets(spi) }, octets.encr + octets.integ);
  return { encr: block.subarray(0, octets.encr), integ: block.subarray(octets.encr) };
}

/** libreswan's text. */
function establishedText(sa: IsakmpSa, { suite, mode, spiIn, spiOut, policy, ...child }: Child): string {
  const isNatted = sa.weAreNatted || sa.peerIsNatted;
  const cipher = suite.encr ? `${suite.encr.name}${suite.encrBits ? `_${suite.encrBits}` : ''}` : '';
  const xfrm = [cipher, suite.integ?.name ?? 'NONE'].filter(Boolean).join('-');
  const encap = `${suite.protocol.toUpperCase()}${isNatted ? 'inUDP' : ''}${suite.esn ? '/ESN' : ''}`;
  const traffic = trafficText({ local: child.selectorsLocal, remote: child.selectorsRemote });
  const dpd = policy.dpdDelay > 0 ? 'active' : 'passive';
  const nat = sa.peerIsNatted ? ` NATD=${sa.peer}` : '';
  const pfs = suite.group ? `-${suite.group.name}` : '';
  return `IPsec SA established ${mode} mode [${traffic}] {${encap}=>${hex(spiOut)} <${hex(spiIn)} xfrm=${xfrm}${pfs}${nat} DPD=${dpd}}`;
}

/** Both addresses before translation, for transport mode. RFC 3947 §5.2. */
export function originals(sa: IsakmpSa, { child }: Policy): Payload[] {
  if (child.mode !== 'transport' || !sa.nat || !(sa.weAreNatted || sa.peerIsNatted)) return [];
  const type = sa.nat === 'rfc' ? 'NAT_OA' : 'NAT_OA_DRAFT';
  const [initiator, responder] = sa.role === 'initiator' ? [sa.local, sa.peer] : [sa.peer, sa.local];
  return [initiator, responder].map(({ address }) => {
    const { type: idType, data } = Id.ofAddress(address);
    return { type, idType, data };
  });
}

export const withHash = (hash: Uint8Array, rest: readonly Payload[]): Payload[] => [
  { type: 'HASH', data: hash },
  ...rest,
];

/** Ni | Nr stay with the exchange until it is over: octets of their own. */
export const own = (octets: Uint8Array): Uint8Array => joined(octets);

const hex = (spi: number) => `0x${spi.toString(16).padStart(8, '0')}`;
