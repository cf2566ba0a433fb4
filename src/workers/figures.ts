/** What the pool knows of its work: by family of jobs, and by helper. */
import type { JobOp } from '../ike/crypto/job.ts';
import { Busy } from './busy.ts';
import { Durations } from './durations.ts';

/** Sums over the jobs of one family since the start, or since they were cleared. */
export class FamilyStats {
  /** Done, well or badly. */
  count = 0;
  /** Of them, `ok: false`. */
  failed = 0;
  /** Waiting or running now. */
  queued = 0;
  /** Not accepted, because `maxJobs` were. */
  refused = 0;
  /** Done for nobody: forgotten in the meantime. */
  dropped = 0;
  /** From `submit` to the answer, without the work: the way between threads included. */
  readonly waits = new Durations();
  /** Of work. */
  readonly runs = new Durations();

  get queueMs(): number {
    return this.waits.sumMs;
  }

  get runMs(): number {
    return this.runs.sumMs;
  }

  done(isOk: boolean, waitMs: number, runMs: number): void {
    this.queued--;
    this.count++;
    if (!isOk) this.failed++;
    this.waits.note(waitMs);
    this.runs.note(runMs);
  }

  /** All but what is there now. */
  clear(): void {
    this.count = this.failed = this.refused = this.dropped = 0;
    this.waits.clear();
    this.runs.clear();
  }
}

export type Families = ReadonlyMap<JobOp, FamilyStats>;

/** One thread, since it began. */
export class HelperStats {
  /** Its number among the threads of the process. */
  readonly thread: number;
  done = 0;
  readonly runs = new Durations();
  readonly #busy: Busy;

  constructor(thread: number, now: number) {
    this.thread = thread;
    this.#busy = new Busy(now);
  }

  worked(runMs: number, now: number): void {
    this.done++;
    this.runs.note(runMs);
    this.#busy.worked(runMs, now);
  }

  /** 0 to 1, of the last seconds. */
  busy(now: number): number {
    return this.#busy.share(now);
  }
}

export interface HelperView {
  readonly stats: HelperStats;
  /** Tasks of up to eight jobs that it has and has not answered. */
  readonly inHand: number;
}
