import { nearest } from '../conf/nearest.ts';
import { shown } from '../conf/printable.ts';
import { canonical } from './options.ts';
import type { WhackOption } from './whack-option.ts';
import { WHACK_OPTIONS } from './whack-options.ts';

export interface Found {
  /** What it stands for. */
  readonly row: WhackOption;
  /** Its name in full, without the dashes. */
  readonly written: string;
  /** Whether this spelling takes an argument. */
  readonly arg: WhackOption['arg'];
  /** What follows the `=`, if there is one. */
  readonly given: string | undefined;
}

/** The option that a word is; as with getopt_long, the beginning of a name will do where it is that of one only. */
export function findOption(word: string): Found | { readonly error: string } {
  const match = /^--([^=]+)(?:=(.*))?$/s.exec(word);
  if (!match) return { error: `unexpected argument ${shown(word)}` };
  const [, name, given] = match;
  const exact = WHACK_OPTIONS.get(name);
  if (exact) return { row: canonical(WHACK_OPTIONS, exact), written: name, arg: exact.arg, given };
  const candidates = [...WHACK_OPTIONS.values()].filter((row) => row.name.startsWith(name));
  if (candidates.length === 0) return { error: `unrecognized option ${shown(`--${name}`)}${hint(name)}` };
  const [first] = candidates;
  const row = canonical(WHACK_OPTIONS, first);
  const isClear = candidates.every((each) => canonical(WHACK_OPTIONS, each) === row && each.arg === first.arg);
  if (isClear) return { row, written: first.name, arg: first.arg, given };
  const names = candidates.map((each) => `--${each.name}`);
  const some = names.length > SHOWN ? [...names.slice(0, SHOWN), '...'] : names;
  return { error: `option "--${name}" is ambiguous: ${some.join(', ')}` };
}

function hint(name: string): string {
  const meant = nearest(name, WHACK_OPTIONS.keys());
  return meant === undefined ? '' : `; did you mean --${meant}?`;
}

/** Of the options that an abbreviation may be. */
const SHOWN = 6;
