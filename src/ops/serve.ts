/**
 * `GET /metrics`, for scrapers good and bad: few connections at a time, little to read, a deadline for everything.
 * Whoever asks within a second of another gets what that one got.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Exposition } from './exposition.ts';
import type { Source } from './snapshot.ts';

export interface ServeOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  readonly source: Source;
  /** ms, monotonic. */
  readonly now?: () => number;
  readonly limits?: Partial<ServeLimits>;
}

export interface ServeLimits {
  readonly connections: number;
  /** Octets. */
  readonly header: number;
  /** ms for a request to arrive. */
  readonly request: number;
  /** ms for the daemon to answer. */
  readonly snapshot: number;
  /** ms for the scraper to take its answer. */
  readonly response: number;
  /** ms for which an answer is as good as new. */
  readonly fresh: number;
}

export const SERVE_LIMITS: ServeLimits = {
  connections: 16,
  header: 8 << 10,
  request: 5_000,
  snapshot: 5_000,
  response: 10_000,
  fresh: 1_000,
};

export interface Serving {
  readonly port: number;
  close(): Promise<void>;
}

/** Or why it cannot. */
export function serve(options: ServeOptions): Promise<Serving | { readonly why: string }> {
  const limits = { ...SERVE_LIMITS, ...options.limits };
  const page = new Page(options, limits);
  const server = createServer(
    {
      maxHeaderSize: limits.header,
      headersTimeout: limits.request,
      requestTimeout: limits.request,
      keepAliveTimeout: limits.request,
      connectionsCheckingInterval: Math.min(1_000, limits.request),
    },
    (request, response) => void page.answer(request, response),
  );
  server.maxConnections = limits.connections;
  server.on('drop', () => page.count('refused'));
  return new Promise((resolve) => {
    server.once('error', (error) => resolve({ why: error.message }));
    server.listen(options.port, options.host, () => {
      resolve({ port: (server.address() as AddressInfo).port, close: () => closed(server) });
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

type Outcome = 'ok' | 'failed' | 'refused';

class Page {
  readonly #source: Source;
  readonly #limits: ServeLimits;
  readonly #now: () => number;
  readonly #exposition = new Exposition();
  readonly #outcomes: Record<Outcome, number> = { ok: 0, failed: 0, refused: 0 };
  #latest: { readonly at: number; readonly text: Promise<string> } | undefined = undefined;

  constructor({ source, now = () => performance.now() }: ServeOptions, limits: ServeLimits) {
    this.#source = source;
    this.#limits = limits;
    this.#now = now;
  }

  count(outcome: Outcome): void {
    this.#outcomes[outcome]++;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A GET has no body; one that comes all the same is not waited for.
    request.resume();
    const wrong = whyNot(request);
    if (wrong) return end(response, wrong.status, `${wrong.text}\n`);
    // One that reads drop by drop keeps a timeout of silence from ringing.
    const deadline = setTimeout(() => response.destroy(), this.#limits.snapshot + this.#limits.response);
    response.once('close', () => clearTimeout(deadline));
    try {
      const text = await this.#text();
      this.count('ok');
      response.setHeader('Content-Type', Exposition.contentType);
      end(response, 200, request.method === 'HEAD' ? '' : text);
    } catch (error) {
      this.count('failed');
      end(response, 503, `no metrics: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }

  #text(): Promise<string> {
    const now = this.#now();
    if (this.#latest && now - this.#latest.at < this.#limits.fresh) return this.#latest.text;
    const text = this.#make();
    this.#latest = { at: now, text };
    // A failure is not kept: the next may have more luck.
    text.catch(() => {
      if (this.#latest?.text === text) this.#latest = undefined;
    });
    return text;
  }

  async #make(): Promise<string> {
    const snapshot = await within(this.#limits.snapshot, this.#source.snapshot(this.#exposition.known));
    const scrapes = Object.entries(this.#outcomes);
    return this.#exposition.text(
      snapshot,
      scrapes.map(([outcome, value]) => ({ metric: 'scrapes', labels: [outcome], value })),
    );
  }
}

function whyNot({ method, url = '' }: IncomingMessage): { readonly status: number; readonly text: string } | undefined {
  if (url.split('?', 1)[0] !== '/metrics') return { status: 404, text: 'there is /metrics, and nothing else' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'metrics are for reading: GET' };
  return undefined;
}

function end(response: ServerResponse, status: number, text: string): void {
  if (status === 405) response.setHeader('Allow', 'GET, HEAD');
  if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.writeHead(status, { 'Cache-Control': 'no-store' });
  response.end(text);
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the daemon is too busy')), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(late));
  });
}
