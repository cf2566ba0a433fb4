/** What both sides of Quick Mode share: groups, keys, installing. RFC 2409 §5.5, RFC 2407 §4.5. */
import { Address } from '../../net/address.ts';
import { ID_TYPES, Id } from '../../net/id.ts';
import { Selector } from '../../net/selector.ts';
import type { Child } from '../child.ts';
import { GROUPS, type Group } from '../crypto/algorithms.ts';
import { joined, wipe } from '../crypto/misc.ts';
import type { ChildInstall } from '../effects.ts';
import type { Policy } from '../policy.ts';
import { trafficText } from '../traffic.ts';
import { type Channel, idOctets } from './crypto/hashes.ts';
import { keymat } from './crypto/keys.ts';
import { GROUP } from './crypto/oakley.ts';
import type { Conversation, IsakmpSa, Quick } from './isakmp-sa.ts';
import { armChild, isAlike, retire, shortenReplaced } from './lasting.ts';
import { lessBytes, MOST_IPSEC_LIFE, noticeIn, shorter, USUAL_IPSEC_LIFE } from './lifetimes.ts';
import { childKeyOctets, protocolNumber, type QuickAgreement } from './quick-offers.ts';
import { releaseCpi } from './quick-spis.ts';
import { PROTOCOLS, type QuickTerms } from './quick-transforms.ts';
import type { Turn } from './turn.ts';
import { all, IPSEC, type Payload } from './wire/index.ts';

export const spiOctets: (spi: number) => Uint8Array = idOctets;

export const termsOf = (sa: IsakmpSa, group: Group | undefined): QuickTerms => ({
  group,
  nat: sa.isNatted ? sa.nat : undefined,
});

/** As initiator: the first that `esp=` names, else that of phase 1. */
export function ourGroup({ suite }: HasGroup, { child }: Policy): Group | undefined {
  if (!child.pfs) return undefined;
  return namedGroups(child)[0] ?? suite?.group;
}

/** Of phase 1. */
interface HasGroup {
  readonly suite: { readonly group: Group } | undefined;
}

/**
 * Why a group of the peer's will not do; undefined if it will. With `pfs=no` we take one all the same: there is no reason
 * to refuse a peer that wants more secrecy than we asked for.
 */
export function wrongGroup({ suite }: HasGroup, { child }: Policy, group: Group | undefined): string | undefined {
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

/** How long a child lasts, ms and octets. */
export interface Lasting {
  readonly ms: number;
  readonly bytes: number | undefined;
}

/** The shorter of ours, what was offered, and what RESPONDER-LIFETIME says. */
export function lifetimeOf({ child }: Policy, { life }: QuickAgreement, payloads: readonly Payload[]): Lasting {
  const offered = life.seconds === undefined ? { seconds: USUAL_IPSEC_LIFE / 1000 } : life;
  const ms = shorter(child.lifetime, offered, MOST_IPSEC_LIFE);
  const bytes = lessBytes(child.maxBytes, life);
  const notice = noticeIn(payloads, IPSEC);
  return notice ? { ms: shorter(ms, notice, MOST_IPSEC_LIFE), bytes: lessBytes(bytes, notice) } : { ms, bytes };
}

/** Adds the child to the SA and has it installed; `shared` is used up. */
export function install(
  turn: Turn,
  quick: Quick,
  agreed: QuickAgreement,
  shared: Uint8Array | undefined,
  lasting: Lasting,
  payloads: readonly Payload[],
  halves: 'both' | 'inbound',
): Child {
  const { sa } = turn;
  const { suite, spis: out } = agreed;
  const { policy, serial, local, remote, old } = quick;
  if (out.cpi === undefined) {
    releaseCpi(turn, quick.spis.cpi);
    quick.spis = { ...quick.spis, cpi: undefined };
  }
  const { main, ah, cpi } = quick.spis;
  const peerId = sa.peerId ?? Id.ofAddress(sa.peer.address);
  const { mode } = policy.child;
  const ipcomp = cpi !== undefined && out.cpi !== undefined ? { cpiIn: cpi, cpiOut: out.cpi } : undefined;
  const around = ah !== undefined && out.ah !== undefined ? { spiIn: ah, spiOut: out.ah } : undefined;
  const plain: Child = {
    serial,
    policy,
    suite,
    spiIn: main,
    spiOut: out.main,
    mode,
    peerId,
    selectorsLocal: local,
    selectorsRemote: remote,
    state: 'up',
    awaitsOutbound: halves === 'inbound',
    replacedBy: undefined,
    grantedTo: quick.isInitiator ? -1 : 0,
    rekeyAt: 0,
    expireAt: 0,
  };
  // Hardly any is a bundle, and an object that is spread together costs several times as much.
  const child = ipcomp || around ? { ...plain, ...(ipcomp && { ipcomp }), ...(around && { ah: around }) } : plain;
  sa.children = sa.children.concat(child);
  const made: ChildInstall = {
    serial,
    policy,
    suite,
    spiIn: main,
    spiOut: out.main,
    mode,
    peerId,
    selectorsLocal: local,
    selectorsRemote: remote,
    local: sa.local,
    peer: sa.peer,
    encapsulated: sa.isNatted,
    keysIn: keysFor(sa, quick, agreed, main, shared),
    keysOut: keysFor(sa, quick, agreed, out.main, shared),
    replaces: old?.serial,
  };
  const isLess = lasting.bytes !== undefined && lasting.bytes !== policy.child.maxBytes;
  const isPlain = child === plain && !isLess && mode === 'tunnel';
  const further: Partial<ChildInstall> = isPlain
    ? NOTHING_ELSE
    : {
        ...(ipcomp && { ipcomp }),
        ...(around && {
          ah: {
            ...around,
            keyIn: ahKeyFor(sa, quick, agreed, around.spiIn, shared),
            keyOut: ahKeyFor(sa, quick, agreed, around.spiOut, shared),
          },
        }),
        ...(isLess && { maxBytes: lasting.bytes }),
        ...originalOf(sa, quick, payloads),
      };
  wipe(shared);
  turn.outs.push({ t: 'install', halves, child: further === NOTHING_ELSE ? made : { ...made, ...further } });
  armChild(turn, child, lasting.ms, quick.isInitiator);
  return child;
}

const NOTHING_ELSE: Partial<ChildInstall> = Object.freeze({});

/**
 * Both halves are there: whoever waits is told, and what is older is no more than a remainder. When both ends have asked
 * at the same time, that may be this one.
 */
export function complete(turn: Turn, quick: Quick, child: Child): void {
  const { serial, old } = quick;
  turn.say(establishedText(turn.sa, child), { serial, event: old ? 'rekeyed' : 'established-child' });
  turn.outs.push({ t: 'childUp', serial, replaces: old?.serial });
  const alike = turn.sa.children.filter((c) => c.state !== 'replaced' && !c.awaitsOutbound && isAlike(c, child));
  const newest = Math.max(...alike.map((c) => c.serial));
  for (const c of alike) if (c.serial < newest) retire(turn, c, newest);
  if (old && turn.sa.children.includes(old)) shortenReplaced(turn, old);
}

type Shared = Uint8Array | undefined;

function keysFor(sa: IsakmpSa, quick: Quick, { suite }: QuickAgreement, spi: number, shared: Shared) {
  const octets = childKeyOctets(suite);
  const block = keysOf(sa, quick, protocolNumber(suite), spi, octets.encr + octets.integ, shared);
  return { encr: block.subarray(0, octets.encr), integ: block.subarray(octets.encr) };
}

const ahKeyFor = (sa: IsakmpSa, quick: Quick, { suite }: QuickAgreement, spi: number, shared: Shared): Uint8Array =>
  keysOf(sa, quick, PROTOCOLS.ah, spi, suite.ah?.keyOctets ?? 0, shared);

function keysOf(sa: IsakmpSa, { ni, nr }: Quick, protocol: number, spi: number, octets: number, shared: Shared) {
  if (!sa.suite || !sa.keys) throw new Error(`#${sa.serial} has no keys`);
  const { prf } = sa.suite;
  return keymat({ prf, skeyidD: sa.keys.skeyidD, protocol, spi: spiOctets(spi), ni, nr, shared }, octets);
}

/** libreswan's text. */
function establishedText(sa: IsakmpSa, { suite, mode, spiIn, spiOut, policy, ah, ipcomp, ...child }: Child): string {
  const cipher = suite.encr ? `${suite.encr.name}${suite.encrBits ? `_${suite.encrBits}` : ''}` : '';
  const xfrm = [cipher, suite.integ?.name ?? 'NONE'].filter(Boolean).join('-');
  const encap = `${suite.protocol.toUpperCase()}${sa.isNatted ? 'inUDP' : ''}${suite.esn ? '/ESN' : ''}`;
  const traffic = trafficText({ local: child.selectorsLocal, remote: child.selectorsRemote });
  const dpd = policy.dpdDelay > 0 ? 'active' : 'passive';
  const nat = sa.peerIsNatted ? ` NATD=${sa.peer}` : '';
  const pfs = suite.group ? `-${suite.group.name}` : '';
  const around = ah ? ` AH=>${hex(ah.spiOut)} <${hex(ah.spiIn)} xfrm=${suite.ah?.name}` : '';
  const within = ipcomp ? ` IPCOMP=>${hex(ipcomp.cpiOut)} <${hex(ipcomp.cpiIn)}` : '';
  const spis = `${encap}=>${hex(spiOut)} <${hex(spiIn)} xfrm=${xfrm}${pfs}${around}${within}`;
  return `IPsec SA established ${mode} mode [${traffic}] {${spis}${nat} DPD=${dpd}}`;
}

/** Both addresses before translation, as far as we see them, for transport mode. RFC 3947 §5.2. */
export function originals(
  sa: IsakmpSa,
  { policy: { child }, isInitiator }: Pick<Quick, 'policy' | 'isInitiator'>,
): Payload[] {
  if (child.mode !== 'transport' || !sa.nat || !sa.isNatted) return [];
  const type = sa.nat === 'rfc' ? 'NAT_OA' : 'NAT_OA_DRAFT';
  const [initiator, responder] = isInitiator ? [sa.local, sa.peer] : [sa.peer, sa.local];
  return [initiator, responder].map(({ address }) => {
    const { type: idType, data } = Id.ofAddress(address);
    return { type, idType, data };
  });
}

/** What the peer has for its own address: its place among the two, or the only one. */
function originalOf(
  sa: IsakmpSa,
  { policy: { child }, isInitiator }: Quick,
  payloads: readonly Payload[],
): Pick<ChildInstall, 'peerOriginal'> {
  if (child.mode !== 'transport' || !sa.peerIsNatted) return {};
  const told = [...all(payloads, 'NAT_OA'), ...all(payloads, 'NAT_OA_DRAFT')];
  const theirs = told.length > 1 && isInitiator ? told[1] : told.at(0);
  const isAddress = theirs && OCTETS.get(theirs.idType) === theirs.data.length;
  return isAddress ? { peerOriginal: Address.fromBytes(theirs.data.slice()) } : {};
}

const OCTETS: ReadonlyMap<number, number> = new Map([
  [ID_TYPES.ID_IPV4_ADDR, 4],
  [ID_TYPES.ID_IPV6_ADDR, 16],
]);

export const withHash = (hash: Uint8Array, rest: readonly Payload[]): Payload[] => [
  { type: 'HASH', data: hash },
  ...rest,
];

/** Ni | Nr stay with the exchange until it is over: octets of their own. */
export const own = (octets: Uint8Array): Uint8Array => joined(octets);

const hex = (spi: number) => `0x${spi.toString(16).padStart(8, '0')}`;
