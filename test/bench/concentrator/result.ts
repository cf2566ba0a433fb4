/** What a scenario has to say: figures held against bars, and lines for plots. */

/** One row of the table of bars. */
export interface Finding {
  readonly what: string;
  readonly unit: string;
  /** By who was measured: the medians. */
  readonly figures: Readonly<Record<string, number>>;
  /** By who was measured: every run. */
  readonly runs: Readonly<Record<string, readonly number[]>>;
  /** What the bar is held against, as a rule `ours` over the better peer; undefined where there is no peer. */
  readonly value: number | undefined;
  readonly most: number;
  /** How `value` came about, in a few words. */
  readonly by: string;
}

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
  /** Of the y axis. */
  readonly log?: boolean;
}

/** Figures that are no bar. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface Result {
  readonly findings: readonly Finding[];
  readonly tables?: readonly Table[];
  readonly plots?: readonly Plot[];
  /** What went otherwise than planned. */
  readonly notes?: readonly string[];
}

export const held = ({ value, most }: Finding): boolean | undefined =>
  value === undefined ? undefined : value <= most;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Ours over the better of the others: less is better. */
export function beside(what: string, unit: string, runs: Finding['runs'], most: number): Finding {
  const figures = Object.fromEntries(Object.entries(runs).map(([name, values]) => [name, median(values)]));
  const others = Object.entries(figures).filter(([name]) => name !== 'pluto');
  const best = others.reduce<(typeof others)[0] | undefined>((a, b) => (a && a[1] <= b[1] ? a : b), undefined);
  const value = best && 'pluto' in figures ? figures.pluto / best[1] : undefined;
  return { what, unit, figures, runs, value, most, by: best ? `pluto / ${best[0]}` : 'no peer is here' };
}
