/** What a row of the table of `ipsec`'s subcommands says. */
import type { OptionRow } from './options.ts';

export type CommandGroup = 'daemon' | 'connections' | 'reports' | 'lists' | 'files' | 'keys' | 'machine' | 'other';

export interface Command {
  readonly name: string;
  /** Other spellings; those with dashes are from before there were subcommands. */
  readonly aliases?: readonly string[];
  readonly group: CommandGroup;
  readonly operand: Operand;
  readonly help: string;
  /** How the connections are loaded from ipsec.conf first. */
  readonly loads?: 'add' | 'replace';
  /** What whack is told; a connection named is added as `--name`. */
  readonly whack?: readonly string[];
  /** Also spelled `ipsec auto --NAME`. */
  readonly isAuto?: boolean;
  /** Beside those that all take. */
  readonly options?: readonly CommandOption[];
  /** Its words are its own to read: all of them are operands. */
  readonly isRaw?: true;
  /** libreswan has it and we do not yet: what to do instead. Not in the help. */
  readonly later?: string;
}

export interface CommandOption extends OptionRow {
  readonly short?: string;
  /** Commands and groups of them that it means something to; all, if absent. The others take it and ignore it. */
  readonly of?: readonly (CommandGroup | string)[];
  /** Handed on to whack as it is. */
  readonly isWhacks?: true;
}

/** What stands after a subcommand: how it is written, and how many words of it there are. */
export interface OperandRow {
  readonly usage: string;
  readonly least: number;
  readonly most: number;
  /** For completion. */
  readonly of?: 'conn' | 'file' | 'topic';
  readonly words?: readonly string[];
}

export type Operand =
  | 'none'
  | 'conns'
  | 'maybe-conn'
  | 'maybe-conns'
  | 'two-files'
  | 'maybe-files'
  | 'shell'
  | 'topic'
  | 'auto'
  | 'maybe-bits'
  | 'maybe-curve'
  | 'any';

const MANY = Number.POSITIVE_INFINITY;

export const OPERANDS: Readonly<Record<Operand, OperandRow>> = {
  none: { usage: '', least: 0, most: 0 },
  conns: { usage: 'CONN...', least: 1, most: MANY, of: 'conn' },
  'maybe-conn': { usage: '[CONN]', least: 0, most: 1, of: 'conn' },
  'maybe-conns': { usage: '[CONN...]', least: 0, most: MANY, of: 'conn' },
  'two-files': { usage: 'FILE FILE', least: 2, most: 2, of: 'file' },
  'maybe-files': { usage: '[FILE...]', least: 0, most: MANY, of: 'file' },
  shell: { usage: 'bash|zsh|fish', least: 1, most: 1, words: ['bash', 'zsh', 'fish'] },
  topic: { usage: '[TOPIC]', least: 0, most: 1, of: 'topic' },
  auto: { usage: '--OPERATION [CONN...]', least: 0, most: MANY, of: 'conn' },
  'maybe-bits': { usage: '[BITS]', least: 0, most: 1 },
  'maybe-curve': { usage: '[CURVE]', least: 0, most: 1 },
  any: { usage: '...', least: 0, most: MANY },
};

/** `up CONN...`. */
export function usageOfCommand({ name, operand }: Command): string {
  return `${name} ${OPERANDS[operand].usage}`.trimEnd();
}
