import type { Cell } from './cell.ts';
import type { Alarm, Clock } from './clock.ts';
import { Line } from './line.ts';

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

/** Those that stand back have one turn in so many, however many others there are. */
const TURNS_TO_ONE = 16;

/** What the queue drives. */
export interface Engine {
  /** Moves the timers to `now`: puts into mailboxes what is due. */
  advance(now: number): void;
  /** When there is next something for `advance`, ms; Infinity if never. */
  nextTimer(): number;
  /** A slice is over. */
  sliced(): void;
  /** Lets an actor read up to `count` messages until `until`; returns the time afterwards. */
  turn(cell: Cell, count: number, now: number, until: number): number;
}

/**
 * Actors with something to read, first come first served, in slices of the event loop; those that stand back come after
 * all others. One actor's flood delays another by one turn, all of them together delay a socket by one slice. Idle, it
 * holds at most one alarm.
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
  readonly #line = new Line();
  readonly #back = new Line();
  /** One of those that stand back, since when it waits, and how long the one before it did. */
  #probe: Cell | undefined;
  #probeSince = 0;
  #probed = 0;
  #turns = 0;
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

  /** How long those that stand back wait for their turns, ms; 0 if none waits. */
  get lag(): number {
    if (this.#back.isEmpty) return 0;
    return this.#probe ? Math.max(this.#probed, this.#clock.now() - this.#probeSince) : this.#probed;
  }

  /** How many of them wait. */
  get backlog(): number {
    return this.#back.length;
  }

  /** The actor has something to read: it takes its place at the end, unless it has one. */
  push(cell: Cell): void {
    if (cell.isReady) return;
    cell.isReady = true;
    if (cell.behavior.standsBack === true) this.#pushBack(cell);
    else this.#line.add(cell);
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
    while (budget > 0 && now < until) {
      const cell = this.#next(now);
      if (!cell) break;
      // What is told during the turn waits for the next one, also what the actor tells itself.
      const count = Math.min(cell.waiting, this.#limits.messagesPerTurn, budget);
      budget -= Math.max(count, 1);
      now = this.#engine.turn(cell, count, now, until);
      cell.isReady = false;
      if (cell.waiting > 0) this.push(cell);
    }
    this.#isRunning = false;
    if (this.#line.isEmpty && this.#back.isEmpty) this.#setAlarm();
    else this.#schedule();
    this.#engine.sliced();
  }

  #pushBack(cell: Cell): void {
    if (this.#back.isEmpty) this.#probed = 0;
    this.#back.add(cell);
    if (this.#probe) return;
    this.#probe = cell;
    this.#probeSince = this.#clock.now();
  }

  #next(now: number): Cell | undefined {
    const isTheirs = ++this.#turns % TURNS_TO_ONE === 0;
    if (!this.#line.isEmpty && !(isTheirs && !this.#back.isEmpty)) return this.#line.take();
    const cell = this.#back.take();
    if (cell && cell === this.#probe) {
      this.#probed = now - this.#probeSince;
      this.#probe = undefined;
    }
    return cell;
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
