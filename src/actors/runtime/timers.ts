import { TimerWheel } from './timer-wheel.ts';

declare const timerId: unique symbol;
/** Names one arming of one timer: cancelling it after it fired, or twice, touches no other timer. */
export type TimerId = number & { readonly [timerId]: true };

/** What a field holds while no timer is armed; `cancel(noTimer)` does nothing. */
export const noTimer = 0 as TimerId;

/** Whoever arms timers carries the head of the list of its own, so that its end can cancel them. */
export interface TimerOwner {
  firstTimer: number;
}

/** `TimerOwner.firstTimer` of one without timers. */
export const NO_TIMERS = -1;

/**
 * Every timer of a system: whose it is, what it says, and where it stands on the wheel. A timer that fired keeps its
 * place until its message is taken, so that cancelling works up to the very step that would receive it.
 */
export class Timers<O extends TimerOwner> {
  readonly #wheel: TimerWheel;
  readonly #fire: (timer: number) => void;
  #owner: (O | undefined)[] = [];
  #message: unknown[] = [];
  /** Counted up when a place is given back; the upper half of a TimerId. */
  #generation = new Uint32Array(0);
  /** The owner's list; `#next` also chains the free places. */
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  #free = NO_TIMERS;
  #count = 0;

  constructor(now: number, fire: (owner: O, id: TimerId) => void) {
    this.#wheel = new TimerWheel(now);
    this.#fire = (timer) => fire(this.#owner[timer]!, this.#id(timer));
  }

  /** Armed, or fired and not taken yet. */
  get count(): number {
    return this.#count;
  }

  arm(owner: O, deadline: number, message: unknown): TimerId {
    if (this.#free === NO_TIMERS) this.#grow();
    const timer = this.#free;
    this.#free = this.#next[timer]!;
    this.#count++;
    this.#owner[timer] = owner;
    this.#message[timer] = message;
    const second = owner.firstTimer;
    this.#next[timer] = second;
    this.#previous[timer] = NO_TIMERS;
    if (second !== NO_TIMERS) this.#previous[second] = timer;
    owner.firstTimer = timer;
    this.#wheel.arm(timer, deadline);
    return this.#id(timer);
  }

  /** Harmless if the timer is over or another's. */
  cancel(owner: O, id: TimerId): void {
    const timer = placeOf(id);
    if (this.isPending(id) && this.#owner[timer] === owner) this.#release(timer);
  }

  cancelAll(owner: O): void {
    while (owner.firstTimer !== NO_TIMERS) this.#release(owner.firstTimer);
  }

  /** Those that say just this. */
  forget(owner: O, message: unknown): void {
    for (let timer = owner.firstTimer; timer !== NO_TIMERS; ) {
      const next = this.#next[timer];
      if (this.#message[timer] === message) this.#release(timer);
      timer = next;
    }
  }

  /** What an owner's timers say, and when (ms), in the order of arming. */
  of(owner: O): readonly { readonly message: unknown; readonly due: number }[] {
    const all = [];
    for (let timer = owner.firstTimer; timer !== NO_TIMERS; timer = this.#next[timer])
      all.push({ message: this.#message[timer], due: this.#wheel.due(timer) });
    return all.reverse();
  }

  isPending(id: TimerId): boolean {
    const timer = placeOf(id);
    return this.#generation[timer] === Math.floor(id / PLACES) && this.#owner[timer] !== undefined;
  }

  /** The message of a pending timer, which is over with that. */
  take(id: TimerId): unknown {
    const timer = placeOf(id);
    const message = this.#message[timer];
    this.#release(timer);
    return message;
  }

  /** See TimerWheel.next. */
  next(): number {
    return this.#wheel.next();
  }

  /** Calls `fire` for all that is due at `now`. */
  advance(now: number): void {
    this.#wheel.advance(now, this.#fire);
  }

  #id(timer: number): TimerId {
    return (this.#generation[timer] * PLACES + timer) as TimerId;
  }

  #release(timer: number): void {
    this.#wheel.cancel(timer);
    const next = this.#next[timer];
    const previous = this.#previous[timer];
    if (previous === NO_TIMERS) this.#owner[timer]!.firstTimer = next;
    else this.#next[previous] = next;
    if (next !== NO_TIMERS) this.#previous[next] = previous;
    this.#owner[timer] = undefined;
    this.#message[timer] = undefined;
    this.#generation[timer] = this.#generation[timer] === GENERATIONS ? 1 : this.#generation[timer] + 1;
    this.#next[timer] = this.#free;
    this.#free = timer;
    this.#count--;
  }

  #grow(): void {
    const old = this.#owner.length;
    const capacity = Math.max(64, old * 2);
    if (capacity > PLACES) throw new RangeError(`more than ${PLACES} timers`);
    this.#wheel.grow(capacity);
    const generation = new Uint32Array(capacity).fill(1);
    generation.set(this.#generation);
    this.#generation = generation;
    const next = new Int32Array(capacity);
    next.set(this.#next);
    this.#next = next;
    const previous = new Int32Array(capacity);
    previous.set(this.#previous);
    this.#previous = previous;
    for (let timer = old; timer < capacity; timer++) {
      this.#owner.push(undefined);
      this.#message.push(undefined);
      next[timer] = timer + 1 < capacity ? timer + 1 : NO_TIMERS;
    }
    this.#free = old;
  }
}

/** A TimerId is generation × PLACES + place, exact below 2^53: 16.7 million timers, each place 500 million times. */
const PLACES = 2 ** 24;
const GENERATIONS = 2 ** 29 - 1;

/** As an integer: a remainder of doubles is one, and boxed wherever it is kept, 16 octets in every actor. */
const placeOf = (id: TimerId): number => (id % PLACES) | 0;
