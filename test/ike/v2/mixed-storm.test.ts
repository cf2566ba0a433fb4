import { expect, test } from 'vitest';
import type { PolicyChange } from './policies.ts';
import { proposals } from './policies.ts';
import { checkCalm, storm } from './storm.ts';

/** `PLUTO_STORMS=20000 PLUTO_SEED=1` runs as many from there; a failing run names its seed. */
const SEEDS = Number(process.env.PLUTO_STORMS ?? 600) / 3;
const FIRST = Number(process.env.PLUTO_SEED ?? 1);

const HYBRID = proposals('ike', 'aes_gcm256-sha2_256-dh31-mlkem512');
const CASES: Readonly<Record<string, PolicyChange>> = {
  'one key exchange more, in children as far as both like': { ike: HYBRID },
  'two key exchanges more, and one in children': {
    ike: proposals('ike', 'aes256-sha2_256-dh31-mlkem512;addke2=dh19'),
    child: { proposals: proposals('esp', 'aes_gcm256-none-dh31-mlkem512') },
  },
  'IKE_INTERMEDIATE for its own sake': { intermediate: true },
};

test.each(Object.entries(CASES))(`after ${SEEDS} storms both ends agree: %s`, { timeout: 600_000 }, (_, change) => {
  const failures: string[] = [];
  let live = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS && failures.length < 5; seed++) {
    try {
      const both = storm(seed, change);
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
