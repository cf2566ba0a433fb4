import { expect, test } from 'vitest';
import { checkCalm, storm } from './storm.ts';

/** `PLUTO_STORMS=20000 PLUTO_SEED=1` runs as many from there; a failing run names its seed. */
const SEEDS = Number(process.env.PLUTO_STORMS ?? 2000);
const FIRST = Number(process.env.PLUTO_SEED ?? 1);

test(`after ${SEEDS} storms both ends agree`, { timeout: 600_000 }, () => {
  const failures: string[] = [];
  let live = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS && failures.length < 5; seed++) {
    try {
      const both = storm(seed);
      checkCalm(both);
      if (both.west.plane.size > 0) live++;
    } catch (error) {
      failures.push(`seed ${seed}: ${error instanceof Error ? error.stack?.slice(0, 1500) : error}`);
    }
  }
  expect(failures.join('\n')).toBe('');
  // Storms that nobody survives would prove little.
  expect(live).toBeGreaterThan(SEEDS / 4);
});
