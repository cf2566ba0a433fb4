import type { Alarm, Clock } from './clock.ts';

/**
 * A clock that stands still until told to move, and runs what is due in order of time, then of asking: the same
 * calls give the same run. Start and steps in whole ms, as the timer wheel counts them.
 */
export class TestClock implements Clock {
  #now = 0;
  readonly #epoch: number;
  #tasks: (() => void)[] = [];
  readonly #alarms = new Set<TestAlarm>();

  /** `wall`: the time of day at `now() === 0`, ms since the epoch. */
  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#epoch = wall;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#epoch + this.#now;
  }

  soon(task: () => void): void {
    this.#tasks.push(task);
  }

  alarm(at: number, ring: () => void): Alarm {
    const alarm = { at, ring, cancel: () => void this.#alarms.delete(alarm) };
    this.#alarms.add(alarm);
    return alarm;
  }

  /** Runs all that can run without time passing. Throws if that never ends (two actors talking for ever). */
  settle(): void {
    for (let turns = 0; this.#tasks.length > 0; turns++) {
      if (turns > MOST_TURNS) throw new Error(`not settled after ${MOST_TURNS} turns of the loop`);
      const tasks = this.#tasks;
      this.#tasks = [];
      for (const task of tasks) task();
    }
  }

  /** Lets `ms` pass; everything due in between runs at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    this.#ringUntil(end);
    this.#now = end;
    this.settle();
  }

  /** Jumps from alarm to alarm until none is set or `within` ms are over; true if none is left. */
  runUntilIdle(within: number): boolean {
    this.#ringUntil(this.#now + within);
    return this.#alarms.size === 0;
  }

  /** Lets `ms` pass while nothing runs: what a step or a busy machine costs. */
  elapse(ms: number): void {
    this.#now += ms;
  }

  #ringUntil(end: number): void {
    this.settle();
    for (let alarm = this.#earliest(); alarm && alarm.at <= end; alarm = this.#earliest()) {
      this.#alarms.delete(alarm);
      this.#now = Math.max(this.#now, alarm.at);
      alarm.ring();
      this.settle();
    }
  }

  #earliest(): TestAlarm | undefined {
    let first: TestAlarm | undefined;
    for (const alarm of this.#alarms) if (!first || alarm.at < first.at) first = alarm;
    return first;
  }
}

interface TestAlarm extends Alarm {
  readonly at: number;
  readonly ring: () => void;
}

const MOST_TURNS = 100_000;
