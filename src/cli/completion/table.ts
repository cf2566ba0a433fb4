/** What may stand where on the command lines, for any shell: taken from the tables that parse them. */
import { KEYWORDS } from '../../conf/keywords.ts';
import { type Command, OPERANDS } from '../ipsec-command.ts';
import { AUTO_OPERATIONS, AUTO_OPTIONS, COMMANDS, commandNamed } from '../ipsec-commands.ts';
import { IPSEC_OPTIONS, optionsOf } from '../ipsec-options.ts';
import { TOPICS } from '../manual/topics.ts';
import type { OptionRow } from '../options.ts';
import { PLUTO_OPTIONS } from '../pluto-options.ts';
import { WHACK_OPTIONS } from '../whack-options.ts';

/** What an argument or an operand is: one of some words, or something the shell finds. */
export type Values = readonly string[] | 'conn' | 'file' | 'directory';

export interface CompletedOption {
  /** With its dashes. */
  readonly flag: string;
  readonly help: string;
  readonly arg: OptionRow['arg'];
  /** Undefined where nobody can know. */
  readonly values: Values | undefined;
}

export interface CompletedCommand {
  readonly name: string;
  readonly help: string;
  readonly options: readonly CompletedOption[];
  readonly operands: Values | undefined;
}

export function completedCommands(): readonly CompletedCommand[] {
  return COMMANDS.filter(({ later }) => later === undefined).map((command) => ({
    name: command.name,
    help: command.help,
    options: rowsOf(command)
      .filter(({ isObsolete }) => !isObsolete)
      .map(completed),
    operands: operandsOf(command),
  }));
}

function rowsOf(command: Command): readonly OptionRow[] {
  switch (command.name) {
    case 'whack':
      return [...WHACK_OPTIONS.values()];
    case 'pluto':
      return [...PLUTO_OPTIONS.values()];
    case 'auto': {
      const operations = AUTO_OPERATIONS.map(
        (name): OptionRow => ({
          name,
          arg: 'none',
          help: commandNamed(name)?.help ?? '',
        }),
      );
      return [...operations, ...AUTO_OPTIONS, ...IPSEC_OPTIONS.values()];
    }
    default:
      return command.isRaw ? [] : optionsOf(command);
  }
}

function completed(row: OptionRow): CompletedOption {
  return { flag: `--${row.name}`, help: row.help ?? '', arg: row.arg, values: valuesOf(row) };
}

/** By the words of the row, or by how help writes its argument: `FILE`, `yes|no`. */
function valuesOf({ name, arg, argName, words }: OptionRow): Values | undefined {
  if (arg === 'none') return undefined;
  if (words) return words;
  if (argName === 'FILE' || argName === 'GLOB' || argName === 'PATH') return 'file';
  if (argName === 'DIR') return 'directory';
  if (argName === 'CONN' || name === 'name') return 'conn';
  return argName !== undefined && /^[a-z0-9_-]+(\|[a-z0-9_-]+)+$/.test(argName) ? argName.split('|') : undefined;
}

function operandsOf(command: Command): Values | undefined {
  if (command.name === 'auto' || command.name === 'addconn') return 'conn';
  if (command.name === 'algparse') return ['ike=', 'esp=', 'ah='];
  const { of, words } = OPERANDS[command.operand];
  if (of === 'topic') return [...TOPICS.map(({ name }) => name), ...keywordNames()];
  return words ?? of;
}

function keywordNames(): readonly string[] {
  return KEYWORDS.filter(({ obsolete }) => !obsolete).flatMap(({ name, sided }) => {
    if (!sided) return [name];
    return [`left${name}`];
  });
}

/** Commands that are completed alike, once. */
export function alike(
  commands: readonly CompletedCommand[],
  key: (command: CompletedCommand) => string,
): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const command of commands) names.set(key(command), [...(names.get(key(command)) ?? []), command.name]);
  return names;
}
