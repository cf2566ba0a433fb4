/**
 * Where datagrams meet IKE SAs. A packet goes straight from the socket to the mailbox of the one SA that its
 * SPIs name; only a first IKE_SA_INIT makes anything new, and a flood of those meets the gate (RFC 7296 §2.6).
 *
 *   socket ─► header ─► our SPI known ────────────────► that SA's mailbox
 *                └────► IKE_SA_INIT, SPI of a half-open ─► that one's mailbox (a duplicate)
 *                └────► IKE_SA_INIT, of one that is up since ─► nowhere (a late duplicate)
 *                └────► IKE_SA_INIT, new ─► gate ─► cookie │ drop │ a new SA
 *
 * Of IKEv1, where either cookie may be ours: the same, with v1-door.ts for a gate.
 *
 * First messages wait in their socket's buffer while the handshakes that have begun are enough to do (`hasRoom`): these
 * are over sooner that way, and who waits there costs nothing else.
 */

import { keep } from '../ike/crypto/keep.ts';
import type { Datagram } from '../ike/effects.ts';
import { beginning, type FirstExchange, isFragment } from '../ike/v1/first.ts';
import { FirstFragments } from '../ike/v1/first-fragments.ts';
import { COOKIE_ANSWER_OCTETS, Cookies, isFirstMessage, type Knock } from '../ike/v2/cookies.ts';
import { admit, type Door, redirection } from '../ike/v2/gate.ts';
import {
  decodeHeader,
  EXCHANGE,
  HEADER_AT,
  HEADER_OCTETS,
  type Header,
  isZero,
  SPI_OCTETS,
} from '../ike/wire/index.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { Sources, sourceOf } from '../net/sources.ts';
import { CookieDemand } from './cookie-demand.ts';
import type { Debugging } from './debugging.ts';
import type { IkeSaMessage } from './ike-sa.ts';
import type { Impairments } from './impairments.ts';
import { Lately } from './lately.ts';
import type { About } from './lines.ts';
import type { ActorRef } from './runtime/index.ts';
import { SpiTable } from './spi-table.ts';
import { type Charge, type Ikev1Policy, V1Door, type V1DoorPorts } from './v1-door.ts';
import type { LogLevel } from './world.ts';

export interface GateLimits {
  /** `busy`: cookies always; `unlimited`: never; `auto`: while there is a reason for them. */
  mode: 'auto' | 'busy' | 'unlimited';
  /** Half-open SAs from which cookies are asked for (`ddos-ike-threshold`). */
  cookiesFrom: number;
  /** Half-open SAs from which nobody new gets in (`max-halfopen-ike`). */
  maxHalfOpen: number;
  /** Half-open SAs of one source that has returned a cookie (`max-halfopen-per-source`); 0: any number. */
  maxPerSource: number;
  /**
   * ms that a first message waits to be read, or a handshake for its turn or for a helper, from which on cookies are
   * asked for (`ddos-delay`); from `REFUSE_AT` times that, nobody new gets in. 0: never.
   */
  delay: number;
}

export interface DoorLimits extends GateLimits {
  ikev1: Ikev1Policy;
}

/** In multiples of `GateLimits.delay`. */
const REFUSE_AT = 10;
/** ms; who seems to have waited longer has seen that clock being set: nobody's peer asks for so long without giving up. */
const LONGEST_WAIT = 30_000;
/** Handshakes that have something to do: from so many on, first messages are better left where they are. */
const ENOUGH_TO_DO = 128;

export interface SwitchboardPorts extends V1DoorPorts {
  random(octets: number): Uint8Array;
  log(level: LogLevel, text: string, about?: About): void;
  readonly debugging: Debugging;
  readonly impairments: Impairments;
  /** A new responder of that version of IKE, spawned and told of nothing yet. */
  answerer(datagram: Datagram, spiI: Uint8Array, version: 1 | 2): ActorRef<IkeSaMessage> | undefined;
  /** Where initiators are to go instead of here; `isBusy`: cookies are demanded. */
  otherDoor(isBusy: boolean): Door | undefined;
  /** ms that handshakes wait for their turns and for helpers. */
  behind(): number;
  /** How many of them do. */
  backlog(): number;
}

interface HalfOpen {
  readonly sa: ActorRef<IkeSaMessage>;
  readonly peer: Endpoint;
  /** Of a peer that has returned a cookie. */
  readonly source: string | undefined;
  /** Of IKEv1. */
  readonly charge: Charge | undefined;
  /** Somebody else with the same SPI. */
  next: HalfOpen | undefined;
}

/** One of our sockets, as the way out. */
export interface Sender {
  /** At `flush`, if not before. */
  send(peer: Endpoint, bytes: Uint8Array): void;
  flush(): void;
  sendKeepalive(peer: Endpoint): void;
}

export class Switchboard {
  readonly #ports: SwitchboardPorts;
  readonly #sas = new SpiTable<ActorRef<IkeSaMessage>>();
  /** Responders that are not established, by the initiator's SPI. */
  readonly #halfOpen: SpiTable<HalfOpen>;
  #halfOpenCount = 0;
  /** Initiators that have come up: their first messages may still be in the buffer. */
  readonly #lately = new Lately();
  /** What sources have of them that have returned a cookie: those of others may be somebody else's doing. */
  readonly #sources = new Sources();
  readonly #senders = new Map<string, Sender>();
  /** Those that may have something to send yet. */
  readonly #unflushed = new Set<Sender>();
  /** Most packets leave by one socket: its place needs no text to look it up. */
  #latest: { readonly local: Endpoint; readonly sender: Sender } | undefined = undefined;
  readonly limits: DoorLimits;
  readonly counters = {
    received: 0,
    malformed: 0,
    unknownSpi: 0,
    cookies: 0,
    /** Cookies that came back. */
    returned: 0,
    /** First messages of those who are up by now. */
    late: 0,
    redirected: 0,
    refused: 0,
    /** Beyond the share of one source. */
    crowded: 0,
    /** Because we are too far behind. */
    shed: 0,
    dropped: 0,
    /** First messages of IKEv1 that `ikev1-policy` keeps out; and those of them that were told so. */
    v1Refused: 0,
    v1Rejected: 0,
    /** First messages of Aggressive Mode while IKEv2 asks for cookies. */
    v1Aggressive: 0,
    /** Beyond IKEv1's part of all half-open SAs. */
    v1Full: 0,
    sent: 0,
    unsendable: 0,
    /** IKE messages, without their UDP headers. */
    octetsIn: 0,
    octetsOut: 0,
  };
  readonly #cookies: Cookies;
  readonly #demand: CookieDemand;
  readonly #v1: V1Door;
  readonly #fragments = new FirstFragments();
  /** ms that the first messages which are being read have waited for that. */
  #waited = 0;
  #waiting: (() => void)[] = [];

  constructor(ports: SwitchboardPorts, limits: DoorLimits) {
    this.#ports = ports;
    this.limits = limits;
    this.#cookies = new Cookies(ports.random, ports.now());
    this.#halfOpen = new SpiTable(ports.random(4));
    this.#demand = new CookieDemand((text) => ports.log('info', text));
    this.#v1 = new V1Door(ports, limits, this.counters);
  }

  get halfOpen(): number {
    return this.#halfOpenCount;
  }

  get size(): number {
    return this.#sas.size;
  }

  sas(): readonly ActorRef<IkeSaMessage>[] {
    return this.#sas.values();
  }

  get wantsCookies(): boolean {
    const { mode, cookiesFrom, delay } = this.limits;
    if (mode !== 'auto') return mode === 'busy';
    const waited = this.#behind();
    // Of IKEv1 they would ask nobody.
    const halfOpen = this.#halfOpenCount - this.#v1.count;
    return this.#demand.isOn(this.#ports.now(), { halfOpen, cookiesFrom, waited, delay });
  }

  /** Whether first messages are to be read, or had better wait. */
  get hasRoom(): boolean {
    return this.#ports.backlog() < ENOUGH_TO_DO;
  }

  /** `resume` is called once there is room again. */
  whenRoom(resume: () => void): void {
    this.#waiting.push(resume);
  }

  /** What has been said up to now leaves. */
  flush(): void {
    if (this.#unflushed.size === 0) return;
    for (const sender of this.#unflushed) sender.flush();
    this.#unflushed.clear();
  }

  /** Actors have had their turns: they have said something, and there may be room. */
  turned(): void {
    this.flush();
    if (this.#waiting.length === 0 || this.#ports.backlog() > ENOUGH_TO_DO / 2) return;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** What is received during `read` has waited to be read, ms by the clock on the wall. */
  afterWaiting(waited: number, read: () => void): void {
    this.#waited = waited > LONGEST_WAIT ? 0 : waited;
    read();
    this.#waited = 0;
  }

  /** From now on datagrams from `local` go out by `send`. */
  attach(local: Endpoint, sender: Sender): void {
    this.#senders.set(local.toString(), sender);
    this.#latest = { local, sender };
  }

  detach(local: Endpoint): void {
    this.#senders.delete(local.toString());
    this.#latest = undefined;
  }

  get listens(): boolean {
    return this.#senders.size > 0;
  }

  send(local: Endpoint, peer: Endpoint, bytes: Uint8Array): void {
    this.counters.sent++;
    this.counters.octetsOut += bytes.length;
    if (this.#ports.impairments.any) return this.#sendImpaired(local, peer, bytes);
    this.#send(local, peer, bytes);
  }

  #send(local: Endpoint, peer: Endpoint, bytes: Uint8Array): void {
    const sender = this.#sender(local);
    if (!sender) return;
    sender.send(peer, bytes);
    this.#unflushed.add(sender);
  }

  sendKeepalive(local: Endpoint, peer: Endpoint): void {
    this.#sender(local)?.sendKeepalive(peer);
  }

  #sender(local: Endpoint): Sender | undefined {
    if (this.#latest?.local.equals(local)) return this.#latest.sender;
    const sender = this.#senders.get(local.toString());
    if (sender) this.#latest = { local, sender };
    else {
      this.counters.unsendable++;
      this.#debug(() => `no socket at ${local} to send from`);
    }
    return sender;
  }

  /** `spi`: the eight octets by which the peer will name this SA. */
  register(spi: Uint8Array, sa: ActorRef<IkeSaMessage>): void {
    this.#sas.set(spi, sa);
  }

  unregister(spi: Uint8Array): void {
    this.#sas.delete(spi);
  }

  knows(spi: Uint8Array): boolean {
    return this.#sas.find(spi) !== undefined;
  }

  /** `isUp`: because it is established. */
  unregisterHalfOpen(spiI: Uint8Array, peer: Endpoint, isUp: boolean): void {
    const first = this.#halfOpen.find(spiI);
    const found = withPeer(first, peer);
    if (!first || !found) return;
    if (found.source !== undefined) this.#sources.giveBack(found.source);
    if (found.charge) this.#v1.giveBack(found.charge);
    if (isUp) this.#lately.add(spiI, peer, this.#ports.now());
    this.#halfOpenCount--;
    if (found !== first) without(first, found);
    else if (found.next) this.#halfOpen.set(spiI, found.next);
    else this.#halfOpen.delete(spiI);
  }

  /** Whether all first messages are answered alike just now: by `greet`, unless they bring a cookie. */
  get greets(): boolean {
    const { maxHalfOpen } = this.limits;
    const isOpen = this.#halfOpenCount < maxHalfOpen && !this.#sheds && !this.#ports.impairments.any;
    return isOpen && this.wantsCookies && !this.#ports.otherDoor(true);
  }

  /**
   * A datagram without its non-ESP marker, as it lies in the socket's arena, while `greets`. `answered`: the cookie for it
   * is at `at` of `to`, COOKIE_ANSWER_OCTETS, to be sent; `dropped`; or it is to be received as others are.
   */
  greet(knock: Knock, to: Uint8Array, at: number): 'answered' | 'dropped' | 'receive' {
    const { counters } = this;
    if (!isFirstMessage(knock) || this.#halfOpen.find(knock.bytes, knock.at)) return 'receive';
    const look = this.#cookies.look(knock, this.#ports.now());
    if (look === 'opens') return 'receive';
    counters.received++;
    counters.octetsIn += knock.octets;
    if (look === 'malformed') {
      counters.malformed++;
      return 'dropped';
    }
    this.#cookies.answer(knock, to, at);
    this.#demand.sent();
    counters.cookies++;
    counters.sent++;
    counters.octetsOut += COOKIE_ANSWER_OCTETS;
    return 'answered';
  }

  /** A datagram as it lies in the socket's arena, for an SA that we do not have: it is counted, and was that. */
  isStray(bytes: Uint8Array, at: number, octets: number): boolean {
    if (octets < HEADER_OCTETS) return false;
    const major = bytes[at + HEADER_AT.version] >> 4;
    if (major !== 1 && major !== 2) return false;
    if (major === 1 ? this.#hasUseOfV1(bytes, at, octets) : this.#hasUseOfV2(bytes, at)) return false;
    this.counters.received++;
    this.counters.octetsIn += octets;
    this.counters.unknownSpi++;
    return true;
  }

  #hasUseOfV2(bytes: Uint8Array, at: number): boolean {
    const flags = bytes[at + HEADER_AT.flags];
    const isInitiator = (flags & INITIATOR) !== 0;
    // A first message, unless it says that it answers: that would have come to who has SAs, and is nobody's.
    if ((flags & (INITIATOR | RESPONSE)) === INITIATOR && isZero(bytes, at + SPI_OCTETS, SPI_OCTETS)) return true;
    return this.#sas.find(bytes, isInitiator ? at + SPI_OCTETS : at) !== undefined;
  }

  #hasUseOfV1(bytes: Uint8Array, at: number, octets: number): boolean {
    const isKnown = this.#sas.find(bytes, at + SPI_OCTETS) ?? this.#sas.find(bytes, at);
    return isKnown !== undefined || beginning(bytes, at, octets) !== undefined;
  }

  /** A datagram without its non-ESP marker; the octets are the receiver's to keep. */
  receive(datagram: Datagram): void {
    const { impairments } = this.#ports;
    this.counters.received++;
    this.counters.octetsIn += datagram.bytes.length;
    if (impairments.on('drop-inbound')) return;
    if (impairments.on('replay-duplicates')) this.#deliver({ ...datagram, bytes: Uint8Array.from(datagram.bytes) });
    this.#deliver(datagram);
  }

  #deliver(datagram: Datagram): void {
    const { counters } = this;
    const decoded = decodeHeader(datagram.bytes);
    if (!decoded.ok) {
      counters.malformed++;
      const { where, why } = decoded.fault;
      return this.#debug(() => `packet from ${datagram.peer}: malformed ${where}: ${why}`, datagram.peer);
    }
    const header = decoded.value;
    if (header.major === 1) return this.#deliverV1(datagram, header);
    const isFirst = header.exchange === EXCHANGE.IKE_SA_INIT && !header.isResponse && header.isInitiator;
    if (isFirst && isZero(header.spiR)) return this.#first(datagram, header);
    const sa = this.#sas.find(header.isInitiator ? header.spiR : header.spiI);
    if (!sa) {
      // RFC 7296 §2.21.4 allows an answer; a stranger gets none.
      counters.unknownSpi++;
      return;
    }
    if (!sa.offer({ t: 'packet', datagram })) counters.dropped++;
  }

  /** Nothing in a header of IKEv1 says which of the cookies is ours. */
  #deliverV1(datagram: Datagram, { spiI, spiR }: Header): void {
    const { counters, limits } = this;
    const { bytes, local, peer } = datagram;
    const sa = this.#sas.find(spiR) ?? this.#sas.find(spiI);
    if (sa) {
      if (!sa.offer({ t: 'packet', datagram })) counters.dropped++;
      return;
    }
    const exchange = beginning(bytes, 0, bytes.length);
    if (exchange === undefined) {
      counters.unknownSpi++;
      return;
    }
    if (limits.ikev1 !== 'accept') {
      const answer = this.#v1.refuse(datagram, exchange);
      return answer && this.send(local, peer, answer);
    }
    if (!isFragment(bytes)) return this.#firstV1(datagram, spiI, exchange);
    const whole = this.#fragments.take(bytes, peer, this.#ports.now());
    if (whole) this.#firstV1({ local, peer, bytes: whole }, spiI, exchange);
  }

  #firstV1(datagram: Datagram, spiI: Uint8Array, exchange: FirstExchange): void {
    const { counters } = this;
    const { peer } = datagram;
    const known = withPeer(this.#halfOpen.find(spiI), peer);
    if (known) {
      if (!known.charge || !known.sa.offer({ t: 'packet', datagram })) counters.dropped++;
      return;
    }
    if (this.#lately.has(spiI, peer, this.#ports.now())) {
      counters.late++;
      return;
    }
    if (this.#isFull()) return;
    const charge = this.#v1.weigh(datagram, exchange, this.wantsCookies);
    const sa = charge && this.#ports.answerer(datagram, keep(spiI), 1);
    if (!sa) return;
    this.#v1.take(charge);
    this.#opens(spiI, { sa, peer, source: undefined, charge });
    sa.tell({ t: 'packet', datagram });
  }

  /** Nobody new gets in just now. */
  #isFull(): boolean {
    const { counters, limits } = this;
    const isFull = this.#halfOpenCount >= limits.maxHalfOpen;
    if (isFull) counters.refused++;
    else if (this.#sheds) counters.shed++;
    else return false;
    return true;
  }

  /** At once: its duplicate, or a flood, may be in the same batch. */
  #opens(spiI: Uint8Array, one: Omit<HalfOpen, 'next'>): void {
    this.#halfOpen.set(spiI, { ...one, next: this.#halfOpen.find(spiI) });
    this.#halfOpenCount++;
  }

  /** `quoted`: the start of a message of ours that did not arrive. Its SA says so. */
  networkError(quoted: Uint8Array, text: string): void {
    if (quoted.length < 16) return this.#debug(() => text);
    const sa = this.#sas.find(quoted) ?? this.#sas.find(quoted, 8);
    sa?.offer({ t: 'networkError', text });
  }

  #first(datagram: Datagram, header: Header): void {
    const { counters, limits } = this;
    const known = withPeer(this.#halfOpen.find(header.spiI), datagram.peer);
    if (known?.charge) return void counters.dropped++;
    if (known) return void known.sa.offer({ t: 'packet', datagram });
    if (this.#lately.has(header.spiI, datagram.peer, this.#ports.now())) {
      counters.late++;
      return;
    }
    const asks = this.wantsCookies;
    if (this.#redirect(datagram, header, asks)) return;
    if (this.#isFull()) return;
    const admission = admit(header);
    if (admission.t === 'drop') return this.#refuse(datagram, admission.why);
    if (admission.t === 'answer') return this.send(datagram.local, datagram.peer, admission.bytes);
    if (asks && !this.#bringsCookie(datagram)) return;
    const source = asks ? sourceOf(datagram.peer.address) : undefined;
    if (source !== undefined && limits.maxPerSource > 0 && this.#sources.held(source) >= limits.maxPerSource) {
      counters.crowded++;
      return;
    }
    const sa = this.#ports.answerer(datagram, keep(header.spiI), 2);
    if (!sa) return;
    if (asks) this.#demand.returned();
    if (source !== undefined) this.#sources.take(source);
    this.#opens(header.spiI, { sa, peer: datagram.peer, source, charge: undefined });
    sa.tell({ t: 'packet', datagram });
  }

  /** If it does not, it is told what to bring. */
  #bringsCookie(datagram: Datagram): boolean {
    const { local, peer, bytes } = datagram;
    const met = this.#cookies.meet(bytes, peer, this.#ports.now());
    if (met === 'opens') {
      this.counters.returned++;
      return true;
    }
    if (met === 'malformed') {
      this.#refuse(datagram, 'no payloads that a cookie could be made for');
      return false;
    }
    this.#demand.sent();
    this.counters.cookies++;
    this.send(local, peer, met);
    return false;
  }

  #refuse({ peer }: Datagram, why: string): void {
    this.counters.malformed++;
    this.#debug(() => `IKE_SA_INIT from ${peer}: ${why}; dropped`, peer);
  }

  #redirect({ local, peer, bytes }: Datagram, header: Header, isBusy: boolean): boolean {
    const door = this.#ports.otherDoor(isBusy);
    const answer = door && redirection(header, bytes, door);
    if (!answer) return false;
    this.counters.redirected++;
    this.send(local, peer, answer);
    return true;
  }

  #behind(): number {
    return Math.max(this.#waited, this.#ports.behind());
  }

  get #sheds(): boolean {
    const { mode, delay } = this.limits;
    return mode !== 'unlimited' && delay > 0 && this.#behind() >= delay * REFUSE_AT;
  }

  #sendImpaired(local: Endpoint, peer: Endpoint, bytes: Uint8Array): void {
    const { impairments } = this.#ports;
    if (impairments.on('drop-outbound')) return;
    const sent = impairments.on('corrupt-outbound') ? corrupted(bytes) : bytes;
    this.#send(local, peer, sent);
    if (impairments.on('jacob-two-two')) this.#send(local, peer, sent);
  }

  #debug(text: () => string, peer?: Endpoint): void {
    const { debugging, log } = this.#ports;
    if (debugging.on('base')) log('debug', text(), peer && { peer: peer.address });
  }
}

function corrupted(bytes: Uint8Array): Uint8Array {
  const other = Uint8Array.from(bytes);
  other[other.length - 1] ^= 1;
  return other;
}

/** Of an IKE header, RFC 7296 §3.1. */
const [INITIATOR, RESPONSE] = [0x08, 0x20];

/** SPIs are the initiators' choice: two may have chosen the same. */
function withPeer(first: HalfOpen | undefined, peer: Endpoint): HalfOpen | undefined {
  let found = first;
  while (found && !found.peer.equals(peer)) found = found.next;
  return found;
}

function without(first: HalfOpen, gone: HalfOpen): void {
  let before = first;
  while (before.next && before.next !== gone) before = before.next;
  before.next = gone.next;
}
