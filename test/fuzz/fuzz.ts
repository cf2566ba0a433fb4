/**
 * Mutational fuzzing, by seeds: round n of a test is the same on every machine. `PLUTO_FUZZ=50` makes fifty times as
 * many rounds; `PLUTO_FUZZ_SEED=1234` runs the one round that failed.
 */
import { vi } from 'vitest';
import { Dice } from '../ike/v2/dice.ts';

const TIMES = Number(process.env.PLUTO_FUZZ ?? 1);
vi.setConfig({ testTimeout: 60_000 * Math.max(1, TIMES) });
const ONLY = process.env.PLUTO_FUZZ_SEED;

/** What it throws says which seed threw it. */
export function rounds(count: number, round: (dice: Dice, seed: number) => void): void {
  const seeds = ONLY === undefined ? Math.ceil(count * TIMES) : 1;
  for (let i = 0; i < seeds; i++) {
    const seed = ONLY === undefined ? i : Number(ONLY);
    try {
      round(new Dice(seed), seed);
    } catch (error) {
      throw new Error(`PLUTO_FUZZ_SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
}
