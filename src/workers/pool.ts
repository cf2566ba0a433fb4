/**
 * The helpers: threads for the jobs that would hold up the main one. A job goes in under an id of the caller's, its
 * result comes back under that id, later and never from within `submit`. There may be more or fewer of them at any
 * time: those that there were finish what they have.
 */
import { availableParallelism } from 'node:os';
import { type Job, type JobOp, type JobResult, wipeResult } from '../ike/crypto/job.ts';
import { type Backend, type BackendOptions, type Done, inline } from './backend.ts';
import { type Families, FamilyStats, type HelperView } from './figures.ts';
import { split } from './split.ts';
import { Threads } from './threads.ts';

export interface HelperPoolOptions extends Omit<BackendOptions, 'now'> {
  /** `--nhelpers`: that many threads; 0: none, jobs run inline; -1: as many as the machine suggests. */
  readonly nhelpers: number;
  onDone(id: number, result: JobResult): void;
  /** A helper died or misbehaved; its jobs are answered as failed. */
  onError?(what: string): void;
  /** Jobs waiting or running, above which `submit` refuses. Default 4096. */
  readonly maxJobs?: number;
  /** ms, monotonic. */
  readonly now?: () => number;
  /** Processors, for `nhelpers: -1`. Default: those of this machine. */
  readonly cpus?: number;
}

/** Threads for `--nhelpers`; -1 is libreswan's rule: all CPUs of a small machine, all but one of a larger. */
export function helperThreads(nhelpers: number, cpus: number): number {
  if (nhelpers >= 0) return Math.min(nhelpers, MOST_HELPERS);
  return cpus < 4 ? cpus : cpus - 1;
}

/**
 * Whether brief jobs stay on the main thread. Where there are more processors than threads that want them, it is the main
 * thread that limits the daemon, and helpers take all they can from it; where there are not, what limits it is the sum.
 * A number that somebody has chosen is obeyed.
 */
export const isSplit = (nhelpers: number, cpus: number): boolean => nhelpers < 0 && cpus <= 2;

/** Each has an engine of its own, of some ten megabytes. */
export const MOST_HELPERS = 256;

/** Of the queue: the rest is for jobs of those that are established. */
const SHARE_THAT_WAITS = 0.75;

export class HelperPool {
  readonly #options: HelperPoolOptions;
  readonly #awaited = new Map<number, Awaited>();
  readonly #families = new Map<JobOp, FamilyStats>();
  readonly #now: () => number;
  /** Where jobs go; `#leaving` finish theirs. */
  #backend: Backend;
  readonly #leaving = new Set<Backend>();
  #resizing: Promise<void> = Promise.resolve();
  #isResizing = false;
  #running = 0;
  #isClosed = false;

  constructor(options: HelperPoolOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#backend = this.#open(options.nhelpers);
  }

  /** 0: inline. */
  get threads(): number {
    return this.#backend.threads;
  }

  /** Every helper has loaded what it needs. */
  get ready(): Promise<void> {
    return this.#backend.ready;
  }

  /** Jobs that wait or run. */
  get queued(): number {
    return this.#running;
  }

  /**
   * So many from now on, as in `nhelpers`. The new ones take jobs once they are warm; those there are take them until
   * then, and leave when they have answered all of theirs. False: a change is under way already.
   */
  resize(nhelpers: number): Promise<void> | undefined {
    if (this.#isResizing || this.#isClosed) return undefined;
    this.#isResizing = true;
    this.#resizing = this.#resize(nhelpers).finally(() => {
      this.#isResizing = false;
    });
    return this.#resizing;
  }

  /** How long the oldest job waits or runs by now, ms. */
  get behind(): number {
    const [oldest] = this.#awaited.values();
    return oldest ? this.#now() - oldest.submittedAt : 0;
  }

  /**
   * Takes `job` over: its octets are not to be touched until its result is there. False if the queue is full. An id
   * that is still awaited is our own bug, and throws. Jobs that can wait come after all others, and may not fill the queue.
   */
  submit(id: number, job: Job, canWait = false): boolean {
    if (this.#awaited.has(id)) throw new Error(`job ${id} is still awaited`);
    const family = this.#family(job.op);
    const { maxJobs = 4096 } = this.#options;
    if (this.#isClosed || this.#running >= (canWait ? Math.ceil(maxJobs * SHARE_THAT_WAITS) : maxJobs)) {
      family.refused++;
      return false;
    }
    this.#running++;
    family.queued++;
    const awaited: Awaited = { submittedAt: this.#now() };
    this.#awaited.set(id, awaited);
    const done: Done = (result, runMs) => {
      this.#running--;
      family.done(result.ok, Math.max(0, this.#now() - awaited.submittedAt - runMs), runMs);
      this.#deliver(id, awaited, result, family);
    };
    this.#backend.run(job, done, canWait);
    return true;
  }

  /** Nobody waits for `id` any more: its result will be dropped, and the id may be used again. */
  forget(id: number): void {
    this.#awaited.delete(id);
  }

  stats(): Families {
    return this.#families;
  }

  helpers(): readonly HelperView[] {
    return this.#backend.helpers();
  }

  /** Ends the threads. What was awaited is never answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#awaited.clear();
    await Promise.all([this.#backend, ...this.#leaving].map((backend) => backend.close()));
    await this.#resizing;
  }

  #open(nhelpers: number): Backend {
    const { cpus = availableParallelism() } = this.#options;
    const threads = helperThreads(nhelpers, cpus);
    const options = { ...this.#options, now: this.#now };
    if (threads === 0) return inline(options);
    const all = new Threads(options, threads);
    return isSplit(nhelpers, cpus) ? split(all, inline(options), options.trust) : all;
  }

  async #resize(nhelpers: number): Promise<void> {
    const next = this.#open(nhelpers);
    this.#leaving.add(next);
    await next.ready;
    this.#leaving.delete(next);
    const former = this.#backend;
    if (this.#isClosed) return next.close();
    this.#backend = next;
    this.#leaving.add(former);
    await former.drain();
    this.#leaving.delete(former);
  }

  #deliver(id: number, awaited: Awaited, result: JobResult, family: FamilyStats): void {
    // The id may live on in a later job: only the submission that this result answers may have it.
    if (this.#awaited.get(id) !== awaited) {
      family.dropped++;
      wipeResult(result);
      return;
    }
    this.#awaited.delete(id);
    this.#options.onDone(id, result);
  }

  #family(op: JobOp): FamilyStats {
    let family = this.#families.get(op);
    if (!family) {
      family = new FamilyStats();
      this.#families.set(op, family);
    }
    return family;
  }
}

interface Awaited {
  readonly submittedAt: number;
}
