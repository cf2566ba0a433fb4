/** The lookups in their thread, as the main thread has them. */
import { Worker } from 'node:worker_threads';
import { type Remote, wrap } from 'comlink';
import type { KeysFound } from '../dns/keys-found.ts';
import { endpoint } from '../endpoint.ts';
import type { CrlFound, OcspFound } from './documents.ts';
import type { Failure } from './http.ts';
import type { AddressesFound, LookupSettings, Lookups } from './lookups.ts';
import type { served } from './thread.ts';

export interface FarOptions {
  readonly settings: LookupSettings;
  /** ms, monotonic. */
  readonly now: () => number;
  readonly warn: (text: string) => void;
  /** The module that runs in the thread; tests bring one that dies. */
  readonly thread?: URL;
}

/** MB of heap; what lives there is a few documents. Beyond it the thread dies, and nobody else. */
const MOST_MEGABYTES = 256;
/** ms before a thread that died is started again. */
const REST = 5_000;

/** Starts its thread when something is first looked up, and again after it has died. */
export class FarLookups implements Lookups {
  readonly #options: FarOptions;
  #thread: Thread | undefined = undefined;
  #diedAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: FarOptions) {
    this.#options = options;
  }

  crl(url: string, issuer: Uint8Array): Promise<CrlFound | Failure> {
    return this.#ask<CrlFound>((far) => far.crl(url, issuer));
  }

  ocsp(url: string, request: Uint8Array): Promise<OcspFound | Failure> {
    return this.#ask<OcspFound>((far) => far.ocsp(url, request));
  }

  keys(name: string): Promise<KeysFound | Failure> {
    return this.#ask<KeysFound>((far) => far.keys(name));
  }

  addresses(name: string): Promise<AddressesFound | Failure> {
    return this.#ask<AddressesFound>((far) => far.addresses(name));
  }

  /** Nothing is looked up afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread?.worker.terminate();
  }

  async #ask<R>(question: (far: Remote<typeof served>) => Promise<R> | Promise<Failure>): Promise<R | Failure> {
    const thread = this.#running();
    if (!thread) return local('the thread that looks things up is not running');
    return new Promise<R | Failure>((resolve) => {
      // Comlink never answers for a worker that is gone.
      const died = () => resolve(local('the thread that looks things up has died'));
      thread.waiting.add(died);
      Promise.resolve<R | Failure>(question(thread.far))
        .then(resolve, (error: unknown) => resolve(local(error instanceof Error ? error.message : String(error))))
        .finally(() => thread.waiting.delete(died));
    });
  }

  #running(): Thread | undefined {
    const { now } = this.#options;
    if (this.#isClosed || (!this.#thread && now() - this.#diedAt < REST)) return undefined;
    this.#thread ??= this.#start();
    return this.#thread;
  }

  #start(): Thread {
    const { settings, warn, thread } = this.#options;
    // Beside this file, and as it is: compiled, or TypeScript under tsx and vitest.
    const isSource = import.meta.url.endsWith('.ts');
    const module = thread ?? new URL(isSource ? './thread.ts' : './thread.js', import.meta.url);
    const worker = new Worker(isSource ? typescript(module) : `import(${JSON.stringify(module.href)})`, {
      eval: true,
      name: 'lookups',
      workerData: settings,
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEGABYTES },
    });
    // It does not keep the daemon from ending.
    worker.unref();
    const started: Thread = { worker, far: wrap<typeof served>(endpoint(worker)), waiting: new Set() };
    worker.on('error', (error) => warn(`the thread that looks things up: ${error.message}`));
    worker.on('exit', () => {
      this.#thread = undefined;
      this.#diedAt = this.#options.now();
      if (!this.#isClosed) warn('the thread that looks things up has died: it will be started again when it is needed');
      for (const died of started.waiting) died();
    });
    return started;
  }
}

interface Thread {
  readonly worker: Worker;
  readonly far: Remote<typeof served>;
  /** Who waits for an answer, to be told when none will come. */
  readonly waiting: Set<() => void>;
}

/** What imports a module in TypeScript: Node 20 has no loader for it in a thread unless the thread asks. */
const typescript = (module: URL): string => `import('tsx/esm/api').then(({ register }) => {
  register();
  return import(${JSON.stringify(module.href)});
})`;

const local = (why: string): Failure => ({ ok: false, kind: 'local', why });
