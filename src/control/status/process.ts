/** `--processstatus` below libreswan's list: the main thread, the helpers, and their jobs. */
import type { HelperRow, JobsRow, ThreadRow } from './rows.ts';

const HELPER_WIDTHS = [-12, 12, 8, 6, 9, 9, 9] as const;
const JOB_WIDTHS = [-12, 12, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9] as const;

export const HELPER_HEADING = columns(['Helper', 'done', 'in hand', 'busy', 'run p50', 'p90', 'p99'], HELPER_WIDTHS);
export const JOB_HEADING = columns(
  ['Jobs', 'done', 'failed', 'queued', 'refused', 'dropped', 'wait p50', 'p90', 'p99', 'run p50', 'p90', 'p99'],
  JOB_WIDTHS,
);

export function threadLine({ busy, delay }: ThreadRow): string {
  const { p50, p90, p99, max } = delay;
  return `main thread: busy ${busy}%, late p50=${time(p50)} p90=${time(p90)} p99=${time(p99)} max=${time(max)}`;
}

export function helperLine({ name, done, inHand, busy, run }: HelperRow): string {
  return columns([name, `${done}`, `${inHand}`, `${busy}%`, ...times(run)], HELPER_WIDTHS);
}

export function jobsLine({ family, done, failed, queued, refused, dropped, wait, run }: JobsRow): string {
  const counts = [done, failed, queued, refused, dropped].map(String);
  return columns([family, ...counts, ...times(wait), ...times(run)], JOB_WIDTHS);
}

const times = ({ p50, p90, p99 }: JobsRow['run']): string[] => [p50, p90, p99].map(time);

/** Three digits, whatever the magnitude. */
function time(micros: number): string {
  if (micros < 1000) return `${micros}us`;
  const ms = micros / 1000;
  return ms < 1000 ? `${ms.toPrecision(3)}ms` : `${(ms / 1000).toPrecision(3)}s`;
}

/** Negative: to the left. */
function columns(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, i) => (widths[i] < 0 ? cell.padEnd(-widths[i]) : cell.padStart(widths[i])))
    .join('')
    .trimEnd();
}
