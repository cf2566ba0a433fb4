/**
 * Who gets in with IKEv1, which has nothing like a cookie: until a message names a cookie of ours its source may be
 * anybody's. So what is begun for such messages takes no more than IKEv1's part of all half-open SAs, by how much each of
 * them makes us keep, and while there is a reason for cookies the modes and sources that cost most wait:
 *
 *   ikev1-policy=accept ─ whole ─ Main Mode, if busy ─ room in IKEv1's part ─ few of its source, if busy ─► a new SA
 */
import type { Datagram } from '../ike/effects.ts';
import { type FirstExchange, MOST_FIRST, refusal } from '../ike/v1/first.ts';
import { EXCHANGE, exchangeName } from '../ike/v1/wire/index.ts';
import { SPI_OCTETS } from '../ike/wire/index.ts';
import { Sources, sourceOf } from '../net/sources.ts';
import type { Seldom } from './seldom.ts';
import type { Switchboard } from './switchboard.ts';

/** `ikev1-policy`. */
export type Ikev1Policy = 'accept' | 'reject' | 'drop';

export interface V1DoorPorts {
  now(): number;
  readonly strangers: Pick<Seldom, 'say'>;
}

/** What a half-open SA has taken, to be given back when it is none any more. */
export interface Charge {
  readonly source: string;
  readonly weight: number;
}

/** Of `max-halfopen-ike`. */
const PART = 1 / 2;
/** Of IKEv1's part, from which on no source gets more than `max-halfopen-per-source`: anybody may ask in its name. */
const CROWDED = 1 / 4;
/** Octets of a first message, most of which are kept for as long as the SA is half-open, that count as one. */
const USUAL = 1_024;
/** Answers in a second with `ikev1-policy=reject`. */
const MOST_ANSWERS = 100;
/** ms for which a source that has had its line gets no other, unless so many have come since. */
const TOLD_FOR = 3_600_000;
const MOST_TOLD = 1_024;

export class V1Door {
  readonly #ports: V1DoorPorts;
  readonly #limits: Switchboard['limits'];
  readonly #counters: Switchboard['counters'];
  readonly #sources = new Sources();
  /** Weight of all that are half-open, and their number. */
  #taken = 0;
  #count = 0;
  #told = new Set<string>();
  #toldSince = Number.NEGATIVE_INFINITY;
  #answers = 0;
  #answersSince = Number.NEGATIVE_INFINITY;

  constructor(ports: V1DoorPorts, limits: Switchboard['limits'], counters: Switchboard['counters']) {
    this.#ports = ports;
    this.#limits = limits;
    this.#counters = counters;
  }

  /** Half-open SAs. */
  get count(): number {
    return this.#count;
  }

  /** With `ikev1-policy=reject`, what is to be said to who sends a first message; nothing is begun for it. */
  refuse({ local, peer, bytes }: Datagram, exchange: FirstExchange): Uint8Array | undefined {
    this.#counters.v1Refused++;
    const { ikev1 } = this.#limits;
    const answer = ikev1 === 'reject' ? refusal(bytes.subarray(0, SPI_OCTETS)) : undefined;
    // Whose address it is nobody has shown: it gets no more than came from there.
    const isAnswered = answer !== undefined && answer.length <= bytes.length && this.#mayAnswer();
    const source = sourceOf(peer.address);
    if (this.#isToldFirst(source)) {
      const name = exchangeName(exchange);
      const does = ikev1 === 'reject' ? 'answered with INVALID_MAJOR_VERSION' : 'ignored';
      this.#ports.strangers.say(
        'info',
        `packet from ${peer}: IKEv1 ${name} message received on ${local} but ikev1-policy=${ikev1}; ${does} ('config setup' with ikev1-policy=accept lets IKEv1 in)`,
        { peer: peer.address, exchange: name, event: 'rejected' },
      );
    }
    if (isAnswered) this.#counters.v1Rejected++;
    return isAnswered ? answer : undefined;
  }

  /** What a new SA would take; undefined: there is to be none. `isBusy`: of IKEv2, cookies would be demanded. */
  weigh({ peer, bytes }: Datagram, exchange: FirstExchange, isBusy: boolean): Charge | undefined {
    const counters = this.#counters;
    if (bytes.length > MOST_FIRST) return void counters.malformed++;
    // It costs a key exchange before anything is known of who asks.
    if (isBusy && exchange === EXCHANGE.AGGRESSIVE) return void counters.v1Aggressive++;
    const { maxHalfOpen, maxPerSource } = this.#limits;
    const room = maxHalfOpen * PART;
    const weight = Math.ceil(bytes.length / USUAL);
    if (this.#taken + weight > room) return void counters.v1Full++;
    const source = sourceOf(peer.address);
    const isCrowded = isBusy || this.#taken >= room * CROWDED;
    if (isCrowded && maxPerSource > 0 && this.#sources.held(source) >= maxPerSource) return void counters.crowded++;
    return { source, weight };
  }

  take({ source, weight }: Charge): void {
    this.#sources.take(source);
    this.#taken += weight;
    this.#count++;
  }

  giveBack({ source, weight }: Charge): void {
    this.#sources.giveBack(source);
    this.#taken -= weight;
    this.#count--;
  }

  #mayAnswer(): boolean {
    const now = this.#ports.now();
    if (now - this.#answersSince >= 1_000) {
      this.#answersSince = now;
      this.#answers = 0;
    }
    return ++this.#answers <= MOST_ANSWERS;
  }

  #isToldFirst(source: string): boolean {
    const now = this.#ports.now();
    if (now - this.#toldSince >= TOLD_FOR || this.#told.size >= MOST_TOLD) {
      this.#told = new Set();
      this.#toldSince = now;
    }
    if (this.#told.has(source)) return false;
    this.#told.add(source);
    return true;
  }
}
