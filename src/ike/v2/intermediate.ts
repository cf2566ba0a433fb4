/**
 * IKE_INTERMEDIATE, RFC 9242: additional key exchanges (RFC 9370 §2.2.2) and pre-shared secrets (RFC 9867) before anybody
 * says who it is.
 *
 *     HDR, SK { [KEi(n)] [N(PPK_IDENTITY_KEY)..] }  -->
 *                                                   <--  HDR, SK { [KEr(n)] [N(PPK_IDENTITY)] }
 *
 * The keys that protect an exchange are those that AUTH covers it with; new ones hold from the next message on.
 */
import { groupById } from '../crypto/algorithms.ts';
import type { Job } from '../crypto/job.ts';
import { IkeKeys } from '../crypto/keys.ts';
import { wipe } from '../crypto/misc.ts';
import { where } from '../where.ts';
import { EXCHANGE, find, NOTIFY, type Payload } from '../wire/index.ts';
import { startAuth } from './auth-initiator.ts';
import { coveredOctets } from './channel.ts';
import { end } from './ending.ts';
import { detail, handshakeOf } from './handshake.ts';
import type { IkeSa } from './ike-sa.ts';
import { changeKeys, cover, mixingOf } from './mixing.ts';
import { acceptPpk, answerPpk, offerPpks } from './ppk-intermediate.ts';
import type { Transition } from './transitions.ts';
import { errorIn, type Incoming, notification, type Turn } from './turn.ts';

/** Seven key exchanges, and one that has nothing to do with them: a peer that has yet to say who it is gets no more. */
const MOST_EXCHANGES = 8;

export const INTERMEDIATE: readonly Transition[] = [
  {
    story: 'mix in what the peer sends before IKE_AUTH',
    exchange: EXCHANGE.IKE_INTERMEDIATE,
    request: ['initAnswered', 'intermediateAwaited'],
    need: [],
    run: answer,
    to: ['initAnswered', 'intermediateAwaited', 'dead'],
  },
  {
    story: 'mix in what the peer answers before IKE_AUTH',
    exchange: EXCHANGE.IKE_INTERMEDIATE,
    response: 'intermediate',
    need: [],
    run: finish,
    to: ['intermediateSent', 'authSent', 'dead'],
  },
];

/** As initiator, once there are keys: the next exchange that is due, or IKE_AUTH. */
export function startNext(turn: Turn): void {
  const { sa } = turn;
  const { mixing } = handshakeOf(sa);
  if (!mixing || !isDue(sa)) return startAuth(turn);
  turn.enter('intermediateSent');
  const group = sa.suite?.additional?.[mixing.done];
  if (!group) return send(turn, []);
  turn.submit({ op: 'ke.make', group: group.id }, (later, result) => {
    if (!result.ok || result.op !== 'ke.make')
      return void end(later, 'local', `cannot make a key for ${group.name}: ${detail(result)}`);
    mixing.private = result.private;
    send(later, [{ type: 'KE', critical: false, group: group.id, data: result.public }]);
  });
}

/** With intermediate=yes there is one exchange at least, as libreswan has it: of nothing, if there is nothing to say. */
function isDue({ suite, policy, handshake }: IkeSa): boolean {
  const mixing = handshake?.mixing;
  if (!mixing?.isAgreed) return false;
  const isFirst = mixing.exchanges === 0 && (policy.intermediate || mixing.ppk === 'intermediate');
  return isFirst || mixing.done < (suite?.additional?.length ?? 0);
}

/** A PPK goes with the last key exchange, so that the keys it makes have all of them in them. */
const isLast = ({ suite, handshake }: IkeSa): boolean =>
  (handshake?.mixing?.done ?? 0) + 1 >= (suite?.additional?.length ?? 0);

function send(turn: Turn, ke: readonly Payload[]): void {
  const { sa } = turn;
  const payloads = [...ke, ...(isLast(sa) ? offerPpks(turn) : [])];
  cover(sa, 'request', coveredOctets(headerOf(sa, sa.nextRequestId, false), payloads));
  turn.request(EXCHANGE.IKE_INTERMEDIATE, payloads, { kind: 'intermediate' });
  turn.say(`sent IKE_INTERMEDIATE request to ${where(sa.peer)}${contentText(ke)}`);
}

const contentText = (ke: readonly Payload[]): string => {
  const [payload] = ke;
  return payload?.type === 'KE' ? ` {${groupById(payload.group)?.name ?? payload.group}}` : '';
};

function finish(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const mixing = mixingOf(sa);
  const error = errorIn(message.payloads);
  const refuse = (text: string) =>
    void end(turn, 'refused', `IKE_INTERMEDIATE response from ${where(sa.peer)}: ${text}`);
  if (error) return refuse(`peer refused with ${error.name}`);
  cover(sa, 'response', turn.covered ?? []);
  const asked = sa.suite?.additional?.[mixing.done];
  const ke = find(message.payloads, 'KE');
  if (ke?.group !== asked?.id)
    return refuse(`a key for ${groupName(ke?.group)}, where we have sent one for ${groupName(asked?.id)}`);
  const goOn = (later: Turn) => {
    const problem = acceptPpk(later, message.payloads);
    if (problem) return void end(later, 'refused', problem);
    startNext(later);
  };
  if (!ke || !asked) return goOn(turn);
  turn.submit(keysJob(sa, asked.id, ke.data, mixing.private), (later, result) => {
    wipe(mixing.private);
    if (!result.ok || result.op !== 'ike.keys')
      return void end(later, 'refused', `additional key exchange failed: ${detail(result)}`);
    mixing.done++;
    changeKeys(sa, new IkeKeys(result.keys, sa.suite!));
    goOn(later);
  });
}

function answer(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const mixing = handshakeOf(sa).mixing;
  const refuse = (rule: string) => {
    turn.refuse(message, { kind: 'misbehaved', rule });
    end(turn, 'refused', rule);
  };
  if (!mixing?.isAgreed) return refuse('RFC 9242 §3.1: IKE_INTERMEDIATE was not agreed on');
  if (mixing.exchanges >= MOST_EXCHANGES) return refuse(`more than ${MOST_EXCHANGES} IKE_INTERMEDIATE exchanges`);
  cover(sa, 'request', turn.covered ?? []);
  const due = sa.suite?.additional?.[mixing.done];
  const ke = find(message.payloads, 'KE');
  if (ke && ke.group !== due?.id)
    return refuse(`RFC 9370 §2.2.2: a key for ${groupName(ke.group)}, where one for ${groupName(due?.id)} is due`);
  if (!ke) return respond(turn, message, []);
  turn.submit(keysJob(sa, ke.group, ke.data), (later, result) => {
    if (!result.ok || result.op !== 'ike.keys' || !result.public) {
      const rule = `additional key exchange failed: ${detail(result)}`;
      later.refuse(message, { kind: 'misbehaved', rule });
      return void end(later, 'refused', rule);
    }
    mixing.done++;
    const answered: Payload = { type: 'KE', critical: false, group: ke.group, data: result.public };
    respond(later, message, [answered], new IkeKeys(result.keys, sa.suite!));
  });
}

/** Answers under the keys that the request came with, and takes up the new ones. */
function respond(turn: Turn, message: Incoming, ke: readonly Payload[], keys?: IkeKeys): void {
  const { sa } = turn;
  const mixing = mixingOf(sa);
  const ppk = answerPpk(turn, message.payloads);
  if (ppk === 'refused') {
    keys?.wipe();
    turn.respond(message, [notification(NOTIFY.AUTHENTICATION_FAILED)]);
    return void end(turn, 'refused', 'peer has none of the PPKs that we insist on');
  }
  const payloads = [...ke, ...(ppk?.payloads ?? [])];
  cover(sa, 'response', coveredOctets(headerOf(sa, message.header.messageId, true), payloads));
  turn.respond(message, payloads);
  turn.say(`sent IKE_INTERMEDIATE response to ${where(sa.peer)}${contentText(ke)}`);
  if (keys) changeKeys(sa, keys);
  ppk?.mixIn(keys !== undefined);
  turn.enter(mixing.done < (sa.suite?.additional?.length ?? 0) ? 'intermediateAwaited' : 'initAnswered');
}

const headerOf = ({ spiI, spiR, role }: IkeSa, messageId: number, isResponse: boolean) => ({
  ...{ spiI, spiR, exchange: EXCHANGE.IKE_INTERMEDIATE, isInitiator: role === 'initiator', isResponse, messageId },
});

/** SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr): as in a rekey, but that SPIs and nonces stay. RFC 9370 §2.2.2. */
function keysJob(sa: IkeSa, group: number, theirs: Uint8Array, mine?: Uint8Array): Job {
  const { ni, nr } = handshakeOf(sa);
  const { suite, keys } = sa;
  if (!suite || !keys) throw new Error(`#${sa.serial} has no keys`);
  return {
    op: 'ike.keys',
    group,
    theirs: Uint8Array.from(theirs),
    ni,
    nr,
    spis: new Uint8Array([...sa.spiI, ...sa.spiR]),
    prf: suite.prf.id,
    encr: suite.encr.id,
    encrBits: suite.encrBits,
    integ: suite.integ?.id ?? 0,
    rekey: { prf: suite.prf.id, skD: keys.skD },
    ...(mine ? { mine } : {}),
  };
}

const groupName = (id: number | undefined): string =>
  id === undefined ? 'no group' : (groupById(id)?.name ?? `group ${id}`);
