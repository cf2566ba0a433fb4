/**
 * From a datagram to the row that takes it. Everything before a message is accepted by its row leaves the SA as it was:
 *
 *   datagram ─ whole, ours by cookies ─ of a known exchange ─ no duplicate ─ opened ─ hashed right ─ a row fits ─► run
 */
import { equalSecret, sha1 } from '../crypto/misc.ts';
import type { In } from '../effects.ts';
import { faultText } from '../fault.ts';
import { isZero } from '../wire/header.ts';
import { type Channel, hash1, hash2, hash3 } from './crypto/hashes.ts';
import { open } from './crypto/protect.ts';
import { collect, fresh } from './fragments.ts';
import type { Conversation, IsakmpSa, State } from './isakmp-sa.ts';
import { pick, type Transition } from './transitions.ts';
import { distrust } from './trust.ts';
import { type Incoming, newConversation, type Turn } from './turn.ts';
import {
  type Chain,
  decodeChain,
  decodeMessage,
  describe,
  EXCHANGE,
  exchangeName,
  find,
  type Header,
  type Message,
  NOTIFY_NAMES,
} from './wire/index.ts';

/** A peer that has not heard our answer asks so often at most; whoever asks more makes us an amplifier. */
const MAX_DUPLICATES = 12;
type Packet = Extract<In, { t: 'packet' }>['datagram'];

export function receive(turn: Turn, { datagram }: Extract<In, { t: 'packet' }>): void {
  const { sa } = turn;
  const message = decode(turn, datagram);
  if (!message) return;
  if (sa.phaseOne?.sent.some((own) => Buffer.compare(own, datagram.bytes) === 0))
    return turn.debug(() => `our own message turned back by ${datagram.peer}; dropped`);
  sa.reassembly = fresh(sa.reassembly, turn.env.now);
  const fragment = find(message.chain.payloads, 'FRAGMENT');
  if (!fragment) return take(turn, message, datagram);
  if (!sa.policy.fragmentation)
    return turn.debug(() => `fragment from ${datagram.peer}, and fragmentation=no; dropped`);
  // Whatever came beside it would be kept with it.
  if (message.chain.payloads.length > 1)
    return turn.debug(() => `fragment from ${datagram.peer} with other payloads; dropped`);
  const bytes = collect(sa, fragment, turn.env.now);
  if (!bytes) return;
  const whole = decode(turn, { ...datagram, bytes });
  if (!whole) return;
  if (find(whole.chain.payloads, 'FRAGMENT')) return turn.debug(() => `fragment of fragments from ${datagram.peer}`);
  take(turn, whole, { ...datagram, bytes });
}

function decode(turn: Turn, { bytes, peer }: Packet): Message | undefined {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) return void turn.debug(() => `packet from ${peer}: ${faultText(decoded.fault)}`);
  if (isOurs(turn.sa, decoded.value.header)) return decoded.value;
  return void turn.debug(() => `packet from ${peer} for other cookies`);
}

/**
 * Both cookies, but that the responder's is zero in the first message, and new to us in its answer. What answers ours and
 * has none is our own message turned back, unless it begins nothing: then it may tell why we get no answer.
 */
function isOurs({ role, state, cookieI, cookieR }: IsakmpSa, header: Header): boolean {
  if (Buffer.compare(cookieI, header.cookieI) !== 0) return false;
  if (role === 'responder')
    return Buffer.compare(cookieR, header.cookieR) === 0 || (isZero(header.cookieR) && header.messageId === 0);
  if (isZero(header.cookieR)) return isZero(cookieR) && header.exchange === EXCHANGE.INFORMATIONAL;
  return Buffer.compare(cookieR, header.cookieR) === 0 || state === 'mainI1' || state === 'aggrI1';
}

function take(turn: Turn, message: Message, datagram: Packet): void {
  const { sa } = turn;
  const { header, sealed } = message;
  if (header.exchange === EXCHANGE.INFORMATIONAL && !sealed) return overhear(turn, message);
  const talk = talkOf(turn, header);
  if (!talk) return;
  if (talk.heard && Buffer.compare(talk.heard, sha1(datagram.bytes)) === 0) return again(turn, header, talk);
  // Who has not heard ours may be anybody, and is to cost us no key exchange: it can only say the same once more.
  if (sa.role === 'responder' && sa.state !== 'idle' && isZero(header.cookieR))
    return turn.debug(() => `${exchangeName(header.exchange)} without our cookie; dropped`);
  const chain = sealed ? reveal(turn, message, talk) : message.chain;
  if (!chain) return;
  const incoming: Incoming = {
    header,
    ...chain,
    bytes: datagram.bytes,
    sealed,
    local: datagram.local,
    peer: datagram.peer,
  };
  if (header.messageId !== 0 && !isHashed(turn, talk, chain)) return;
  const row = pick(header.exchange, stateOf(sa, talk), sealed !== undefined, chain.payloads);
  if ('missing' in row)
    return turn.debug(() => `${describe(header, chain.payloads)} in ${stateOf(sa, talk)}: ${row.missing}; dropped`);
  run(turn, row, talk, incoming);
}

/** A notification without protection may be anybody's: it is told, seldom, and changes nothing. RFC 2409 §5.7. */
function overhear(turn: Turn, { header, chain }: Message): void {
  const { sa } = turn;
  turn.note('in', chain.payloads);
  const said = find(chain.payloads, 'N');
  const name = said
    ? (NOTIFY_NAMES.get(said.notify) ?? `notification ${said.notify}`)
    : describe(header, chain.payloads);
  const text = `${name} without protection from ${sa.peer}; ignored`;
  if (sa.hasOverheard) return turn.debug(() => text);
  sa.hasOverheard = true;
  turn.say(text, { level: 'warn' });
}

/** The exchange that a message is of: phase 1, a known one, or one that the peer begins. */
function talkOf(turn: Turn, { messageId, exchange }: Header): Conversation | undefined {
  const { sa } = turn;
  if (messageId === 0) {
    if (exchange !== EXCHANGE.MAIN && exchange !== EXCHANGE.AGGRESSIVE)
      return void turn.debug(() => `${exchangeName(exchange)} with message id 0; dropped`);
    if (!sa.phaseOne && sa.state === 'idle') return newConversation(exchange, 0, undefined, undefined);
    if (sa.phaseOne?.exchange === exchange) return sa.phaseOne;
    return void turn.debug(() => `${exchangeName(exchange)} out of turn; dropped`);
  }
  const known = sa.conversations.find((c) => c.messageId === messageId && c.exchange === exchange);
  if (known) return known;
  if (sa.state === 'aggrR1' && sa.phaseOne) return void prompted(turn, exchange, sa.phaseOne);
  if (sa.state !== 'established')
    return void turn.debug(() => `${exchangeName(exchange)} in state ${sa.state}; dropped`);
  if (sa.usedIds.includes(messageId)) return void turn.debug(() => `${exchangeName(exchange)} replayed; dropped`);
  return turn.newTalk(exchange, messageId);
}

/** The peer has our answer, our cookie is in its message, and thinks that all is said: its own last word is lost. */
function prompted(turn: Turn, exchange: number, talk: Conversation): void {
  const isMuch = ++talk.duplicates > MAX_DUPLICATES;
  turn.debug(
    () => `${exchangeName(exchange)} before the end of Aggressive Mode; ${isMuch ? 'dropped' : 'asking for that'}`,
  );
  if (!isMuch) turn.transmit(talk);
}

/** The same message once more gets the same octets once more, if it had an answer. */
function again(turn: Turn, { exchange, messageId }: Header, talk: Conversation): void {
  const isMuch = ++talk.duplicates > MAX_DUPLICATES;
  const does = talk.sent.length === 0 || isMuch ? 'dropped' : 'answering as before';
  turn.debug(() => `${exchangeName(exchange)} ${hex(messageId)} once more; ${does}`);
  if (talk.sent.length === 0 || isMuch) return;
  turn.transmit(talk);
  // Until it has that, it could not read what we have asked for since.
  const { sa } = turn;
  if (talk === sa.phaseOne) for (const later of sa.conversations) if (later.resend) turn.transmit(later);
}

/** What is inside of an encrypted message, if it makes sense. */
function reveal(turn: Turn, { header, sealed }: Message, talk: Conversation): Chain | undefined {
  const { sa } = turn;
  if (!sa.keys || !sa.suite || !talk.iv || !sealed)
    return void turn.debug(() => `${exchangeName(header.exchange)} encrypted before there are keys; dropped`);
  const plain = open(sa.suite, sa.keys, talk.iv, sealed);
  const chain = plain && decodeChain(header.nextPayload, plain);
  if (chain?.ok) return { ...chain.value, bodies: chain.value.bodies };
  const why = chain ? faultText(chain.fault) : `${sealed.length} octets are no whole blocks`;
  distrust(turn, `${exchangeName(header.exchange)} message cannot be read (${why})`);
  return undefined;
}

/** HASH(1), HASH(2) or HASH(3), whichever the exchange is at. It stands first. RFC 2409 §5.5, §5.7. */
function isHashed(turn: Turn, talk: Conversation, { payloads, bodies, octets }: Chain): boolean {
  const { suite, keys } = turn.sa;
  const [first] = payloads;
  const isThere = first?.type === 'HASH' && suite && keys;
  if (!isThere) {
    turn.debug(() => `${exchangeName(talk.exchange)} ${hex(talk.messageId)} without HASH; dropped`);
    return false;
  }
  // Views of one buffer: what follows HASH begins where its body ends.
  const hashed = bodies[0];
  const rest = new Uint8Array(hashed.buffer, hashed.byteOffset + hashed.length, octets - 4 - hashed.length);
  const channel = { prf: suite.prf, skeyidA: keys.skeyidA, messageId: talk.messageId };
  if (equalSecret(expected(channel, talk, rest), first.data)) return true;
  turn.debug(() => `${exchangeName(talk.exchange)} ${hex(talk.messageId)}: HASH is wrong; dropped`);
  return false;
}

function expected(channel: Channel, { state, quick }: Conversation, rest: Uint8Array): Uint8Array {
  if (state === 'quickI1' && quick) return hash2(channel, quick.ni, rest);
  if (state === 'quickR1' && quick) return hash3(channel, quick.ni, quick.nr);
  return hash1(channel, rest);
}

function run(turn: Turn, row: Transition, talk: Conversation, message: Incoming): void {
  turn.row = row;
  turn.conversation = talk;
  turn.from = stateOf(turn.sa, talk);
  // Of an Informational it depends on what it says whether it is new.
  if (row.exchange !== EXCHANGE.INFORMATIONAL) turn.sa.lastHeard = turn.env.now;
  turn.note('in', message.payloads);
  turn.debug(() => `${describe(message.header, message.payloads)} in ${turn.from}: ${row.story}`);
  if (row.exchange === EXCHANGE.INFORMATIONAL) turn.remember(talk, message.payloads);
  if (message.header.isCommit && !turn.sa.hasSeenCommit) {
    turn.sa.hasSeenCommit = true;
    turn.say(`${exchangeName(row.exchange)} with the commit bit, which is ignored`, { level: 'warn' });
  }
  row.run(turn, message);
  checkEnd(turn);
}

/** Holds a row to where it says that it leads; while a helper computes it is not at its end. */
export function checkEnd({ sa, row, from, conversation }: Turn): void {
  if (!row || !conversation || sa.job !== 0) return;
  const state = stateOf(sa, conversation);
  if (state !== from && !row.to.includes(state)) throw new Error(`"${row.story}" led from ${from} to ${state}`);
}

/** Phase 1 and what ends with one message have the SA's state; and a Quick Mode that comes before its time. */
function stateOf(sa: IsakmpSa, { messageId, exchange, state }: Conversation): State {
  if (messageId === 0) return sa.state;
  if (exchange === EXCHANGE.TRANSACTION) return state;
  return exchange === EXCHANGE.QUICK && !(sa.config && state === 'fresh') ? state : sa.state;
}

const hex = (messageId: number) => messageId.toString(16).padStart(8, '0');
