/**
 * Where datagrams meet IKE SAs. A packet goes straight from the socket to the mailbox of the one SA that its
 * SPIs name; only a first IKE_SA_INIT makes anything new, and a flood of those meets the gate (RFC 7296 §2.6).
 *
 *   socket ─► header ─► our SPI known ────────────────► that SA's mailbox
 *                └────► IKE_SA_INIT, SPI of a half-open ─► that one's mailbox (a duplicate)
 *                └────► IKE_SA_INIT, new ─► gate ─► cookie │ drop │ a new SA
 */

import { keep } from '../ike/crypto/keep.ts';
import type { Datagram } from '../ike/effects.ts';
import { admit, type CookieSecrets, type Door, redirection } from '../ike/v2/gate.ts';
import { decodeHeader, EXCHANGE } from '../ike/wire/index.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { Sources, sourceOf } from '../net/sources.ts';
import type { Debugging } from './debugging.ts';
import type { IkeSaMessage } from './ike-sa.ts';
import type { Impairments } from './impairments.ts';
import type { About } from './lines.ts';
import type { ActorRef } from './runtime/index.ts';
import { SpiTable } from './spi-table.ts';
import type { LogLevel } from './world.ts';

export interface GateLimits {
  /** `busy`: cookies always; `unlimited`: never; `auto`: from the threshold on. */
  mode: 'auto' | 'busy' | 'unlimited';
  /** Half-open SAs from which cookies are asked for (`ddos-ike-threshold`). */
  cookiesFrom: number;
  /** Half-open SAs from which nobody new gets in (`max-halfopen-ike`). */
  maxHalfOpen: number;
  /** Half-open SAs of one source that has returned a cookie (`max-halfopen-per-source`); 0: any number. */
  maxPerSource: number;
  /**
   * ms that a handshake waits for its turn or for a helper, from which on cookies are asked for (`ddos-delay`); from
   * `REFUSE_AT` times that, nobody new gets in. 0: never.
   */
  delay: number;
}

/** In multiples of `GateLimits.delay`. */
const REFUSE_AT = 10;

export interface SwitchboardPorts {
  now(): number;
  random(octets: number): Uint8Array;
  log(level: LogLevel, text: string, about?: About): void;
  readonly debugging: Debugging;
  readonly impairments: Impairments;
  /** A new responder, spawned and told of nothing yet. */
  answerer(datagram: Datagram, spiI: Uint8Array): ActorRef<IkeSaMessage> | undefined;
  /** Where initiators are to go instead of here; `isBusy`: cookies are demanded. */
  otherDoor(isBusy: boolean): Door | undefined;
  /** ms that handshakes wait for their turns and for helpers. */
  behind(): number;
}

interface HalfOpen {
  readonly sa: ActorRef<IkeSaMessage>;
  /** Of a peer that has returned a cookie. */
  readonly source: string | undefined;
}

/** One of our sockets, as the way out. */
export interface Sender {
  send(peer: Endpoint, bytes: Uint8Array): void;
  sendKeepalive(peer: Endpoint): void;
}

/** How long a cookie's secret is used to make them; it opens for as long again. */
const COOKIE_GENERATION = 60_000;

export class Switchboard {
  readonly #ports: SwitchboardPorts;
  readonly #sas = new SpiTable<ActorRef<IkeSaMessage>>();
  /** Responders that are not established, by the initiator's SPI and place. */
  readonly #halfOpen = new Map<string, HalfOpen>();
  /** What sources have of them that have returned a cookie: those of others may be somebody else's doing. */
  readonly #sources = new Sources();
  readonly #senders = new Map<string, Sender>();
  /** Most packets leave by one socket: its place needs no text to look it up. */
  #latest: { readonly local: Endpoint; readonly sender: Sender } | undefined = undefined;
  readonly limits: GateLimits;
  readonly counters = {
    received: 0,
    malformed: 0,
    unknownSpi: 0,
    cookies: 0,
    redirected: 0,
    refused: 0,
    /** Beyond the share of one source. */
    crowded: 0,
    /** Because we are too far behind. */
    shed: 0,
    dropped: 0,
    sent: 0,
    unsendable: 0,
    /** IKE messages, without their UDP headers. */
    octetsIn: 0,
    octetsOut: 0,
  };
  #secrets: CookieSecrets;
  #secretsSince: number;

  constructor(ports: SwitchboardPorts, limits: GateLimits) {
    this.#ports = ports;
    this.limits = limits;
    this.#secrets = { generation: 0, current: ports.random(32), previous: ports.random(32) };
    this.#secretsSince = ports.now();
  }

  get halfOpen(): number {
    return this.#halfOpen.size;
  }

  get size(): number {
    return this.#sas.size;
  }

  sas(): readonly ActorRef<IkeSaMessage>[] {
    return this.#sas.values();
  }

  get wantsCookies(): boolean {
    const { mode, cookiesFrom } = this.limits;
    return mode === 'busy' || (mode === 'auto' && (this.#halfOpen.size >= cookiesFrom || this.#isBehind(1)));
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
    this.#sender(local)?.send(peer, bytes);
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

  unregisterHalfOpen(spiI: Uint8Array, peer: Endpoint): void {
    const key = halfOpenKey(spiI, peer);
    const source = this.#halfOpen.get(key)?.source;
    if (source !== undefined) this.#sources.giveBack(source);
    this.#halfOpen.delete(key);
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

  /** `quoted`: the start of a message of ours that did not arrive. Its SA says so. */
  networkError(quoted: Uint8Array, text: string): void {
    if (quoted.length < 16) return this.#debug(() => text);
    const sa = this.#sas.find(quoted) ?? this.#sas.find(quoted, 8);
    sa?.offer({ t: 'networkError', text });
  }

  #first(datagram: Datagram, header: Parameters<typeof admit>[0]): void {
    const { counters, limits } = this;
    const known = this.#halfOpen.get(halfOpenKey(header.spiI, datagram.peer));
    if (known) return void known.sa.offer({ t: 'packet', datagram });
    const asks = this.wantsCookies;
    if (this.#redirect(datagram, header, asks)) return;
    if (this.#halfOpen.size >= limits.maxHalfOpen) {
      counters.refused++;
      return;
    }
    if (limits.mode !== 'unlimited' && this.#isBehind(REFUSE_AT)) {
      counters.shed++;
      return;
    }
    const admission = admit(header, datagram.bytes, datagram.peer, asks ? this.#cookieSecrets() : undefined);
    if (admission.t === 'drop') {
      counters.malformed++;
      return this.#debug(() => `IKE_SA_INIT from ${datagram.peer}: ${admission.why}; dropped`, datagram.peer);
    }
    if (admission.t === 'answer') {
      counters.cookies++;
      return this.send(datagram.local, datagram.peer, admission.bytes);
    }
    const source = asks ? sourceOf(datagram.peer.address) : undefined;
    if (source !== undefined && limits.maxPerSource > 0 && this.#sources.held(source) >= limits.maxPerSource) {
      counters.crowded++;
      return;
    }
    const sa = this.#ports.answerer(datagram, keep(header.spiI));
    if (!sa) return;
    if (source !== undefined) this.#sources.take(source);
    // At once: its duplicate, or a flood, may be in the same batch.
    this.#halfOpen.set(halfOpenKey(header.spiI, datagram.peer), { sa, source });
    sa.tell({ t: 'packet', datagram });
  }

  #redirect({ local, peer, bytes }: Datagram, header: Parameters<typeof admit>[0], isBusy: boolean): boolean {
    const door = this.#ports.otherDoor(isBusy);
    const answer = door && redirection(header, bytes, door);
    if (!answer) return false;
    this.counters.redirected++;
    this.send(local, peer, answer);
    return true;
  }

  #isBehind(times: number): boolean {
    const { delay } = this.limits;
    return delay > 0 && this.#ports.behind() >= delay * times;
  }

  #sendImpaired(local: Endpoint, peer: Endpoint, bytes: Uint8Array): void {
    const { impairments } = this.#ports;
    if (impairments.on('drop-outbound')) return;
    const sent = impairments.on('corrupt-outbound') ? corrupted(bytes) : bytes;
    this.#sender(local)?.send(peer, sent);
    if (impairments.on('jacob-two-two')) this.#sender(local)?.send(peer, sent);
  }

  #debug(text: () => string, peer?: Endpoint): void {
    const { debugging, log } = this.#ports;
    if (debugging.on('base')) log('debug', text(), peer && { peer: peer.address });
  }

  #cookieSecrets(): CookieSecrets {
    const now = this.#ports.now();
    if (now - this.#secretsSince > COOKIE_GENERATION) {
      const { generation, current } = this.#secrets;
      this.#secrets = { generation: generation + 1, current: this.#ports.random(32), previous: current };
      this.#secretsSince = now;
    }
    return this.#secrets;
  }
}

function corrupted(bytes: Uint8Array): Uint8Array {
  const other = Uint8Array.from(bytes);
  other[other.length - 1] ^= 1;
  return other;
}

const isZero = (spi: Uint8Array) => spi.every((octet) => octet === 0);
const halfOpenKey = (spiI: Uint8Array, peer: Endpoint) => `${Buffer.from(spiI).toString('latin1')}${peer}`;
