/**
 * Aggressive Mode, RFC 2409 §5.1 and §5.4: three messages, the group chosen beforehand, the identities in clear.
 *
 *     initiator                                          responder
 *     aggrI1       SA, KE, Nonce, ID, [CERTREQ,] VID..   -->
 *                                                        <--   SA, KE, Nonce, ID, HASH or, [CERT,] [CERTREQ,] SIG, NAT_D..   aggrR1
 *     established  HASH or [CERT,] SIG, NAT_D..          -->                                                             established
 */
import { Id } from '../../net/id.ts';
import { wipe } from '../crypto/misc.ts';
import { named, plain, type Refusal } from '../refusal.ts';
import { certRequests, noteCertRequests } from './certs.ts';
import { connectionsFor, connectionThatFits, wrongPeer } from './choosing.ts';
import { end } from './ending.ts';
import { type Handshake, NOTHING } from './isakmp-sa.ts';
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
  sentText,
} from './phase-one.ts';
import type { V1Policy } from './policy.ts';
import { believe, type Claimed, cannotProve, noSecret, ourKey, peerIdIn, prove, waysToProve } from './proving.ts';
import { secretFor } from './secrets.ts';
import type { Transition } from './transitions.ts';
import { disbelieve, refuseStranger } from './trust.ts';
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
  const ways = waysToProve(turn);
  if ('wrong' in ways) return cannotProve(turn, ways);
  if (!group) return end(turn, 'local', 'nothing to offer in ike= that IKEv1 can say');
  handshake.offered = offerIsakmp(policy, group, ways);
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
        ...(ways.includes('rsa') ? certRequests(later, policy) : []),
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
  if (!peerId) return;
  if (!found) return refuseStranger(turn, unknown(peerId));
  const { policy, fit } = found;
  if ('kind' in fit) {
    turn.reject(message, fit, 'responding with NO_PROPOSAL_CHOSEN');
    turn.shout([notification(NOTIFY.NO_PROPOSAL_CHOSEN, NOTHING, { protocol: PROTOCOL.ISAKMP, spi: NOTHING })]);
    return end(turn, 'refused', 'no proposal in common');
  }
  const psk = fit.method === 'secret' ? secretFor(turn, policy, peerId) : undefined;
  if (fit.method === 'secret' && !psk) return refuseStranger(turn, noSecret(policy, peerId));
  // Before all that is dear.
  const key = fit.method === 'rsa' ? ourKey(turn, policy) : undefined;
  if (key && 'wrong' in key) return refuseStranger(turn, key);
  const theirKey = Uint8Array.from(find(payloads, 'KE')!.data);
  if (theirKey.length !== fit.suite.group.publicOctets) {
    wipe(psk);
    return end(turn, 'refused', `a key of ${theirKey.length} octets for ${fit.suite.group.name}`);
  }
  sa.policy = policy;
  sa.phaseOne = turn.talk;
  const handshake = newHandshake(turn);
  sa.handshake = handshake;
  handshake.sai = Uint8Array.from(bodies[payloads.findIndex((p) => p.type === 'SA')]);
  handshake.theirId = Uint8Array.from(bodies[payloads.findIndex((p) => p.type === 'ID')]);
  handshake.ni = Uint8Array.from(find(payloads, 'Nonce')!.data);
  handshake.natForm = natFormOf(policy, payloads);
  agree(sa, fit);
  noteVendorIds(sa, payloads);
  noteCertRequests(sa, payloads);
  turn.submit(keysJob(sa, fit.suite, theirKey, psk), (later, result) => {
    const wrong = adoptKeys(sa, theirKey, result);
    if (wrong) return end(later, 'refused', wrong);
    prove(later, undefined, (ready, { id, certs, proof }) => {
      ready.accept(message);
      ready.enter('aggrR1');
      const wanted = fit.method === 'rsa' ? certRequests(ready, policy) : [];
      ready.send(
        ready.talk,
        [
          { type: 'SA', proposals: [fit.answer] },
          ...[keyPayload(handshake.public), noncePayload(handshake.nr), id, ...certs, ...wanted, proof],
          ...[...ourVendorIds(policy), ...answerNat(policy, payloads), ...natPayloads(sa)],
        ],
        true,
      );
      encryptFromNow(sa, ready.talk);
      ready.arm('discard', HALF_OPEN_LIFE);
      sentText(ready, 'Aggressive Mode R1');
    });
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
  const wrong = wrongPeer(sa, peerId);
  if (wrong) return disbelieve(turn, wrong);
  const theirs = Uint8Array.from(find(payloads, 'KE')!.data);
  if (theirs.length !== agreed.suite.group.answerOctets)
    return turn.debug(() => `key of ${theirs.length} octets for ${agreed.suite.group.name}; ignored`);
  const psk = agreed.method === 'secret' ? secretFor(turn, sa.policy) : undefined;
  if (agreed.method === 'secret' && !psk) return cannotProve(turn, noSecret(sa.policy, sa.policy.remoteId ?? peerId));
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
      { peerId, policies: [sa.policy], isOurTurn: true },
      (sure, { signed }) => {
        wipe(mine);
        confirm(sure, message, peerId, signed);
      },
      retract,
    );
  });
}

function confirm(turn: Turn, message: Incoming, peerId: Id, signed: Uint8Array | undefined): void {
  const { sa } = turn;
  const { payloads } = message;
  const handshake = handshakeOf(sa);
  turn.accept(message);
  noteVendorIds(sa, payloads);
  noteCertRequests(sa, payloads);
  handshake.natForm = natFormOf(sa.policy, payloads);
  noteNat(turn, message);
  admit(turn, message, peerId, sa.policy);
  float(sa);
  encryptFromNow(sa, turn.talk);
  prove(turn, signed, (ready, { certs, proof }) => {
    const contact =
      sa.policy.initialContact && !sa.isRenewal ? [notification(NOTIFY.INITIAL_CONTACT, NOTHING, aboutUs(sa))] : [];
    ready.send(ready.talk, [...certs, proof, ...natPayloads(sa), ...contact], false);
    sentText(ready, 'Aggressive Mode I2');
    establish(ready, saysInitialContact(message));
  });
}

function finish(turn: Turn, message: Incoming): void {
  const peerId = claimedIn(handshakeOf(turn.sa));
  believe(turn, message, { peerId, policies: rivals(turn, peerId), isOurTurn: false }, (sure, { policy }) => {
    sure.accept(message);
    noteNat(sure, message);
    admit(sure, message, peerId, policy);
    establish(sure, saysInitialContact(message));
  });
}

/** Until it is proven it is no `IsakmpSa.peerId`: whatever becomes of a stranger is no business of the connection that it names. */
const claimedIn = ({ theirId }: Handshake): Id => new Id(theirId[0], theirId.slice(ID_HEAD));
/** Type, protocol and port. RFC 2407 §4.6.2. */
const ID_HEAD = 4;

/** With certificates, who has issued the peer's may tell connections apart, as long as we are the same to it. */
function rivals(turn: Turn, peerId: Id): Claimed['policies'] {
  const { policy, suite } = turn.sa;
  const { method } = handshakeOf(turn.sa);
  if (method === 'secret' || !suite) return [policy];
  const found = connectionsFor(turn, peerId, { suite, method });
  if ('wrong' in found) return [policy];
  const isLikely = (other: V1Policy) => other !== policy && other.v1.aggressive && other.localId.equals(policy.localId);
  return [policy, ...found.filter(isLikely)];
}

const unknown = (peerId: Id): Refusal =>
  plain(`no IKEv1 connection with aggressive=yes for ${named(peerId)}`, 'unknown-identity');
