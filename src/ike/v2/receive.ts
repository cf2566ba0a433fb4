/**
 * From a datagram to the row that takes it. Everything before a message is authentic leaves the SA as it was:
 *
 *   datagram ─ parses, ours by SPIs and role ─ id in the window ─ authentic, whole ─ a row fits ─► run
 */
import { isSame } from '../crypto/misc.ts';
import type { In } from '../effects.ts';
import { faultText } from '../fault.ts';
import {
  decodeMessage,
  describe,
  EXCHANGE,
  EXCHANGE_NAMES,
  type Header,
  type Message,
  NOTIFY,
  type Payload,
  PROTOCOL,
} from '../wire/index.ts';
import { isAuthentic, openMessage } from './channel.ts';
import { dropPending, end } from './ending.ts';
import type { IkeSa } from './ike-sa.ts';
import { openOutbound } from './informational.ts';
import { pick, type Transition } from './transitions.ts';
import { hasNotify, type Incoming, type Turn } from './turn.ts';

export function receive(turn: Turn, { datagram }: Extract<In, { t: 'packet' }>): void {
  const { sa } = turn;
  const decoded = decodeMessage(datagram.bytes);
  if (!decoded.ok) return turn.debug(() => `packet from ${datagram.peer}: ${faultText(decoded.fault)}`);
  const message = decoded.value;
  const { header } = message;
  if (header.isInitiator !== (sa.role === 'responder'))
    return turn.debug(() => `packet from ${datagram.peer} with our own role`);
  if (!isOurs(sa, header)) return turn.debug(() => `packet from ${datagram.peer} for other SPIs`);
  const incoming = (payloads: readonly Payload[]): Incoming => ({
    header,
    payloads,
    bytes: datagram.bytes,
    local: datagram.local,
    peer: datagram.peer,
  });
  if (header.isResponse) response(turn, message, incoming);
  else request(turn, message, incoming);
}

function request(turn: Turn, message: Message, incoming: (payloads: readonly Payload[]) => Incoming): void {
  const { sa } = turn;
  const { messageId, exchange } = message.header;
  if (messageId === sa.expectedRequestId - 1) return again(turn, message, incoming(message.payloads));
  if (messageId !== sa.expectedRequestId)
    return turn.debug(() => `request ${messageId} where ${sa.expectedRequestId} was expected`);
  // Established at the peer's end, but not here until its answer comes; the request comes again.
  if (sa.state === 'authSent' || sa.state === 'intermediateSent')
    return turn.debug(() => `${name(exchange)} request before the answer to IKE_AUTH; dropped`);
  const payloads =
    exchange === EXCHANGE.IKE_SA_INIT ? message.payloads : reveal(turn, message, incoming(message.payloads));
  if (!payloads) return;
  // The peer may know before us which successor gets the children: it asks again when ours has them.
  if (sa.isProvisional && !payloads.some((p) => p.type === 'D' && p.protocol === PROTOCOL.IKE))
    return turn.debug(() => `${name(exchange)} request to an IKE SA that has not inherited yet; dropped`);
  const whole = incoming(payloads);
  const critical = payloads.find((p) => p.type === 'unknown' && p.critical);
  if (critical?.type === 'unknown') return turn.refuse(whole, { kind: 'critical', payload: critical.number });
  const row = pick(exchange, { state: sa.state }, payloads);
  if ('missing' in row) return unfit(turn, whole, row.missing);
  const waiting = sa.children.filter((c) => c.awaitsOutbound);
  run(turn, row, whole);
  // With its next request the peer tells that it has our answers, and so the other end of what they granted.
  for (const child of waiting) {
    const isOpen = sa.collisions.some((c) => c.t === 'child' && c.child === child);
    if (child.state === 'up' && !isOpen && sa.children.includes(child)) openOutbound(turn, child);
  }
}

/** A request that no row takes. INVALID_SYNTAX ends the SA at both ends (RFC 7296 §2.21.3). */
function unfit(turn: Turn, message: Incoming, missing: string): void {
  const { sa } = turn;
  const what = () => `${describe(message.header, message.payloads)} in state ${sa.state}: ${missing}`;
  if (message.header.exchange === EXCHANGE.IKE_SA_INIT) return turn.debug(what);
  const text = what();
  turn.refuse(message, { kind: 'misbehaved', rule: text });
  end(turn, 'refused', text);
}

/**
 * The same request once more gets the same octets once more (RFC 7296 §2.1); of fragments, only the first asks for
 * it (RFC 7383 §2.6.1). A forged one gets nothing: we are nobody's amplifier.
 */
function again(turn: Turn, message: Message, incoming: Incoming): void {
  const { sa } = turn;
  const last = message.payloads.at(-1);
  if (last?.type === 'SKF' && last.number !== 1) return;
  const { exchange, messageId } = message.header;
  const isSame =
    exchange === EXCHANGE.IKE_SA_INIT
      ? sa.handshake !== undefined && Buffer.compare(sa.handshake.request, incoming.bytes) === 0
      : isAuthentic(sa, message, incoming.bytes) ||
        // What it was answered by may have been new keys, which it does not have yet.
        isAuthentic(sa, message, incoming.bytes, sa.handshake?.mixing?.former);
  if (!isSame) return turn.debug(() => `${name(exchange)} request ${messageId} once more, but not the same; dropped`);
  turn.debug(() => `${name(exchange)} request ${messageId} once more; answering as before`);
  turn.send(sa.lastResponse, incoming);
}

function response(turn: Turn, message: Message, incoming: (payloads: readonly Payload[]) => Incoming): void {
  const { sa } = turn;
  const { outstanding } = sa;
  const { messageId, exchange } = message.header;
  if (!outstanding || outstanding.messageId !== messageId || outstanding.exchange !== exchange) {
    return turn.debug(() => `${name(exchange)} response ${messageId}, which nobody awaits`);
  }
  const { pending } = outstanding;
  if (exchange === EXCHANGE.IKE_SA_INIT) {
    const row = pick(exchange, { answers: pending.kind }, message.payloads);
    if ('missing' in row) return turn.debug(() => `IKE_SA_INIT response ignored: ${row.missing}`);
    return run(turn, row, incoming(message.payloads));
  }
  const payloads = reveal(turn, message, incoming(message.payloads));
  if (!payloads) return;
  turn.settle();
  turn.answered = pending;
  const row = pick(exchange, { answers: pending.kind }, payloads);
  const why =
    'missing' in row
      ? row.missing
      : payloads.some((p) => p.type === 'unknown' && p.critical)
        ? 'critical payload of unknown type'
        : hasNotify(payloads, NOTIFY.INVALID_SYNTAX) && sa.state !== 'authSent'
          ? 'peer cannot parse our request'
          : undefined;
  if ('missing' in row || why) {
    const text = `${describe(message.header, payloads)}: ${why}`;
    dropPending(turn, pending, 'refused', text);
    return end(turn, 'refused', text);
  }
  run(turn, row, incoming(payloads));
}

/** The inner payloads of a message that is authentic and whole; undefined otherwise. */
function reveal(turn: Turn, message: Message, outer: Incoming): readonly Payload[] | undefined {
  const { sa, env } = turn;
  if (!sa.keys) return void turn.debug(() => `${name(message.header.exchange)} before there are keys`);
  const opened = openMessage(sa, message, outer.bytes);
  switch (opened.t) {
    case 'unauthentic':
      if (opened.limit) env.limited?.(opened.limit);
      return void turn.debug(
        () => `${name(message.header.exchange)} ${message.header.messageId} from ${outer.peer}: ${opened.why}; dropped`,
      );
    case 'more':
      sa.lastHeard = env.now;
      return undefined;
    case 'fault':
      if (!message.header.isResponse) turn.refuse({ ...outer, payloads: [] }, opened.fault);
      // RFC 7296 §2.21.3: INVALID_SYNTAX on an authentic message ends the SA.
      end(turn, 'refused', `authentic message does not parse: ${faultText(opened.fault)}`);
      return undefined;
    case 'payloads':
      sa.lastHeard = env.now;
      follow(turn, outer);
      turn.covered = opened.covered;
      return opened.payloads;
    default:
      return opened satisfies never;
  }
}

/** A peer behind a NAT is where its last authentic packet came from. RFC 7296 §2.23. */
function follow(turn: Turn, { local, peer }: Incoming): void {
  const { sa } = turn;
  const isMoved = !sa.peer.equals(peer) || !sa.local.equals(local);
  const mayMove = sa.isHalfOpen || (sa.peerIsNatted && !sa.weAreNatted);
  if (!isMoved || !mayMove) return;
  turn.debug(() => `peer moved from ${sa.peer} to ${peer}`);
  sa.peer = peer;
  sa.local = local;
  const serials = sa.children.map((c) => c.serial);
  if (serials.length > 0) turn.outs.push({ t: 'moved', serials, local, peer });
}

function run(turn: Turn, row: Transition, message: Incoming): void {
  turn.row = row;
  turn.from = turn.sa.state;
  turn.note('in', message.payloads);
  turn.debug(() => `${describe(message.header, message.payloads)} in ${turn.from}: ${row.story}`);
  row.run(turn, message);
  checkEnd(turn);
}

/** Holds a row to where it says that it leads; while a helper computes it is not at its end. */
export function checkEnd({ sa, row, from }: Turn): void {
  if (row && sa.job === 0 && sa.state !== from && !row.to.includes(sa.state))
    throw new Error(`"${row.story}" led from ${from} to ${sa.state}`);
}

/** Both SPIs, but that the responder's is zero in the first message, and new to us in its answer. */
function isOurs({ spiI, spiR }: IkeSa, header: Header): boolean {
  return isSame(spiI, header.spiI) && (header.exchange === EXCHANGE.IKE_SA_INIT || isSame(spiR, header.spiR));
}

const name = (exchange: number) => EXCHANGE_NAMES.get(exchange) ?? `exchange ${exchange}`;
