/** Words that every report has in common. */
import type { ConnName } from './rows.ts';

/** `"west-east"`, `"road"[2] 192.0.2.7`: also the prefix of the daemon's log lines. */
export function connName({ conn, instance }: ConnName): string {
  if (!instance) return `"${conn}"`;
  return `"${conn}"[${instance.number}]${instance.peer === undefined ? '' : ` ${instance.peer}`}`;
}

/** `84B`, `1KB`, `52MB`: whole units, rounded down. */
export function size(octets: bigint): string {
  if (octets < 1024n) return `${octets}B`;
  if (octets < 1024n * 1024n) return `${octets >> 10n}KB`;
  return `${octets >> 20n}MB`;
}

/** 2^63, which stands for "no limit". */
export const NO_LIMIT = 2n ** 63n;

/** A count with its unit, `2^63` where there is no limit. */
export function limit(count: bigint, unit = ''): string {
  return count >= NO_LIMIT ? `2^63${unit}` : `${count}${unit}`;
}

export const yesNo = (is: boolean): string => (is ? 'yes' : 'no');

export const orUnset = (value: string | number | undefined): string => (value === undefined ? 'unset' : `${value}`);

/** Sections of `--status` are parted by a line of one blank. */
export const BLANK = ' ';
