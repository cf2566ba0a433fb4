/** Where jobs run: on the main thread, or in helper threads (threads.ts). */
import { TrustReader } from '../ike/auth/x509/trust-reader.ts';
import type { TrustShelf } from '../ike/auth/x509/trust-shelf.ts';
import { type Job, type JobResult, runJob } from '../ike/crypto/job.ts';
import { KeyReader, type Keyring, type KeyShelf, NO_KEYS } from '../ike/crypto/signature/key-shelf.ts';
import type { HelperView } from './figures.ts';
import { Waiting } from './waiting.ts';

/** `runMs` of work. */
export type Done = (result: JobResult, runMs: number) => void;

export interface Backend {
  /** 0: inline. */
  readonly threads: number;
  /** Every helper has loaded what it needs; also if none ever will. */
  readonly ready: Promise<void>;
  /** `done` is called once for each, from a later turn, until `close`. One that can wait comes after those that cannot. */
  run(job: Job, done: Done, canWait: boolean): void;
  helpers(): readonly HelperView[];
  /** Takes no more, finishes what it has, and then ends. */
  drain(): Promise<void>;
  /** At once. */
  close(): Promise<void>;
}

export interface BackendOptions {
  onError?(what: string): void;
  /** Inline jobs run in calls of this, a few ms in each, so that packets get their turn in between. Default `setImmediate`. */
  readonly defer?: (run: () => void) => void;
  /** ms, monotonic. */
  readonly now: () => number;
  /** The private keys that jobs name. */
  readonly keys?: KeyShelf;
  /** What chains of certificates are held against. */
  readonly trust?: TrustShelf;
  /** The module that runs in the threads; tests bring one that dies. */
  readonly worker?: URL;
}

/** This thread, and the keys that its jobs sign with. */
export interface Here extends Backend {
  readonly keyring: Keyring;
}

/** ms of jobs in one call of `defer`: packets that have come meanwhile wait no longer, but for the job that is under way. */
const SLICE = 2;

export function inline({ defer = setImmediate, keys, trust, now }: BackendOptions): Here {
  const keyring = keys ? new KeyReader(keys.shared) : NO_KEYS;
  const trusted = trust && new TrustReader(trust.shared);
  const queue = new Waiting<{ readonly job: Job; readonly done: Done }>();
  let isDeferred = false;
  let onIdle: (() => void) | undefined;
  const work = () => {
    const begun = now();
    let started = begun;
    for (let next = queue.next(); next; next = started - begun < SLICE ? queue.next() : undefined) {
      const result = runJob(next.job, keyring, trusted);
      const ended = now();
      next.done(result, ended - started);
      started = ended;
    }
  };
  const slice = () => {
    try {
      work();
    } finally {
      isDeferred = queue.length > 0;
      if (isDeferred) defer(slice);
      else onIdle?.();
    }
  };
  return {
    keyring,
    threads: 0,
    ready: Promise.resolve(),
    run(job, done, canWait) {
      queue.push({ job, done }, canWait);
      if (isDeferred) return;
      isDeferred = true;
      defer(slice);
    },
    helpers: () => [],
    drain: () =>
      new Promise((resolve) => {
        if (queue.length === 0) resolve();
        else onIdle = resolve;
      }),
    async close() {
      queue.take(queue.length);
      onIdle?.();
    },
  };
}
