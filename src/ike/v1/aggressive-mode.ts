/**
 * Aggressive Mode, RFC 2409 §5.1 and §5.4: three messages, the group chosen beforehand, the identities in clear.
 *
 *     initiator                                          responder
 *     aggrI1       SA, KE, Nonce, ID, VID..        -->
 *                                                  <--   SA, KE, Nonce, ID, HASH or SIG, NAT_D..   aggrR1
 *     established  HASH or SIG, NAT_D..            -->                                             established
 */
import { wipe } from '../crypto/misc.ts';
import { end } from './ending.ts';
import { NOTHING } from './isakmp-sa.ts';
import { announceNat, answerNat, natFormOf } from './nat.ts';
import { acceptIsakmp, offerIsakmp, suitesOf } from './offers.ts';
import {
  aboutUs,
  admit,
  adoptKeys,
  agree,
  encryptFromNow,
  establish,
  float,
  HALF_OPEN_LIFE,
  handshakeOf,
  idPayload,
  keyPayload,
  keysJob,
  natPayloads,
  newHandshake,
  noncePayload,
  noteNat,
  noteVendorIds,
  ourVendorIds,
  saysInitialContact,
  secretFor,
  sentText,
} from './phase-one.ts';
import { believe, cannotProve, connectionThatFits, peerIdIn, prove, wrongPeer } from './proving.ts';
import type { Transition } from './transitions.ts';
import { distrust } from './trust.ts';
import { type Incoming, newConversation, notification, type Turn } from './turn.ts';
import { EXCHANGE, encodeBody, find, NOTIFY, type Payload, PROTOCOL } from './wire/index.ts';

const AGGRESSIVE = { exchange: EXCHANGE.AGGRESSIVE } as const;

export const AGGRESSIVE_MODE: readonly Transition[] = [
  {
    ...AGGRESSIVE,
    ...{ story: 'answer Aggressive Mode', from: 'idle', encrypted: 'never', run: answerOffer, to: ['aggrR1', 'dead'] },
    need: ['SA', 'KE', 'Nonce', 'ID'],
  },
  ...(['HASH', 'SIG'] as const).flatMap((proof): Transition[] => [
    {
      ...{ ...AGGRESSIVE, story: `peer proves itself by ${proof}, so do we`, from: 'aggrI1', encrypted: 'never' },
      ...{ need: ['SA', 'KE', 'Nonce', 'ID', proof], run: sendProof, to: ['established', 'dead'] },
    },
    {
      ...{ ...AGGRESSIVE, story: `peer proves itself by ${proof}, done`, from: 'aggrR1', encrypted: 'either' },
      ...{ need: [proof], run: finish, to: ['established', 'dead'] },
    },
  ]),
];

export function startAggressive(turn: Turn): void {
  const { sa } = turn;
  const { policy } = sa;
  const group = suitesOf(policy.ike)[0]?.group;
  const handshake = newHandshake(turn);
  sa.handshake = handshake;
  handshake.offered = group ? offerIsakmp(policy, group) : [];
  if (!group || handshake.offered[0].transforms.length === 0)
    return end(turn, 'local', 'nothing to offer in ike= that IKEv1 can say, or no way to prove ourselves by authby=');
  turn.say('initiating IKEv1 Aggressive Mode connection', { event: 'initiated' });
  turn.submit({ op: 'ke.make', group: group.id }, (later, result) => {
    if (!result.ok || result.op !== 'ke.make') return end(later, 'local', `cannot make a key for ${group.name}`);
    handshake.public = result.public;
    handshake.private = result.private;
    const offer: Payload = { type: 'SA', proposals: handshake.offered };
    handshake.sai = encodeBody(offer);
    const talk = newConversation(EXCHANGE.AGGRESSIVE, 0, undefined, undefined);
    sa.phaseOne = talk;
    later.enter('aggrI1');
    later.send(
      talk,
      [
        offer,
        keyPayload(result.public),
        noncePayload(handshake.ni),
        idPayload(policy.localId),
        ...ourVendorIds(policy),
        ...announceNat(policy),
      ],
      true,
    );
    sentText(later, 'Aggressive Mode request');
  });
}

function answerOffer(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { payloads, bodies } = message;
  const peerId = peerIdIn(message);
  const theirs = find(payloads, 'SA')!.proposals;
  const found = peerId && connectionThatFits(turn, theirs, peerId);
  if (!peerId || !found) return end(turn, 'refused', `no IKEv1 connection with aggressive=yes for '${peerId}'`);
  const { policy, fit } = found;
  if ('kind' in fit) {
    turn.reject(message, fit, 'responding with NO_PROPOSAL_CHOSEN');
    turn.shout([notification(NOTIFY.NO_PROPOSAL_CHOSEN, NOTHING, { protocol: PROTOCOL.ISAKMP, spi: NOTHING })]);
    return end(turn, 'refused', 'no proposal in common');
  }
  const psk = fit.method === 'secret' ? secretFor(turn, policy, peerId) : undefined;
  if (fit.method === 'secret' && !psk) return end(turn, 'refused', `no pre-shared key for '${peerId}'`);
  const theirKey = Uint8Array.from(find(payloads, 'KE')!.data);
  if (theirKey.length !== fit.suite.group.publicOctets) {
    wipe(psk);
    return end(turn, 'refused', `a key of ${theirKey.length} octets for ${fit.suite.group.name}`);
  }
  sa.policy = policy;
  sa.peerId = peerId;
  sa.phaseOne = turn.talk;
  const handshake = newHandshake(turn);
  sa.handshake = handshake;
  handshake.offered = theirs;
  handshake.sai = Uint8Array.from(bodies[payloads.findIndex((p) => p.type === 'SA')]);
  handshake.theirId = Uint8Array.from(bodies[payloads.findIndex((p) => p.type === 'ID')]);
  handshake.ni = Uint8Array.from(find(payloads, 'Nonce')!.data);
  handshake.natForm = natFormOf(policy, payloads);
  agree(sa, fit);
  noteVendorIds(sa, payloads);
  turn.submit(keysJob(sa, fit.suite, theirKey, psk), (later, result) => {
    const wrong = adoptKeys(sa, theirKey, result);
    if (wrong) return end(later, 'refused', wrong);
    prove(
      later,
      (ready, id, proof) => {
        ready.accept(message);
        ready.enter('aggrR1');
        ready.send(
          ready.talk,
          [
            { type: 'SA', proposals: [fit.answer] },
            ...[keyPayload(handshake.public), noncePayload(handshake.nr), id, proof],
            ...[...ourVendorIds(policy), ...answerNat(policy, payloads), ...natPayloads(sa)],
          ],
          true,
        );
        encryptFromNow(sa, ready.talk);
        ready.arm('discard', HALF_OPEN_LIFE);
        sentText(ready, 'Aggressive Mode R1');
      },
      cannotProve,
    );
  });
}

function sendProof(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { payloads } = message;
  const handshake = handshakeOf(sa);
  const agreed = acceptIsakmp(handshake.offered, find(payloads, 'SA')!.proposals);
  if ('kind' in agreed) return turn.reject(message, agreed, 'ignored');
  const peerId = peerIdIn(message);
  if (!peerId) return;
  const wrong = wrongPeer(sa.policy, peerId);
  if (wrong) return distrust(turn, wrong);
  const theirs = Uint8Array.from(find(payloads, 'KE')!.data);
  if (theirs.length !== agreed.suite.group.answerOctets)
    return turn.debug(() => `key of ${theirs.length} octets for ${agreed.suite.group.name}; ignored`);
  const psk = agreed.method === 'secret' ? secretFor(turn, sa.policy) : undefined;
  if (agreed.method === 'secret' && !psk) return end(turn, 'local', `no pre-shared key for '${peerId}'`);
  // Until the proof holds the SA is what it was: a forged answer must not take the place of the real one.
  const cookieR = sa.cookieR;
  sa.cookieR = Uint8Array.from(message.header.cookieR);
  agree(sa, agreed);
  handshake.nr = Uint8Array.from(find(payloads, 'Nonce')!.data);
  const { private: mine } = handshake;
  const job = { ...keysJob(sa, agreed.suite, theirs, psk), mine: Uint8Array.from(mine) };
  turn.submit(job, (later, result) => {
    handshake.private = NOTHING;
    const failed = adoptKeys(sa, theirs, result);
    const retract = () => {
      handshake.private = mine;
      sa.keys?.wipe();
      sa.keys = undefined;
      sa.cookieR = cookieR;
    };
    if (failed) {
      retract();
      return later.debug(() => `${failed}; Aggressive Mode answer ignored`);
    }
    believe(
      later,
      message,
      { peerId, policy: sa.policy },
      (sure) => {
        wipe(mine);
        confirm(sure, message, peerId);
      },
      retract,
    );
  });
}

function confirm(turn: Turn, message: Incoming, peerId: NonNullable<ReturnType<typeof peerIdIn>>): void {
  const { sa } = turn;
  const { payloads } = message;
  const handshake = handshakeOf(sa);
  turn.accept(message);
  noteVendorIds(sa, payloads);
  handshake.natForm = natFormOf(sa.policy, payloads);
  noteNat(turn, message);
  admit(turn, message, peerId, sa.policy);
  float(sa);
  encryptFromNow(sa, turn.talk);
  prove(
    turn,
    (ready, _id, proof) => {
      const contact = sa.policy.initialContact ? [notification(NOTIFY.INITIAL_CONTACT, NOTHING, aboutUs(sa))] : [];
      ready.send(ready.talk, [proof, ...natPayloads(sa), ...contact], false);
      sentText(ready, 'Aggressive Mode I2');
      establish(ready, saysInitialContact(message));
    },
    cannotProve,
  );
}

function finish(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { peerId } = sa;
  if (!peerId) throw new Error(`#${sa.serial} does not know who asks`);
  believe(turn, message, { peerId, policy: sa.policy }, (sure) => {
    sure.accept(message);
    noteNat(sure, message);
    admit(sure, message, peerId, sa.policy);
    establish(sure, saysInitialContact(message));
  });
}
