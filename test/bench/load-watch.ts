/**
 * Watches the main thread of a daemon from within, for load.ts: `NODE_OPTIONS=--import=…/load-watch.js`. On SIGUSR2
 * it writes to $LOAD_WATCH what it has seen since the one before, as JSON, and begins anew.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** ms, but for `heap`: octets after a collection. */
export interface Seen {
  /** The longest that the loop was late, garbage collection included, and the 99th percentile. */
  readonly longest: number;
  readonly p99: number;
  /** How often it was late by more than 5 ms. */
  readonly late: number;
  /** The longest pause for garbage collection; all of them; how many. */
  readonly longestGc: number;
  readonly gc: number;
  readonly pauses: number;
  readonly heap: number;
}

const file = process.env.LOAD_WATCH;
if (isMainThread && file !== undefined) watch(file);

function watch(path: string): void {
  const late = monitorEventLoopDelay({ resolution: 1 });
  let pauses: number[] = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pauses.push(duration);
  }).observe({ entryTypes: ['gc'] });
  late.enable();
  process.on('SIGUSR2', () => {
    const ms = (ns: number) => Math.max(0, ns / 1e6 - 1);
    const seen = { longest: ms(late.max), p99: ms(late.percentile(99)), late: lateOf(late) };
    const gc = { longestGc: Math.max(0, ...pauses), gc: pauses.reduce((a, b) => a + b, 0), pauses: pauses.length };
    global.gc?.();
    const all: Seen = { ...seen, ...gc, heap: process.memoryUsage().heapUsed };
    // The collection above is nobody's fault: it must be over, and noted, before the next look begins.
    setTimeout(() => {
      late.reset();
      pauses = [];
      writeFileSync(`${path}.new`, JSON.stringify(all));
      renameSync(`${path}.new`, path);
    }, 50);
  });
}

/** From the percentiles, which is all that a histogram gives away. */
function lateOf(late: { readonly percentiles: Map<number, number>; readonly count: number }): number {
  for (const [percentile, ns] of late.percentiles)
    if (ns / 1e6 - 1 > 5) return Math.ceil((late.count * (100 - percentile)) / 100);
  return 0;
}
