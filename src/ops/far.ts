/** The thread that shows metrics, as the main thread has it: whatever scrapers do, they do it there. */
import { Worker } from 'node:worker_threads';
import { proxy, type Remote, wrap } from 'comlink';
import { endpoint } from '../services/endpoint.ts';
import type { Source } from './snapshot.ts';
import type { served } from './thread.ts';

export interface FarMetricsOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  readonly source: Source;
  readonly log: (level: 'info' | 'warn', text: string) => void;
  /** Calls `ring` after `ms`; the returned function takes that back. */
  readonly after: (ms: number, ring: () => void) => () => void;
  /** The module that runs in the thread; tests bring one that dies. */
  readonly thread?: URL;
}

/** MB of heap: some tens of thousands of series. Beyond it the thread dies, and nobody else. */
const MOST_MEGABYTES = 256;
/** ms before a thread that died is started again. */
const REST = 5_000;

export class FarMetrics {
  readonly #options: FarMetricsOptions;
  #worker: Worker | undefined = undefined;
  #far: Remote<typeof served> | undefined = undefined;
  #isClosed = false;
  #stopWaiting: () => void = () => {};

  constructor(options: FarMetricsOptions) {
    this.#options = options;
  }

  /** The port; undefined, and a line in the log, if it cannot be had. */
  async start(): Promise<number | undefined> {
    const { host, log, source } = this.#options;
    const shown = host.includes(':') ? `[${host}]` : host;
    this.#far = this.#open();
    const port = await this.#far.open(host, this.#options.port, proxy(source));
    if (typeof port === 'number') {
      log('info', `metrics are at http://${shown}:${port}/metrics`);
      return port;
    }
    log('warn', `no metrics at ${shown}:${this.#options.port}: ${port}`);
    await this.close();
    return undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopWaiting();
    await this.#worker?.terminate();
  }

  #open(): Remote<typeof served> {
    // Beside this file, and as it is: compiled, or TypeScript under tsx and vitest.
    const isSource = import.meta.url.endsWith('.ts');
    const module = this.#options.thread ?? new URL(isSource ? './thread.ts' : './thread.js', import.meta.url);
    const worker = new Worker(isSource ? typescript(module) : `import(${JSON.stringify(module.href)})`, {
      eval: true,
      name: 'metrics',
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEGABYTES },
    });
    // It does not keep the daemon from ending.
    worker.unref();
    worker.on('error', (error) => this.#options.log('warn', `the thread of metrics: ${error.message}`));
    worker.on('exit', () => this.#died());
    this.#worker = worker;
    return wrap<typeof served>(endpoint(worker));
  }

  #died(): void {
    this.#worker = undefined;
    if (this.#isClosed) return;
    this.#options.log('warn', 'the thread of metrics has died: it will be started again');
    this.#stopWaiting = this.#options.after(REST, () => void this.start());
  }
}

/** What imports a module in TypeScript: Node 20 has no loader for it in a thread unless the thread asks. */
const typescript = (module: URL): string => `import('tsx/esm/api').then(({ register }) => {
  register();
  return import(${JSON.stringify(module.href)});
})`;
