import type { Cell } from './cell.ts';
import type { Alarm, Clock } from './clock.ts';

/** How the thread is shared. */
export interface Limits {
  /** Messages an actor may read before the next one has its turn. */
  readonly messagesPerTurn: number;
  /** A slice ends after so many messages or ms, whichever is first; then the event loop serves sockets. */
  readonly messagesPerSlice: number;
  readonly sliceMs: number;
  /** Messages that may wait for one actor before `offer` drops. */
  readonly mailbox: number;
}

/** The mailbox takes a burst of fragments and retransmits of one SA. */
export const LIMITS: Limits = { messagesPerTurn: 16, messagesPerSlice: 2048, sliceMs: 4, mailbox: 256 };

/** What the queue drives. */
export interface Engine {
  /** Moves the timers to `now`: puts into mailboxes what is due. */
  advance(now: number): void;
  /** When there is next something for `advance`, ms; Infinity if never. */
  nextTimer(): number;
  /** Lets an actor read up to `count` messages until `until`; returns the time afterwards. */
  turn(cell: Cell, count: number, now: number, until: number): number;
}

/**
 * Actors with something to read, first come first served, in slices of the event loop. One actor's flood delays
 * another by one turn, all of them together delay a socket by one slice. Idle, it holds at most one alarm.
 */
export class RunQueue {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #engine: Engine;
  readonly #slice = () => {
    this.#isScheduled = false;
    this.#run();
  };
  readonly #ring = () => {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    this.#run();
  };
  #first: Cell | undefined;
  #last: Cell | undefined;
  #isScheduled = false;
  #isRunning = false;
  #alarm: Alarm | undefined;
  #alarmAt = Number.POSITIVE_INFINITY;
  #slices = 0;

  constructor(clock: Clock, limits: Limits, engine: Engine) {
    this.#clock = clock;
    this.#limits = limits;
    this.#engine = engine;
  }

  get slices(): number {
    return this.#slices;
  }

  /** The actor has something to read: it takes its place at the end, unless it has one. */
  push(cell: Cell): void {
    if (cell.isReady) return;
    cell.isReady = true;
    if (this.#last) this.#last.nextReady = cell;
    else this.#first = cell;
    this.#last = cell;
    if (!this.#isScheduled && !this.#isRunning) this.#schedule();
  }

  /** A timer was armed: wakes the loop in time. During a slice its end does that once for all. */
  timerArmed(): void {
    if (!this.#isRunning) this.#setAlarm();
  }

  #run(): void {
    // Entered again only if a step drives the clock itself; the outer slice then carries on.
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#slices++;
    let now = this.#clock.now();
    const until = now + this.#limits.sliceMs;
    let budget = this.#limits.messagesPerSlice;
    this.#engine.advance(now);
    while (this.#first && budget > 0 && now < until) {
      const cell = this.#first;
      this.#first = cell.nextReady;
      if (!this.#first) this.#last = undefined;
      cell.nextReady = undefined;
      // What is told during the turn waits for the next one, also what the actor tells itself.
      const count = Math.min(cell.waiting, this.#limits.messagesPerTurn, budget);
      budget -= Math.max(count, 1);
      now = this.#engine.turn(cell, count, now, until);
      cell.isReady = false;
      if (cell.waiting > 0) this.push(cell);
    }
    this.#isRunning = false;
    if (this.#first) this.#schedule();
    else this.#setAlarm();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.soon(this.#slice);
  }

  /** An alarm that is too early (its timer was cancelled) is left to ring for nothing: cheaper than moving it. */
  #setAlarm(): void {
    const at = this.#engine.nextTimer();
    if (at >= this.#alarmAt) return;
    this.#alarm?.cancel();
    this.#alarmAt = at;
    this.#alarm = this.#clock.alarm(at, this.#ring);
  }

  /** No alarm is left to hold the process. */
  close(): void {
    this.#alarm?.cancel();
    this.#alarmAt = Number.POSITIVE_INFINITY;
  }
}
