/** Quick Mode as responder: a child that the peer wants. RFC 2409 §5.5. */
import { Selector } from '../../net/selector.ts';
import { faultText } from '../fault.ts';
import { trafficText } from '../traffic.ts';
import { hash2 } from './crypto/hashes.ts';
import { type IsakmpSa, NOTHING, type Quick } from './isakmp-sa.ts';
import { isAlike } from './lasting.ts';
import { type Life, lifeAttributes } from './lifetimes.ts';
import { isEverything, netsOf } from './nets.ts';
import { NONCE_OCTETS, noncePayload } from './phase-one.ts';
import { isV1, type V1Policy } from './policy.ts';
import {
  channelOf,
  complete,
  install,
  type Lasting,
  lifetimeOf,
  netOf,
  originals,
  own,
  spiOctets,
  termsOf,
  withHash,
  wrongGroup,
} from './quick-child.ts';
import { idText, selectorOf } from './quick-ids.ts';
import { answerWith, chooseQuick, groupOffered, protocolNumber, type QuickChoice } from './quick-offers.ts';
import { releaseSpis, reserveSpis } from './quick-spis.ts';
import { type Incoming, notification, type Turn } from './turn.ts';
import { all, encodeAttributes, encodeChain, find, IPSEC, NOTIFY, type Payload, PROTOCOL } from './wire/index.ts';

/** Children of one ISAKMP SA, those that are being replaced among them. */
const MAX_CHILDREN = 256;
/** Quick Modes that are under way at once. */
const MAX_CONVERSATIONS = 64;

interface Traffic {
  readonly local: Selector;
  readonly remote: Selector;
}

/** The peer's request, its HASH(1) good: one that is refused is not to come again. */
export function answerQuick(turn: Turn, message: Incoming): void {
  const { sa, env, talk } = turn;
  const { payloads } = message;
  const isFull = sa.conversations.length >= MAX_CONVERSATIONS || sa.isWornOut;
  if (!isFull) sa.use(talk.messageId);
  const refuse = (notify: number, text: string) => {
    turn.say(`Quick Mode ${talk.messageId.toString(16).padStart(8, '0')} refused: ${text}`, {
      level: 'warn',
      event: 'rejected',
    });
    turn.inform([notification(notify, NOTHING, { protocol: PROTOCOL.ESP, spi: NOTHING })]);
  };
  if (isFull)
    return refuse(NOTIFY.NO_PROPOSAL_CHOSEN, `${sa.conversations.length} under way, ${sa.usedIds.length} in all`);
  if (sa.children.length >= MAX_CHILDREN) return refuse(NOTIFY.NO_PROPOSAL_CHOSEN, `there are ${MAX_CHILDREN} already`);
  const traffic = trafficIn(turn, payloads);
  if (typeof traffic === 'string') return refuse(NOTIFY.INVALID_ID_INFORMATION, traffic);
  const text = trafficText({ local: [traffic.local], remote: [traffic.remote] });
  const fits = fitsFor(turn, traffic);
  if (fits.length === 0)
    return refuse(NOTIFY.INVALID_ID_INFORMATION, `no connection of '${sa.peerId}' is known for ${text}`);
  const theirs = find(payloads, 'SA')!.proposals;
  const ke = find(payloads, 'KE');
  const group = ke && groupOffered(theirs);
  if (ke && !group) return refuse(NOTIFY.NO_PROPOSAL_CHOSEN, 'it has a KE, and no group that we know');
  let found: (Fit & { readonly choice: QuickChoice }) | undefined;
  let wrong = '';
  for (const fit of fits) {
    const { policy } = fit;
    const unfit = wrongGroup(sa, policy, group);
    const choice = unfit === undefined ? chooseQuick(policy.child, theirs, termsOf(sa, group)) : unfit;
    if (typeof choice === 'string') wrong ||= choice;
    else if ('kind' in choice) wrong ||= faultText(choice);
    else {
      found = { ...fit, choice };
      break;
    }
  }
  if (!found) return refuse(NOTIFY.NO_PROPOSAL_CHOSEN, wrong);
  const policy = ownOf(turn, found.policy);
  const { suite } = found.choice;
  const further = { ah: suite.ah !== undefined, ipcomp: suite.compresses === true };
  const spis = reserveSpis(turn, policy, further);
  if (typeof spis === 'string') return refuse(NOTIFY.NO_PROPOSAL_CHOSEN, spis);
  // The data plane has no IPComp: then without it, if that was offered too.
  const isLess = further.ipcomp && spis.cpi === undefined;
  const bare = { ...policy.child, compress: false };
  const choice = isLess ? chooseQuick(bare, theirs, termsOf(sa, group)) : found.choice;
  if ('kind' in choice) {
    releaseSpis(turn, { policy, spis });
    return refuse(NOTIFY.NO_PROPOSAL_CHOSEN, faultText(choice));
  }
  const { local, remote } = found;
  const wanted = { policy, selectorsLocal: local, selectorsRemote: remote };
  const quick: Quick = {
    policy,
    serial: env.serial(),
    spis,
    isInitiator: false,
    local,
    remote,
    ni: own(find(payloads, 'Nonce')!.data),
    nr: env.random(NONCE_OCTETS),
    offered: theirs,
    ke: undefined,
    old: sa.children.findLast((c) => c.state !== 'replaced' && isAlike(c, wanted)),
  };
  if (!ke || !group) return grant(turn, message, quick, choice, undefined, undefined);
  turn.submit(
    { op: 'ke.mix', group: group.id, theirs: own(ke.data) },
    (later, result) => {
      if (result.ok && result.op === 'ke.mix' && result.public)
        return grant(later, message, quick, choice, result.public, result.shared);
      releaseSpis(later, quick);
      later.say(`Quick Mode refused: ${result.ok ? 'the wrong job answered' : result.detail}`, {
        level: 'warn',
        event: 'rejected',
      });
    },
    (later) => releaseSpis(later, quick),
  );
}

function grant(
  turn: Turn,
  message: Incoming,
  quick: Quick,
  choice: QuickChoice,
  data: Uint8Array | undefined,
  shared: Uint8Array | undefined,
): void {
  const { sa, talk } = turn;
  const { policy, serial } = quick;
  talk.serial = serial;
  talk.quick = quick;
  turn.accept(message);
  turn.keepTalk(talk);
  talk.state = 'quickR1';
  const lasting = lifetimeOf(policy, choice, []);
  install(turn, quick, choice, shared, lasting, message.payloads, 'inbound');
  const about = { protocol: protocolNumber(choice.suite), spi: spiOctets(quick.spis.main) };
  const rest: Payload[] = [
    { type: 'SA', proposals: answerWith(quick.spis, choice) },
    noncePayload(quick.nr),
    ...(data ? [{ type: 'KE', data } as const] : []),
    ...all(message.payloads, 'ID'),
    ...(isShorter(choice.life, lasting)
      ? [
          notification(
            NOTIFY.RESPONDER_LIFETIME,
            encodeAttributes(lifeAttributes(lasting.ms, IPSEC, lasting.bytes)),
            about,
          ),
        ]
      : []),
    ...originals(sa, quick),
  ];
  turn.send(talk, withHash(hash2(channelOf(sa, talk), quick.ni, encodeChain(rest)), rest), true);
  turn.say('sent Quick Mode response', { serial });
}

/** Whether the peer has to be told that it has less than it has asked for. */
function isShorter({ seconds, kilobytes }: Life, { ms, bytes }: Lasting): boolean {
  if (seconds !== undefined && seconds * 1000 > ms) return true;
  return bytes !== undefined && (kilobytes === undefined || kilobytes * 1024 > bytes);
}

/** HASH(3): the peer is there, and has the child. */
export function confirmQuick(turn: Turn, message: Incoming): void {
  const { sa, talk } = turn;
  const { quick } = talk;
  const child = quick && sa.child(quick.serial);
  turn.accept(message);
  talk.state = 'quickDone';
  talk.sent = [];
  talk.quick = undefined;
  turn.dropTalk(talk);
  if (!quick || !child) return;
  child.awaitsOutbound = false;
  turn.outs.push({ t: 'installOutbound', serial: child.serial });
  complete(turn, quick, child);
}

/** A template that the traffic has chosen gets an instance for this peer. */
function ownOf({ sa, env }: Turn, policy: V1Policy): V1Policy {
  if (policy.remoteHost || !sa.peerId) return policy;
  const own = env.directory.instantiate(policy, sa.peerId, sa.peer, sa.policy);
  return isV1(own) ? own : policy;
}

/** Theirs is the first of the two; without any it is about the hosts themselves. */
function trafficIn({ sa }: Turn, payloads: readonly Payload[]): Traffic | string {
  const ids = all(payloads, 'ID');
  if (ids.length === 0) return { local: netOf([], sa.local), remote: netOf([], sa.peer) };
  if (ids.length !== 2) return `it has ${ids.length} ID payloads, not two or none`;
  const [remote, local] = ids.map(selectorOf);
  if (remote && local) return { local, remote };
  return `${idText(ids[remote ? 1 : 0])} is no address, subnet or range`;
}

/**
 * In transport mode over a NAT each end names addresses as they are on its side; packets come from, and go to, those that
 * the SA has. RFC 3947 §5.2.
 */
function seenFrom(
  { local, peer, weAreNatted, peerIsNatted }: IsakmpSa,
  { child }: V1Policy,
  traffic: Traffic,
): Traffic {
  if (child.mode !== 'transport') return traffic;
  return {
    local: weAreNatted ? at(traffic.local, local.address) : traffic.local,
    remote: peerIsNatted ? at(traffic.remote, peer.address) : traffic.remote,
  };
}

const at = (selector: Selector, address: Selector['start']): Selector =>
  selector.start.equals(selector.end) && selector.family === address.family
    ? new Selector(address, address, selector.protocol, selector.startPort, selector.endPort)
    : selector;

/** A connection that the traffic is for, and what of it is its own. */
interface Fit {
  readonly policy: V1Policy;
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
}

/** Connections of this peer that are for exactly this traffic: IKEv1 has no less and no more. */
function fitsFor({ sa, env }: Turn, traffic: Traffic): readonly Fit[] {
  return env.directory
    .siblings(sa.policy)
    .filter(isV1)
    .flatMap((policy) => {
      const nets = netsOf(sa, policy);
      if (!nets) return [];
      const seen = seenFrom(sa, policy, traffic);
      const local = oursIn(sa, policy, nets.local, seen.local);
      return local && isTheirs(sa, policy, nets.remote, seen.remote) ? [{ policy, local, remote: [seen.remote] }] : [];
    });
}

/** What of ours the request is for; a client of Unity asks for everything, and goes by the nets that it has been told. */
function oursIn(
  sa: IsakmpSa,
  { child, cp }: V1Policy,
  nets: readonly Selector[],
  local: Selector,
): readonly Selector[] | undefined {
  const net = netOf(nets, sa.local);
  // The connection's own list where it says the same, for a child keeps it as long as it lives.
  if (isNet(net, local, child.openPort === 'local')) return nets.length === 1 && net.equals(local) ? nets : [local];
  return sa.isUnity && cp?.role === 'server' && isEverything(local) ? nets : undefined;
}

function isTheirs({ peer }: IsakmpSa, { child }: V1Policy, nets: readonly Selector[], remote: Selector): boolean {
  const { peerChooses } = child;
  if (!peerChooses) return isNet(netOf(nets, peer), remote, child.openPort === 'remote');
  const isWithin = child.remote.some((range) => range.contains(remote));
  return isWithin && (!peerChooses.isHost || remote.start.equals(remote.end));
}

/** `isOpen`: of `wanted` the port is what the peer says. */
const isNet = (wanted: Selector, said: Selector, isOpen: boolean): boolean =>
  wanted.equals(isOpen ? new Selector(said.start, said.end, said.protocol, wanted.startPort, wanted.endPort) : said);
