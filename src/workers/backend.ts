/** Where jobs run: on the main thread, or in helper threads (threads.ts). */
import { TrustReader } from '../ike/auth/x509/trust-reader.ts';
import type { TrustShelf } from '../ike/auth/x509/trust-shelf.ts';
import { type Job, type JobResult, runJob } from '../ike/crypto/job.ts';
import { KeyReader, type KeyShelf } from '../ike/crypto/signature/key-shelf.ts';
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
  /** Inline jobs run one to a call of this, so that packets get their turn in between. Default `setImmediate`. */
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

export function inline({ defer = setImmediate, keys, trust, now }: BackendOptions): Backend {
  const keyring = keys && new KeyReader(keys.shared);
  const trusted = trust && new TrustReader(trust.shared);
  const queue = new Waiting<() => void>();
  let onIdle: (() => void) | undefined;
  const next = () => {
    queue.take(1)[0]?.();
    if (queue.length === 0) onIdle?.();
  };
  return {
    threads: 0,
    ready: Promise.resolve(),
    run(job, done, canWait) {
      queue.push(() => {
        const started = now();
        const result = runJob(job, keyring, trusted);
        done(result, now() - started);
      }, canWait);
      defer(next);
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
