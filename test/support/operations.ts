/** Counts what is run, and not how long it takes: calls of functions and turns of loops in `src/`, as V8 counts them for coverage. */
import { Session } from 'node:inspector';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

export class Operations {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** By `FILE function`: how often each was entered, and each block and loop in it. What built-in functions do inside is not seen. */
  of(work: () => void): ReadonlyMap<string, number> {
    this.#take();
    work();
    const counts = new Map<string, number>();
    for (const { url, functions } of this.#take().result) {
      const [, file] = /\/(src\/.*)$/.exec(url) ?? [];
      if (file === undefined || url.includes('/node_modules/')) continue;
      for (const { functionName, ranges } of functions) {
        const count = ranges.reduce((sum, range) => sum + range.count, 0);
        const name = `${file} ${functionName}`;
        if (count > 0) counts.set(name, (counts.get(name) ?? 0) + count);
      }
    }
    return counts;
  }

  end(): void {
    this.#session.disconnect();
  }

  #take(): Coverage {
    let taken: Coverage | undefined;
    // Of one's own thread the answer comes before the call returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, coverage) => {
      if (error) throw error;
      taken = coverage;
    });
    if (!taken) throw new Error('no coverage');
    return taken;
  }
}

export const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
