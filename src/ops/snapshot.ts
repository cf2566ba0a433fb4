/**
 * All metrics at one moment, as they go from the daemon to the thread that shows them: few objects, however many
 * series there are. What is known to the far side already does not travel again.
 */
import type { MetricName } from './metrics.ts';

/** Label values of one series. */
export type Labels = readonly string[];

/** Counters and gauges whose series are laid out in `Snapshot.values`, one after the other. */
export interface Block {
  readonly metric: MetricName;
  readonly series: readonly Labels[];
}

/** What was looked up for this snapshot. */
export interface Sample {
  readonly metric: MetricName;
  readonly labels: Labels;
  readonly value: number;
}

/** Of durations. `counts`: how many were at most 2^`from` µs, 2^(`from`+1), …, not counting those above the last. */
export interface Spread {
  readonly metric: MetricName;
  readonly labels: Labels;
  readonly from: number;
  readonly counts: readonly number[];
  readonly count: number;
  readonly sumSeconds: number;
}

export interface Snapshot {
  /** Of `layout`; as large as the number of series there were. */
  readonly version: number;
  /** Absent where the far side has said that it knows it. */
  readonly layout?: readonly Block[];
  readonly values: Float64Array;
  readonly samples: readonly Sample[];
  readonly spreads: readonly Spread[];
  readonly connections: ConnectionSeries;
}

export interface ConnectionSeries {
  /** Of `names`. */
  readonly version: number;
  /** Absent where the far side knows them. */
  readonly names?: readonly string[];
  /** Child SAs of each. */
  readonly sas: Uint32Array;
}

/** What the far side has from before. */
export interface Known {
  readonly layout: number;
  readonly names: number;
}

export const NOTHING_KNOWN: Known = { layout: -1, names: -1 };

/** Where snapshots come from. */
export interface Source {
  snapshot(known: Known): Promise<Snapshot>;
}
