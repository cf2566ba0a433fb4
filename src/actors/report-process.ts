/** `--processstatus`: what the daemon consists of, and how each part of it bears its load. */
import type { HelperRow, JobsRow, ProcessRow, ThreadRow } from '../control/status/rows.ts';
import type { Durations } from '../workers/durations.ts';
import type { FamilyStats, HelperView } from '../workers/figures.ts';
import type { Making } from './reporter.ts';
import type { Vital } from './vitals.ts';

/** The parts that only a daemon with threads has. */
export interface ProcessParts {
  vital(): Vital;
  helpers(): readonly HelperView[];
  /** ms, monotonic. */
  now(): number;
}

export function* processStatus(parts: ProcessParts | undefined, families: ReadonlyMap<string, FamilyStats>): Making {
  const helpers = parts?.helpers() ?? [];
  yield { of: 'processes', rows: processes(helpers.length) };
  if (parts) yield { of: 'mainThread', rows: [mainThread(parts.vital())] };
  if (parts) yield { of: 'helpers', rows: helpers.map((view, i) => helperRow(view, i + 1, parts.now())) };
  yield { of: 'jobs', rows: [...families].map(([family, stats]) => jobsRow(family, stats)) };
}

/** Helpers are threads of the same process. */
function processes(helpers: number): readonly ProcessRow[] {
  const { pid } = process;
  const threads = Array.from({ length: helpers }, (_, i) => ({ pid, name: `helper(${i + 1})` }));
  return [{ pid, name: 'pluto' }, ...threads];
}

const mainThread = ({ busy, p50, p90, p99, max }: Vital): ThreadRow => ({
  busy: percent(busy),
  delay: { p50: micros(p50), p90: micros(p90), p99: micros(p99), max: micros(max) },
});

const helperRow = ({ stats, inHand }: HelperView, number: number, now: number): HelperRow => ({
  name: `helper(${number})`,
  thread: stats.thread,
  done: stats.done,
  inHand,
  busy: percent(stats.busy(now)),
  run: percentiles(stats.runs),
});

const jobsRow = (family: string, stats: FamilyStats): JobsRow => ({
  family,
  done: stats.count,
  failed: stats.failed,
  queued: stats.queued,
  refused: stats.refused,
  dropped: stats.dropped,
  wait: percentiles(stats.waits),
  run: percentiles(stats.runs),
});

const percentiles = (durations: Durations): JobsRow['run'] => ({
  p50: micros(durations.quantile(0.5)),
  p90: micros(durations.quantile(0.9)),
  p99: micros(durations.quantile(0.99)),
});

const micros = (ms: number): number => Math.round(ms * 1000);
const percent = (share: number): number => Math.round(share * 100);
