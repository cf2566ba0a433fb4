/**
 * TLS in a thread of its own, started with the first tunnel. If it dies, what was under way has failed, and the next tunnel
 * starts another.
 */
import { Worker } from 'node:worker_threads';
import { type Remote, transfer, wrap } from 'comlink';
import { endpoint } from '../endpoint.ts';
import type { Clock } from '../fetch/clock.ts';
import type { Flight, Judgement, Judging, KeyRequest, TlsPort, TlsTerms } from './tls-port.ts';
import type { Shelves, served } from './tls-thread.ts';

export interface TlsRemoteOptions {
  readonly shelves: Shelves;
  readonly clock: Clock;
  /** The thread has died, and why. */
  readonly onError: (what: string) => void;
  /** ms for a call. */
  readonly patience?: number;
}

/** A handshake takes milliseconds; a thread that has many before it a second. */
const PATIENCE = 10_000;

export class TlsRemote implements TlsPort {
  readonly #options: TlsRemoteOptions;
  #thread: Thread | undefined = undefined;
  /** Our numbers for tunnels, because every thread counts anew. */
  readonly #tunnels = new Map<number, { readonly thread: Thread; readonly number: number }>();
  #last = 0;
  #isClosed = false;

  constructor(options: TlsRemoteOptions) {
    this.#options = options;
  }

  async open(terms: TlsTerms): Promise<number | { readonly wrong: string }> {
    if (this.#isClosed) return { wrong: 'shutting down' };
    this.#thread ??= this.#start();
    const thread = this.#thread;
    const opened = await this.#call<number | { wrong: string }>(
      thread,
      (remote) => remote.open(terms),
      (wrong) => ({ wrong }),
    );
    if (typeof opened !== 'number') return opened;
    this.#tunnels.set(++this.#last, { thread, number: opened });
    return this.#last;
  }

  feed(tunnel: number, records: Uint8Array): Promise<Flight> {
    return this.#within(tunnel, (remote, number) => remote.feed(number, records), closed);
  }

  write(tunnel: number, plain: Uint8Array): Promise<Flight> {
    const own = Uint8Array.from(plain);
    return this.#within(tunnel, (remote, number) => remote.write(number, transfer(own, [own.buffer])), closed);
  }

  judge(tunnel: number, judging: Judging): Promise<Judgement> {
    return this.#within<Judgement>(
      tunnel,
      (remote, number) => remote.judge(number, judging),
      (why) => ({ t: 'bad', why }),
    );
  }

  exportKey(tunnel: number, request: KeyRequest): Promise<Uint8Array | undefined> {
    return this.#within(
      tunnel,
      (remote, number) => remote.exportKey(number, request),
      () => undefined,
    );
  }

  close(tunnel: number): void {
    void this.#within(
      tunnel,
      (remote, number) => remote.close(number),
      () => undefined,
    );
    this.#tunnels.delete(tunnel);
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    this.#isClosed = true;
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.worker.terminate();
  }

  #within<T>(
    tunnel: number,
    ask: (remote: Remote<typeof served>, number: number) => Promise<T>,
    failed: (why: string) => T,
  ): Promise<T> {
    const known = this.#tunnels.get(tunnel);
    if (known === undefined || known.thread !== this.#thread) return Promise.resolve(failed('the tunnel is gone'));
    return this.#call(known.thread, (remote) => ask(remote, known.number), failed);
  }

  /** What `ask` comes to, or `failed` of why it comes to nothing. Never rejects. */
  #call<T>(thread: Thread, ask: (remote: Remote<typeof served>) => Promise<T>, failed: (why: string) => T): Promise<T> {
    return new Promise((resolve) => {
      const giveUp = (why: string) => settle(failed(why));
      const cancel = this.#options.clock.after(this.#options.patience ?? PATIENCE, () => giveUp('TLS takes too long'));
      const settle = (value: T) => {
        cancel();
        thread.waiting.delete(giveUp);
        resolve(value);
      };
      thread.waiting.add(giveUp);
      ask(thread.remote).then(settle, (error: unknown) =>
        giveUp(error instanceof Error ? error.message : String(error)),
      );
    });
  }

  #start(): Thread {
    // Beside this file, and as it is: compiled, or TypeScript under tsx and vitest.
    const isSource = import.meta.url.endsWith('.ts');
    const module = new URL(isSource ? './tls-thread.ts' : './tls-thread.js', import.meta.url);
    const worker = new Worker(isSource ? underTsx(module) : module, {
      workerData: this.#options.shelves,
      eval: isSource,
    });
    const thread: Thread = { worker, remote: wrap<typeof served>(endpoint(worker)), waiting: new Set() };
    // The daemon does not live on for its sake.
    worker.unref();
    const died = (why: string) => {
      if (this.#thread === thread) this.#thread = undefined;
      for (const giveUp of [...thread.waiting]) giveUp('the thread for TLS has died');
      if (!this.#isClosed) this.#options.onError(`the thread for TLS has died: ${why}`);
    };
    worker.once('error', (error) => died(error.message));
    worker.once('exit', (status) => {
      if (this.#thread === thread) died(`exit status ${status}`);
    });
    return thread;
  }
}

/** A thread whose first module is TypeScript does not start, whatever its `execArgv`: tsx has to be there before. */
function underTsx(module: URL): string {
  const start = `then(({ register }) => register() && import(${JSON.stringify(module.href)}))`;
  return `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).${start}`;
}

interface Thread {
  readonly worker: Worker;
  readonly remote: Remote<typeof served>;
  readonly waiting: Set<(why: string) => void>;
}

const closed = (why: string): Flight => ({
  out: new Uint8Array(),
  plain: new Uint8Array(),
  state: 'closed',
  why,
  opened: undefined,
});
