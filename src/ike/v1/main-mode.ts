/**
 * Main Mode, RFC 2409 §5.1 and §5.4: six messages, the last two encrypted.
 *
 *     initiator                                   responder
 *     mainI1   SA, VID..                    -->
 *                                           <--   SA, VID..                  mainR1
 *     mainI2   KE, Nonce, NAT_D, NAT_D      -->
 *                                           <--   KE, Nonce, [CERTREQ,] NAT_D, NAT_D    mainR2
 *     mainI3   ID, HASH or                  -->
 *              ID, [CERT,] [CERTREQ,] SIG
 *                                           <--   ID, HASH or                established
 *                                                 ID, [CERT,] SIG
 *
 * With a secret the responder needs it before it is told who asks: by the peer's address alone.
 */
import { Id } from '../../net/id.ts';
import { certRequests, noteCertRequests } from './certs.ts';
import { connectionsFor, connectionThatFits, secretByAddress, wrongPeer } from './choosing.ts';
import { end } from './ending.ts';
import { NOTHING } from './isakmp-sa.ts';
import { announceNat, answerNat, natFormOf } from './nat.ts';
import { acceptIsakmp, offerIsakmp } from './offers.ts';
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
  keyPayload,
  keysJob,
  lifetimeNotice,
  natPayloads,
  newHandshake,
  noncePayload,
  noteLifetime,
  noteNat,
  noteVendorIds,
  ourVendorIds,
  saysInitialContact,
  sentText,
  within,
} from './phase-one.ts';
import { believe, cannotProve, noSecret, type Proof, peerIdIn, prove, waysToProve } from './proving.ts';
import { secretFor } from './secrets.ts';
import type { Transition } from './transitions.ts';
import { disbelieve } from './trust.ts';
import { type Incoming, newConversation, notification, type Turn } from './turn.ts';
import { EXCHANGE, encodeBody, find, NOTIFY, type Payload, PROTOCOL } from './wire/index.ts';

const MAIN = { exchange: EXCHANGE.MAIN } as const;
const CLEAR = { ...MAIN, encrypted: 'never' } as const;
const SEALED = { ...MAIN, encrypted: 'always' } as const;

export const MAIN_MODE: readonly Transition[] = [
  { ...CLEAR, story: 'answer Main Mode', from: 'idle', need: ['SA'], run: answerOffer, to: ['mainR1', 'dead'] },
  {
    ...CLEAR,
    story: 'algorithms agreed, send our key',
    from: 'mainI1',
    need: ['SA'],
    run: sendKey,
    to: ['mainI2', 'dead'],
  },
  { ...CLEAR, story: 'answer with our key', from: 'mainR1', need: ['KE', 'Nonce'], run: answerKey, to: ['mainR2'] },
  {
    ...CLEAR,
    story: 'keys agreed, say who we are',
    from: 'mainI2',
    need: ['KE', 'Nonce'],
    run: sendProof,
    to: ['mainI3', 'dead'],
  },
  ...(['HASH', 'SIG'] as const).flatMap((proof) => [
    {
      ...SEALED,
      story: `peer proves itself by ${proof}, so do we`,
      from: 'mainR2',
      need: ['ID', proof],
      run: answerProof,
      to: ['established', 'dead'],
    } as const,
    {
      ...SEALED,
      story: `peer proves itself by ${proof}, done`,
      from: 'mainI3',
      need: ['ID', proof],
      run: finish,
      to: ['established', 'dead'],
    } as const,
  ]),
];

export function startMain(turn: Turn): void {
  const { sa } = turn;
  const { policy } = sa;
  const handshake = newHandshake(turn);
  sa.handshake = handshake;
  const ways = waysToProve(turn);
  if ('wrong' in ways) return cannotProve(turn, ways);
  handshake.offered = offerIsakmp(policy, undefined, ways);
  if (handshake.offered[0].transforms.length === 0)
    return end(turn, 'local', 'nothing to offer in ike= that IKEv1 can say');
  const offer: Payload = { type: 'SA', proposals: handshake.offered };
  handshake.sai = encodeBody(offer);
  const talk = newConversation(EXCHANGE.MAIN, 0, undefined, undefined);
  sa.phaseOne = talk;
  turn.say('initiating IKEv1 Main Mode connection', { event: 'initiated' });
  turn.enter('mainI1');
  turn.send(talk, [offer, ...ourVendorIds(policy), ...announceNat(policy)], true);
  sentText(turn, 'Main Mode request');
}

function answerOffer(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { payloads, bodies } = message;
  const theirs = find(payloads, 'SA')!.proposals;
  const found = connectionThatFits(turn, theirs);
  if (!found) return end(turn, 'refused', `no IKEv1 connection for a peer at ${sa.peer.address}`);
  const { policy, fit } = found;
  if ('kind' in fit) {
    turn.reject(message, fit, 'responding with NO_PROPOSAL_CHOSEN');
    turn.shout([notification(NOTIFY.NO_PROPOSAL_CHOSEN, NOTHING, { protocol: PROTOCOL.ISAKMP, spi: NOTHING })]);
    return end(turn, 'refused', 'no proposal in common');
  }
  sa.policy = policy;
  sa.phaseOne = turn.talk;
  const handshake = newHandshake(turn);
  sa.handshake = handshake;
  handshake.sai = Uint8Array.from(bodies[payloads.findIndex((p) => p.type === 'SA')]);
  handshake.natForm = natFormOf(policy, payloads);
  agree(sa, fit);
  noteVendorIds(sa, payloads);
  turn.accept(message);
  turn.enter('mainR1');
  turn.send(
    turn.talk,
    within(message.bytes.length, { type: 'SA', proposals: [fit.answer] }, [
      ...answerNat(policy, payloads),
      ...ourVendorIds(policy),
    ]),
    false,
  );
  turn.arm('discard', HALF_OPEN_LIFE);
  sentText(turn, 'Main Mode R1');
}

function sendKey(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const handshake = handshakeOf(sa);
  const agreed = acceptIsakmp(handshake.offered, find(message.payloads, 'SA')!.proposals);
  // Anybody on the path could have sent this: the real answer may still come.
  if ('kind' in agreed) return turn.reject(message, agreed, 'ignored');
  turn.accept(message);
  sa.cookieR = Uint8Array.from(message.header.cookieR);
  agree(sa, agreed);
  noteVendorIds(sa, message.payloads);
  handshake.natForm = natFormOf(sa.policy, message.payloads);
  const { group } = agreed.suite;
  turn.submit({ op: 'ke.make', group: group.id }, (later, result) => {
    if (!result.ok || result.op !== 'ke.make')
      return end(later, 'local', `cannot make a key for ${group.name}${result.ok ? '' : `: ${result.detail}`}`);
    handshake.public = result.public;
    handshake.private = result.private;
    later.enter('mainI2');
    later.send(later.talk, [keyPayload(result.public), noncePayload(handshake.ni), ...natPayloads(sa)], true);
    sentText(later, 'Main Mode I2');
  });
}

function answerKey(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { suite } = sa;
  if (!suite) throw new Error(`#${sa.serial} has no suite`);
  const handshake = handshakeOf(sa);
  const theirs = Uint8Array.from(find(message.payloads, 'KE')!.data);
  const shared = handshake.method === 'secret' ? secretByAddress(turn, { suite, method: 'secret' }) : undefined;
  if (handshake.method === 'secret' && !shared)
    return disbelieve(turn, noSecret(sa.policy, sa.policy.remoteId ?? Id.ofAddress(sa.peer.address)));
  if (shared) sa.policy = shared.policy;
  handshake.ni = Uint8Array.from(find(message.payloads, 'Nonce')!.data);
  turn.submit(keysJob(sa, suite, theirs, shared?.psk), (later, result) => {
    const wrong = adoptKeys(sa, theirs, result);
    if (wrong) return later.debug(() => `${wrong}; Main Mode key ignored`);
    later.accept(message);
    noteVendorIds(sa, message.payloads);
    noteCertRequests(sa, message.payloads);
    noteNat(later, message);
    later.enter('mainR2');
    const wanted = handshake.method === 'rsa' ? certRequests(later, sa.policy) : [];
    const key = [keyPayload(handshake.public), noncePayload(handshake.nr)];
    later.send(later.talk, [...key, ...wanted, ...natPayloads(sa)], false);
    encryptFromNow(sa, later.talk);
    sentText(later, 'Main Mode R2');
  });
}

function sendProof(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { suite } = sa;
  if (!suite) throw new Error(`#${sa.serial} has no suite`);
  const handshake = handshakeOf(sa);
  const theirs = Uint8Array.from(find(message.payloads, 'KE')!.data);
  if (theirs.length !== suite.group.answerOctets)
    return turn.debug(() => `key of ${theirs.length} octets for ${suite.group.name}; ignored`);
  const psk = handshake.method === 'secret' ? secretFor(turn, sa.policy) : undefined;
  if (handshake.method === 'secret' && !psk)
    return cannotProve(turn, noSecret(sa.policy, sa.policy.remoteId ?? Id.ofAddress(sa.peer.address)));
  handshake.nr = Uint8Array.from(find(message.payloads, 'Nonce')!.data);
  turn.submit(keysJob(sa, suite, theirs, psk), (later, result) => {
    const wrong = adoptKeys(sa, theirs, result);
    // Our half is used up: there is no second try with another answer.
    if (wrong) return end(later, 'refused', wrong);
    later.accept(message);
    noteCertRequests(sa, message.payloads);
    noteNat(later, message);
    float(sa);
    encryptFromNow(sa, later.talk);
    prove(later, undefined, sayWhoWeAre);
  });
}

function sayWhoWeAre(turn: Turn, { id, certs, proof }: Proof): void {
  const { sa } = turn;
  const wanted = proof.type === 'SIG' ? certRequests(turn, sa.policy) : [];
  const contact =
    sa.policy.initialContact && !sa.isRenewal ? [notification(NOTIFY.INITIAL_CONTACT, NOTHING, aboutUs(sa))] : [];
  turn.enter('mainI3');
  turn.send(turn.talk, [id, ...certs, ...wanted, proof, ...contact], true);
  sentText(turn, 'Main Mode I3');
}

function answerProof(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { suite } = sa;
  const handshake = handshakeOf(sa);
  const peerId = peerIdIn(message);
  if (!peerId || !suite) return;
  const policies = connectionsFor(turn, peerId, { suite, method: handshake.method });
  if ('wrong' in policies) return disbelieve(turn, policies);
  believe(turn, message, { peerId, policies, isOurTurn: true }, (sure, { policy, signed }) => {
    admit(sure, message, peerId, policy);
    sure.accept(message);
    noteCertRequests(sa, message.payloads);
    prove(sure, signed, (ready, { id, certs, proof }) => {
      ready.send(ready.talk, [id, ...certs, proof, ...lifetimeNotice(sa)], false);
      establish(ready, saysInitialContact(message));
    });
  });
}

function finish(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const peerId = peerIdIn(message);
  if (!peerId) return;
  const wrong = wrongPeer(sa, peerId);
  if (wrong) return disbelieve(turn, wrong);
  believe(turn, message, { peerId, policies: [sa.policy], isOurTurn: false }, (sure) => {
    sure.accept(message);
    noteLifetime(sure, message);
    admit(sure, message, peerId, sa.policy);
    establish(sure, saysInitialContact(message));
  });
}
