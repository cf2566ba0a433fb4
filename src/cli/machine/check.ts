/** What `ipsec verify` looks at: each check is a row, its outcome a value. */
import type { Config } from '../../conf/load.ts';
import { formatProblem, type Problem } from '../../conf/problem.ts';
import type { Machine, Ran } from './machine.ts';

export type Verdict = 'OK' | 'WARN' | 'FAIL' | 'SKIP';

export interface Outcome {
  readonly verdict: Verdict;
  /** What was found, in words. */
  readonly why: string;
  /** What to do about it; a FAIL and a WARN have it. */
  readonly todo?: string;
}

export interface Check {
  readonly name: string;
  check(scene: Scene): Outcome | Promise<Outcome>;
}

/** What the checks look at, read once. */
export interface Scene {
  readonly machine: Machine;
  readonly configFile: string;
  /** All that can be made of the file; problems and all. */
  readonly config: Config;
  readonly secretsFile: string;
  readonly rundir: string;
  readonly ctlsocket: string;
  /** What whack --briefstatus came to. */
  readonly daemon: Ran;
  /** Its process, by the lock file. */
  readonly pid: number | undefined;
}

export const ok = (why: string): Outcome => ({ verdict: 'OK', why });
export const skip = (why: string): Outcome => ({ verdict: 'SKIP', why });
export const warn = (why: string, todo: string): Outcome => ({ verdict: 'WARN', why, todo });
export const fail = (why: string, todo: string): Outcome => ({ verdict: 'FAIL', why, todo });

/** `a, b, c and 4 more`. */
export function few(items: readonly string[], most = 5): string {
  const shown = items.slice(0, most).join(', ');
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}

/** Errors first; undefined where there is nothing to say. */
export function verdictOf(problems: readonly Problem[], todo: string): Outcome | undefined {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const shown = errors.length > 0 ? errors : problems;
  if (shown.length === 0) return undefined;
  const why = `${counted(shown.length, errors.length > 0 ? 'error' : 'warning')}: ${few(shown.map(formatProblem), 2)}`;
  return errors.length > 0 ? fail(why, todo) : warn(why, todo);
}

export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
