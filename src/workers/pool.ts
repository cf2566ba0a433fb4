/**
 * The helpers: threads for the jobs that would hold up the main one. A job goes in under an id of the caller's, its
 * result comes back under that id, later and never from within `submit`.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { TrustReader } from '../ike/auth/x509/trust-reader.ts';
import type { TrustShelf } from '../ike/auth/x509/trust-shelf.ts';
import { type Job, type JobOp, type JobResult, runJob, wipeMine, wipeResult } from '../ike/crypto/job.ts';
import { wipe } from '../ike/crypto/misc.ts';
import { KeyReader, type KeyShelf } from '../ike/crypto/signature/key-shelf.ts';
import { bundle, flattenJob, unbundle, unflattenResult } from './flat.ts';
import type { Shelves } from './worker.ts';

export interface HelperPoolOptions {
  /** `--nhelpers`: that many threads; 0: none, jobs run inline; -1: as many as the machine suggests. */
  readonly nhelpers: number;
  onDone(id: number, result: JobResult): void;
  /** A helper died or misbehaved; its jobs are answered as failed. */
  onError?(what: string): void;
  /** Jobs waiting or running, above which `submit` refuses. Default 4096. */
  readonly maxJobs?: number;
  /** Inline jobs run one to a call of this, so that packets get their turn in between. Default `setImmediate`. */
  readonly defer?: (run: () => void) => void;
  /** ms, monotonic. */
  readonly now?: () => number;
  /** The private keys that jobs name. */
  readonly keys?: KeyShelf;
  /** What chains of certificates are held against. */
  readonly trust?: TrustShelf;
  /** The module that runs in the threads; tests bring one that dies. */
  readonly worker?: URL;
}

/** Sums over the jobs of one family since the start. */
export interface FamilyStats {
  /** Done, well or badly. */
  count: number;
  /** Of them, `ok: false`. */
  failed: number;
  /** Waiting or running now. */
  queued: number;
  /** ms from `submit` to the start, the way between threads included. */
  queueMs: number;
  /** ms of work. */
  runMs: number;
  /** Not accepted, because `maxJobs` were. */
  refused: number;
  /** Done for nobody: forgotten in the meantime. */
  dropped: number;
}

/** Threads for `--nhelpers`; -1 is libreswan's rule: all CPUs of a small machine, all but one of a larger. */
export function helperThreads(nhelpers: number, cpus: number): number {
  if (nhelpers >= 0) return nhelpers;
  return cpus < 4 ? cpus : cpus - 1;
}

/** At 1 a worker sleeps between tasks, which halves what it does. */
const TASKS_PER_WORKER = 2;
/** A task costs the main thread 25 to 100 µs, most of it for waking the worker; from 8 jobs on that is little for each. */
const JOBS_PER_TASK = 8;

export class HelperPool {
  /** 0: inline. */
  readonly threads: number;
  readonly #options: HelperPoolOptions;
  readonly #backend: Backend;
  readonly #awaited = new Map<number, Awaited>();
  readonly #families = new Map<JobOp, FamilyStats>();
  readonly #now: () => number;
  #running = 0;
  #isClosed = false;

  constructor(options: HelperPoolOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.threads = helperThreads(options.nhelpers, availableParallelism());
    this.#backend = this.threads === 0 ? inline(options, this.#now) : threaded(options, this.threads);
  }

  /**
   * Takes `job` over: its octets are not to be touched until its result is there. False if the queue is full. An id
   * that is still awaited is our own bug, and throws.
   */
  submit(id: number, job: Job): boolean {
    if (this.#awaited.has(id)) throw new Error(`job ${id} is still awaited`);
    const family = this.#family(job.op);
    if (this.#isClosed || this.#running >= (this.#options.maxJobs ?? 4096)) {
      family.refused++;
      return false;
    }
    this.#running++;
    family.queued++;
    const awaited: Awaited = { submittedAt: this.#now() };
    this.#awaited.set(id, awaited);
    this.#backend.run(job, (result, runMs) => {
      this.#running--;
      family.queued--;
      family.count++;
      if (!result.ok) family.failed++;
      family.runMs += runMs;
      family.queueMs += Math.max(0, this.#now() - awaited.submittedAt - runMs);
      this.#deliver(id, awaited, result, family);
    });
    return true;
  }

  /** Nobody waits for `id` any more: its result will be dropped, and the id may be used again. */
  forget(id: number): void {
    this.#awaited.delete(id);
  }

  stats(): ReadonlyMap<JobOp, Readonly<FamilyStats>> {
    return this.#families;
  }

  /** Ends the threads. What was awaited is never answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#awaited.clear();
    await this.#backend.close();
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
      family = { count: 0, failed: 0, queued: 0, queueMs: 0, runMs: 0, refused: 0, dropped: 0 };
      this.#families.set(op, family);
    }
    return family;
  }
}

interface Awaited {
  readonly submittedAt: number;
}

/** Where jobs run. `done` is called once for each, from a later turn, until `close`. */
interface Backend {
  run(job: Job, done: (result: JobResult, runMs: number) => void): void;
  close(): Promise<void>;
}

function inline({ defer = setImmediate, keys, trust }: HelperPoolOptions, now: () => number): Backend {
  const keyring = keys && new KeyReader(keys.shared);
  const trusted = trust && new TrustReader(trust.shared);
  const queue: (() => void)[] = [];
  const next = () => queue.shift()?.();
  return {
    run(job, done) {
      queue.push(() => {
        const started = now();
        const result = runJob(job, keyring, trusted);
        done(result, now() - started);
      });
      defer(next);
    },
    async close() {
      queue.length = 0;
    },
  };
}

/** A job that waits for a task, or is in one. */
interface Handed {
  readonly flat: Uint8Array;
  readonly done: (result: JobResult, runMs: number) => void;
}

function threaded(options: HelperPoolOptions, threads: number): Backend {
  // Beside this file, and as it is: compiled, or TypeScript under tsx and vitest.
  const isSource = import.meta.url.endsWith('.ts');
  const worker = options.worker ?? new URL(isSource ? './worker.ts' : './worker.js', import.meta.url);
  const piscina = new Piscina({
    filename: fileURLToPath(worker),
    name: 'run',
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: TASKS_PER_WORKER,
    recordTiming: false,
    workerData: { keys: options.keys?.shared, trust: options.trust?.shared } satisfies Shelves,
    ...(isSource && { execArgv: ['--import', 'tsx'] }),
  });
  let isClosed = false;
  // Without a listener a worker's stray message would end the process.
  piscina.on('error', (error) => {
    if (!isClosed) options.onError?.(text(error));
  });
  const waiting: Handed[] = [];
  let tasks = 0;
  const dispatch = () => {
    while (waiting.length > 0 && tasks < threads * TASKS_PER_WORKER) {
      send(waiting.splice(0, Math.min(JOBS_PER_TASK, Math.ceil(waiting.length / threads))));
    }
  };
  const send = (handed: readonly Handed[]) => {
    const jobs = bundle(handed.map(({ flat }) => flat));
    tasks++;
    const settle = (settleOne: (done: Handed['done'], at: number) => void) => {
      tasks--;
      wipe(jobs);
      if (isClosed) return;
      dispatch();
      handed.forEach(({ done }, at) => void settleOne(done, at));
    };
    void piscina.run(jobs).then(
      (whole: Uint8Array) => {
        const results = unbundle(whole);
        settle((done, at) => {
          const { result, runMs } = unflattenResult(results[at]);
          done(result, runMs);
        });
      },
      (error: unknown) =>
        settle((done) => done({ ok: false, why: 'failed', detail: `helper died: ${text(error)}` }, 0)),
    );
  };
  return {
    run(job, done) {
      // Whoever submits is in the middle of a slice; the jobs of what is left of it go with this one.
      if (waiting.length === 0) queueMicrotask(dispatch);
      waiting.push({ flat: flattenJob(job), done });
      wipeMine(job);
      if (waiting.length % JOBS_PER_TASK === 0) dispatch();
    },
    async close() {
      isClosed = true;
      for (const { flat } of waiting.splice(0)) wipe(flat);
      await piscina.destroy();
    },
  };
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
