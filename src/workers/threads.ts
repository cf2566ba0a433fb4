/** Helper threads, by Piscina: several jobs go to a thread in one message. */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Job, JobResult } from '../ike/crypto/job.ts';
import { wipeMine } from '../ike/crypto/job.ts';
import { wipe } from '../ike/crypto/misc.ts';
import type { Backend, BackendOptions, Done } from './backend.ts';
import { HelperStats, type HelperView } from './figures.ts';
import { bundle, flattenJob, unbundle, unflattenResult } from './flat.ts';
import { Waiting } from './waiting.ts';
import type { Shelves } from './worker.ts';

/** At 1 a worker sleeps between tasks, which halves what it does. */
export const TASKS_PER_WORKER = 2;
/** A task costs the main thread 25 to 100 µs, most of it for waking the worker; from 8 jobs on that is little for each. */
export const JOBS_PER_TASK = 8;

/** A job that waits for a task, or is in one. */
interface Handed {
  readonly flat: Uint8Array;
  readonly done: Done;
}

/** What Piscina tells of a worker. */
interface PiscinaWorker {
  readonly id: number;
  readonly currentUsage: number;
}

export class Threads implements Backend {
  readonly threads: number;
  readonly ready: Promise<void>;
  readonly #options: BackendOptions;
  readonly #piscina: Piscina;
  readonly #waiting = new Waiting<Handed>();
  readonly #workers = new Map<number, { readonly worker: PiscinaWorker; readonly stats: HelperStats }>();
  #tasks = 0;
  #isClosed = false;
  #onIdle: (() => void) | undefined = undefined;

  constructor(options: BackendOptions, threads: number) {
    this.threads = threads;
    this.#options = options;
    // Beside this file, and as it is: compiled, or TypeScript under tsx and vitest.
    const isSource = import.meta.url.endsWith('.ts');
    const worker = options.worker ?? new URL(isSource ? './worker.ts' : './worker.js', import.meta.url);
    this.#piscina = new Piscina({
      filename: fileURLToPath(worker),
      name: 'run',
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: TASKS_PER_WORKER,
      recordTiming: false,
      workerData: { keys: options.keys?.shared, trust: options.trust?.shared } satisfies Shelves,
      ...(isSource && { execArgv: ['--import', 'tsx'] }),
    });
    // Without a listener a worker's stray message would end the process.
    this.#piscina.on('error', (error) => {
      if (!this.#isClosed) options.onError?.(text(error));
    });
    this.#piscina.on('workerCreate', (worker: PiscinaWorker) => {
      this.#workers.set(worker.id, { worker, stats: new HelperStats(worker.id, options.now()) });
    });
    this.#piscina.on('workerDestroy', (worker: PiscinaWorker) => void this.#workers.delete(worker.id));
    // No jobs at all, one message to each: it is answered when the worker has loaded and is warm.
    const greetings = Array.from({ length: threads }, () => this.#piscina.run(new Uint8Array(0)).catch(() => {}));
    this.ready = Promise.all(greetings).then(() => {});
  }

  run(job: Job, done: Done, canWait: boolean): void {
    // Whoever submits is in the middle of a slice; the jobs of what is left of it go with this one.
    if (this.#waiting.length === 0) queueMicrotask(() => this.#dispatch());
    this.#waiting.push({ flat: flattenJob(job), done }, canWait);
    wipeMine(job);
    if (this.#waiting.length % JOBS_PER_TASK === 0) this.#dispatch();
  }

  helpers(): readonly HelperView[] {
    return [...this.#workers.values()].map(({ worker, stats }) => ({ stats, inHand: worker.currentUsage }));
  }

  async drain(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#look();
    });
    await this.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { flat } of this.#waiting.take(this.#waiting.length)) wipe(flat);
    await this.#piscina.destroy();
    this.#onIdle?.();
  }

  #dispatch(): void {
    const { threads } = this;
    while (this.#waiting.length > 0 && this.#tasks < threads * TASKS_PER_WORKER) {
      const share = Math.min(JOBS_PER_TASK, Math.ceil(this.#waiting.length / threads));
      void this.#send(this.#waiting.take(share));
    }
  }

  async #send(handed: readonly Handed[]): Promise<void> {
    const jobs = bundle(handed.map(({ flat }) => flat));
    this.#tasks++;
    const [whole, error] = await this.#piscina.run(jobs).then(
      (answer: Uint8Array) => [answer, undefined] as const,
      (reason: unknown) => [undefined, reason] as const,
    );
    this.#tasks--;
    wipe(jobs);
    if (this.#isClosed) return;
    this.#dispatch();
    if (whole) this.#answered(handed, whole);
    else for (const { done } of handed) done(died(error), 0);
    this.#look();
  }

  #answered(handed: readonly Handed[], whole: Uint8Array): void {
    const [thread, ...results] = unbundle(whole);
    const helper = this.#workers.get(new DataView(thread.buffer, thread.byteOffset).getUint32(0));
    const now = this.#options.now();
    handed.forEach(({ done }, at) => {
      const { result, runMs } = unflattenResult(results[at]);
      helper?.stats.worked(runMs, now);
      done(result, runMs);
    });
  }

  #look(): void {
    if (this.#tasks === 0 && this.#waiting.length === 0) this.#onIdle?.();
  }
}

const died = (error: unknown): JobResult => ({ ok: false, why: 'failed', detail: `helper died: ${text(error)}` });
const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
