/** What runs in the thread that shows metrics. */
import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink';
import { endpoint } from '../services/endpoint.ts';
import { type Serving, serve } from './serve.ts';
import type { Source } from './snapshot.ts';

let serving: Serving | undefined;

/** What the main thread may call. */
export const served = {
  /** The port, or why not. `source` is asked for each snapshot. */
  async open(host: string, port: number, source: Source): Promise<number | string> {
    const result = await serve({ host, port, source });
    if ('why' in result) return result.why;
    serving = result;
    return result.port;
  },

  async close(): Promise<void> {
    await serving?.close();
  },
};

if (parentPort) expose(served, endpoint(parentPort));
