/** Quick Mode as responder: a child that the peer wants. RFC 2409 §5.5. */
import type { Selector } from '../../net/selector.ts';
import type { Child } from '../child.ts';
import { faultText } from '../fault.ts';
import { trafficText } from '../traffic.ts';
import { hash2 } from './crypto/hashes.ts';
import { releaseSpi } from './ending.ts';
import { NOTHING, type Quick } from './isakmp-sa.ts';
import { lifeAttributes } from './lifetimes.ts';
import { NONCE_OCTETS, noncePayload } from './phase-one.ts';
import { isV1, type V1Policy } from './policy.ts';
import {
  channelOf,
  complete,
  install,
  lifetimeOf,
  netOf,
  originals,
  own,
  reserveSpi,
  spiOctets,
  termsOf,
  withHash,
  wrongGroup,
} from './quick-child.ts';
import { selectorOf } from './quick-ids.ts';
import { chooseQuick, groupOffered, protocolNumber, type QuickChoice } from './quick-offers.ts';
import { type Incoming, notification, type Turn } from './turn.ts';
import { all, encodeAttributes, encodeChain, find, IPSEC, NOTIFY, type Payload, PROTOCOL } from './wire/index.ts';

/** Children of one ISAKMP SA, those that are being replaced among them. */
const MAX_CHILDREN = 256;
/** Quick Modes that are under way at once. */
const MAX_CONVERSATIONS = 64;
/** Over the SA's whole life: their message ids are kept, so that none can be replayed. */
const MAX_USED_IDS = 8_192;

interface Traffic {
  readonly local: Selector;
  readonly remote: Selector;
}

/** The peer's request, its HASH(1) good: one that is refused is not to come again. */
export function answerQuick(turn: Turn, message: Incoming): void {
  const { sa, env, talk } = turn;
  const { payloads } = message;
  const isFull = sa.conversations.length >= MAX_CONVERSATIONS || sa.usedIds.length >= MAX_USED_IDS;
  if (!isFull) sa.usedIds = sa.usedIds.concat(talk.messageId);
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
  if (!traffic) return refuse(NOTIFY.INVALID_ID_INFORMATION, 'its ID payloads are no pair of networks');
  const text = trafficText({ local: [traffic.local], remote: [traffic.remote] });
  const policies = policiesFor(turn, traffic);
  if (policies.length === 0)
    return refuse(NOTIFY.INVALID_ID_INFORMATION, `no connection of '${sa.peerId}' is known for ${text}`);
  const theirs = find(payloads, 'SA')!.proposals;
  const ke = find(payloads, 'KE');
  const group = ke && groupOffered(theirs);
  if (ke && !group) return refuse(NOTIFY.NO_PROPOSAL_CHOSEN, 'it has a KE, and no group that we know');
  let found: { readonly policy: V1Policy; readonly choice: QuickChoice } | undefined;
  let wrong = '';
  for (const policy of policies) {
    const unfit = wrongGroup(sa, policy, group);
    const choice = unfit === undefined ? chooseQuick(policy.child, theirs, termsOf(sa, group)) : unfit;
    if (typeof choice === 'string') wrong ||= choice;
    else if ('kind' in choice) wrong ||= faultText(choice);
    else {
      found = { policy, choice };
      break;
    }
  }
  if (!found) return refuse(NOTIFY.NO_PROPOSAL_CHOSEN, wrong);
  const { choice } = found;
  const policy = ownOf(turn, found.policy);
  const spiIn = reserveSpi(turn, policy);
  if (typeof spiIn === 'string') return refuse(NOTIFY.NO_PROPOSAL_CHOSEN, spiIn);
  const quick: Quick = {
    ...{ policy, serial: env.serial(), spiIn, isInitiator: false, local: [traffic.local], remote: [traffic.remote] },
    ...{ ni: own(find(payloads, 'Nonce')!.data), nr: env.random(NONCE_OCTETS), offered: theirs, ke: undefined },
    old: sa.children.findLast((c) => c.state !== 'replaced' && isSameTraffic(c, policy, traffic)),
  };
  if (!ke || !group) return grant(turn, message, quick, choice, undefined, undefined);
  turn.submit({ op: 'ke.mix', group: group.id, theirs: own(ke.data) }, (later, result) => {
    if (result.ok && result.op === 'ke.mix' && result.public)
      return grant(later, message, quick, choice, result.public, result.shared);
    releaseSpi(later, policy, spiIn);
    later.say(`Quick Mode refused: ${result.ok ? 'the wrong job answered' : result.detail}`, {
      level: 'warn',
      event: 'rejected',
    });
  });
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
  const { policy, serial, spiIn } = quick;
  talk.serial = serial;
  talk.quick = quick;
  turn.accept(message);
  turn.keepTalk(talk);
  talk.state = 'quickR1';
  const lifetime = lifetimeOf(policy, choice, []);
  install(turn, quick, choice, shared, lifetime, 'inbound');
  const about = { protocol: protocolNumber(choice.suite), spi: spiOctets(spiIn) };
  const isShorter = choice.life.seconds !== undefined && choice.life.seconds * 1000 > lifetime;
  const rest: Payload[] = [
    { type: 'SA', proposals: [{ ...choice.answer, spi: about.spi }] },
    noncePayload(quick.nr),
    ...(data ? [{ type: 'KE', data } as const] : []),
    ...all(message.payloads, 'ID'),
    ...(isShorter
      ? [notification(NOTIFY.RESPONDER_LIFETIME, encodeAttributes(lifeAttributes(lifetime, IPSEC)), about)]
      : []),
    ...originals(sa, policy),
  ];
  turn.send(talk, withHash(hash2(channelOf(sa, talk), quick.ni, encodeChain(rest)), rest), true);
  turn.say('sent Quick Mode response', { serial });
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
function trafficIn({ sa }: Turn, payloads: readonly Payload[]): Traffic | undefined {
  const ids = all(payloads, 'ID');
  if (ids.length === 0) return { local: netOf([], sa.local), remote: netOf([], sa.peer) };
  const [remote, local] = ids.map(selectorOf);
  return ids.length === 2 && remote && local ? { local, remote } : undefined;
}

/** Connections of this peer that are for exactly this traffic: IKEv1 has no less and no more. */
function policiesFor({ sa, env }: Turn, { local, remote }: Traffic): readonly V1Policy[] {
  return env.directory
    .siblings(sa.policy)
    .filter(isV1)
    .filter(({ child }) => {
      if (!netOf(child.local, sa.local).equals(local)) return false;
      if (child.peerChooses) {
        const isWithin = child.remote.some((range) => range.contains(remote));
        return isWithin && (!child.peerChooses.isHost || remote.start.equals(remote.end));
      }
      return netOf(child.remote, sa.peer).equals(remote);
    });
}

const isSameTraffic = (
  { policy, selectorsLocal, selectorsRemote }: Child,
  { name, instance }: V1Policy,
  { local, remote }: Traffic,
): boolean =>
  policy.name === name &&
  policy.instance === instance &&
  selectorsLocal[0].equals(local) &&
  selectorsRemote[0].equals(remote);
