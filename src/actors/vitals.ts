/** How the main thread is: what share of the time it works, and how late it comes to what is due. */
import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Clock } from './runtime/index.ts';

/** ms; how often a timer asks whether it is late. It wakes the thread no more than an idle machine bears. */
const RESOLUTION = 20;
/** ms. */
const WINDOW = 10_000;

/** Of the last ten seconds at least, twenty at most. Delays in ms. */
export interface Vital {
  /** 0 to 1. */
  readonly busy: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

type Alarm = ReturnType<Clock['alarm']>;

const CALM: Omit<Vital, 'busy'> = { p50: 0, p90: 0, p99: 0, max: 0 };

export class Vitals {
  readonly #clock: Clock;
  readonly #delays: IntervalHistogram;
  #alarm: Alarm;
  #before = CALM;
  /** Readings of the loop at the beginning of this window and the one before. */
  #marks = [performance.eventLoopUtilization(), performance.eventLoopUtilization()];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#delays = monitorEventLoopDelay({ resolution: RESOLUTION });
    this.#delays.enable();
    this.#alarm = this.#next();
  }

  now(): Vital {
    const { utilization } = performance.eventLoopUtilization(performance.eventLoopUtilization(), this.#marks[0]);
    const [here, before] = [this.#read(), this.#before];
    const worse = (name: keyof typeof CALM) => Math.max(here[name], before[name]);
    return { busy: utilization, p50: worse('p50'), p90: worse('p90'), p99: worse('p99'), max: worse('max') };
  }

  /** Since the start, ms. */
  loop(): { readonly active: number; readonly idle: number } {
    return performance.eventLoopUtilization();
  }

  stop(): void {
    this.#alarm.cancel();
    this.#delays.disable();
  }

  #next(): Alarm {
    return this.#clock.alarm(this.#clock.now() + WINDOW, () => {
      this.#before = this.#read();
      this.#delays.reset();
      this.#marks = [this.#marks[1], performance.eventLoopUtilization()];
      this.#alarm = this.#next();
    });
  }

  /** What it records is from one call to the next: the time that it means to wait is in it. */
  #read(): typeof CALM {
    const { count } = this.#delays;
    if (count === 0) return CALM;
    const late = (nanos: number) => Math.max(0, nanos / 1e6 - RESOLUTION);
    const at = (share: number) => late(this.#delays.percentile(share));
    return { p50: at(50), p90: at(90), p99: at(99), max: late(this.#delays.max) };
  }
}
