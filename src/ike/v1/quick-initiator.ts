/** Quick Mode as initiator: a child that we want, or a successor of one. RFC 2409 §5.5. */

import type { Selector } from '../../net/selector.ts';
import type { Child } from '../child.ts';
import type { Group } from '../crypto/algorithms.ts';
import { wipe } from '../crypto/misc.ts';
import { faultText } from '../fault.ts';
import { trafficText } from '../traffic.ts';
import { hash1, hash3 } from './crypto/hashes.ts';
import { giveUpChild } from './ending.ts';
import { NONE, NOTHING, type Quick } from './isakmp-sa.ts';
import { patienceOf } from './lasting.ts';
import { netsOf } from './nets.ts';
import { NONCE_OCTETS, noncePayload } from './phase-one.ts';
import type { V1Policy } from './policy.ts';
import {
  channelOf,
  complete,
  install,
  lifetimeOf,
  netOf,
  originals,
  ourGroup,
  own,
  termsOf,
  withHash,
} from './quick-child.ts';
import { netId } from './quick-ids.ts';
import { acceptQuick, offerQuick, passesNat, type QuickAgreement } from './quick-offers.ts';
import { releaseSpis, reserveSpis } from './quick-spis.ts';
import type { Incoming, Turn } from './turn.ts';
import { all, EXCHANGE, encodeBody, encodeChain, find, type Payload } from './wire/index.ts';

/** `net`: of several behind the peer, the one that this child is for. */
export function startQuick(turn: Turn, policy: V1Policy, serial: number, old?: Child, net?: Selector): void {
  const { sa } = turn;
  const nets = netsOf(sa, policy) ?? policy.child;
  const local = old?.selectorsLocal[0] ?? netOf(nets.local, sa.local);
  const remote = old?.selectorsRemote[0] ?? net ?? netOf(nets.remote, sa.peer);
  const fail = (later: Turn, text: string) => {
    later.say(`cannot ask for ${trafficText({ local: [local], remote: [remote] })}: ${text}`, {
      serial,
      policy,
      level: 'warn',
    });
    later.childDown({ serial, policy }, 'local', text);
    if (old) old.state = 'up';
  };
  if (!netId(local) || !netId(remote)) return fail(turn, 'IKEv1 cannot tell a range of ports');
  if (sa.isNatted && !passesNat(policy.child)) return fail(turn, 'AH passes no NAT');
  const group = ourGroup(sa, policy);
  const begin = (later: Turn, ke: Quick['ke'], data: Uint8Array) => {
    const { ah, compress = false } = policy.child;
    const spis = reserveSpis(later, policy, { ah: ah !== undefined, ipcomp: compress });
    if (typeof spis === 'string') return fail(later, spis);
    const offered = offerQuick(policy.child, spis, termsOf(sa, group));
    if (offered.length === 0) {
      releaseSpis(later, { policy, spis });
      return fail(later, 'nothing in esp= or ah= that IKEv1 can say');
    }
    const ni = later.env.random(NONCE_OCTETS);
    ask(
      later,
      { policy, serial, spis, isInitiator: true, local: [local], remote: [remote], ni, nr: NOTHING, offered, ke, old },
      data,
    );
  };
  if (!group) return begin(turn, undefined, NOTHING);
  turn.submit({ op: 'ke.make', group: group.id }, (later, result) => {
    if (!result.ok || result.op !== 'ke.make') return fail(later, `cannot make a key for ${group.name}`);
    begin(later, { group, private: result.private }, result.public);
  });
}

function ask(turn: Turn, quick: Quick, data: Uint8Array): void {
  const { sa } = turn;
  const { serial, offered, local, remote } = quick;
  const talk = turn.newTalk(EXCHANGE.QUICK, turn.messageId(), serial);
  talk.quick = quick;
  talk.state = 'quickI1';
  turn.keepTalk(talk);
  sa.use(talk.messageId);
  const rest: Payload[] = [
    { type: 'SA', proposals: offered },
    noncePayload(quick.ni),
    ...(quick.ke ? [{ type: 'KE', data } as const] : []),
    netId(local[0])!,
    netId(remote[0])!,
    ...originals(sa, quick),
  ];
  const traffic = trafficText({ local, remote });
  const pfs = groupText(quick.ke?.group);
  turn.say(
    `initiating Quick Mode {using isakmp#${sa.serial} msgid:${talk.messageId.toString(16).padStart(8, '0')} pfsgroup=${pfs} ${traffic}}`,
    { serial, event: 'initiated' },
  );
  turn.send(talk, withHash(hash1(channelOf(sa, talk), encodeChain(rest)), rest), true);
  turn.say('sent Quick Mode request', { serial });
}

const groupText = (group: Group | undefined): string => group?.name ?? 'no-pfs';

/** The answer, its HASH(2) good: whatever is wrong with it is our peer's doing, and no second answer will come. */
export function finishQuick(turn: Turn, message: Incoming): void {
  const { talk } = turn;
  const { quick } = talk;
  if (!quick) throw new Error(`Quick Mode ${talk.messageId} has nothing in the making`);
  const { payloads } = message;
  const agreed = acceptQuick(quick.offered, find(payloads, 'SA')!.proposals);
  const wrong = 'kind' in agreed ? faultText(agreed) : misfit(quick, payloads);
  if ('kind' in agreed || wrong) {
    turn.say(`Quick Mode answer refused: ${wrong}`, { serial: quick.serial, level: 'warn', event: 'rejected' });
    return giveUpChild(turn, talk, 'refused', `Quick Mode answer refused: ${wrong}`);
  }
  turn.accept(message);
  quick.nr = own(find(payloads, 'Nonce')!.data);
  const theirs = find(payloads, 'KE');
  if (!quick.ke || !theirs) return settle(turn, quick, agreed, undefined, payloads);
  const { group, private: mine } = quick.ke;
  turn.submit({ op: 'ke.mix', group: group.id, mine, theirs: own(theirs.data) }, (later, result) => {
    if (!result.ok || result.op !== 'ke.mix')
      return giveUpChild(
        later,
        talk,
        'refused',
        `key exchange failed: ${result.ok ? 'the wrong job answered' : result.detail}`,
      );
    settle(later, quick, agreed, result.shared, payloads);
  });
}

/** RFC 2409 §5.5: the answer speaks of the same traffic, and has a key where ours had one. */
function misfit(quick: Quick, payloads: readonly Payload[]): string | undefined {
  const ids = all(payloads, 'ID').map(encodeBody);
  const asked = [netId(quick.local[0])!, netId(quick.remote[0])!].map(encodeBody);
  // Without IDs it would be about the hosts themselves: then they must be what we have asked for.
  const isSame = ids.length === 2 && ids.every((id, i) => Buffer.compare(id, asked[i]) === 0);
  if (!isSame) return `its traffic is not what was asked for`;
  if ((quick.ke !== undefined) !== (find(payloads, 'KE') !== undefined))
    return quick.ke ? 'it has no KE' : 'it has a KE';
  return undefined;
}

function settle(
  turn: Turn,
  quick: Quick,
  agreed: QuickAgreement,
  shared: Uint8Array | undefined,
  payloads: readonly Payload[],
): void {
  const { sa, talk } = turn;
  wipe(quick.ke?.private);
  const lasting = lifetimeOf(quick.policy, agreed, payloads);
  const child = install(turn, quick, agreed, shared, lasting, payloads, 'both');
  turn.send(talk, withHash(hash3(channelOf(sa, talk), quick.ni, quick.nr), NONE), false);
  talk.state = 'quickDone';
  talk.quick = undefined;
  turn.arm('discard', patienceOf(quick.policy), quick.serial);
  complete(turn, quick, child);
}
