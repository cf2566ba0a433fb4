/** `ipsec --help`, and of each subcommand: the rows of its tables, laid out for 80 columns. */
import { DEFAULT_CONFIG } from '../control/daemon-options.ts';
import { installation } from '../control/installation.ts';
import { type Command, type CommandOption, usageOfCommand } from './ipsec-command.ts';
import { AUTO_OPERATIONS, AUTO_OPTIONS, COMMANDS, commandNamed, GROUP_TITLES } from './ipsec-commands.ts';
import { optionsOf } from './ipsec-options.ts';
import { usageOf } from './options.ts';

/** Of one command, or of all. */
export function help(command: Command | undefined): string {
  if (!command) return overview();
  const parts = [`Usage: ipsec ${usageOfCommand(command)} [OPTION...]`];
  if (command.help) parts.push(`${command.help[0].toUpperCase()}${command.help.slice(1)}.`);
  const others = (command.aliases ?? []).filter((alias) => !alias.startsWith('-'));
  if (others.length > 0) parts.push(`Also called ${others.join(', ')}.`);
  if (command.name === 'auto') parts.push(`Operations:\n${columns(AUTO_OPERATIONS.flatMap(operation))}`);
  const own = command.name === 'auto' ? AUTO_OPTIONS : [];
  parts.push(`Options:\n${columns([...own, ...optionsOf(command)].map(optionRow))}`);
  return parts.join('\n\n');
}

/** After what is wrong: where to read on. */
export function hint(about: Command | undefined): string {
  if (!about) return 'ipsec --help lists the commands';
  return `Usage: ipsec ${usageOfCommand(about)} [OPTION...]; ipsec ${about.name} --help says more`;
}

/** `ipsec --directory` and `ipsec --confdir`: where we are, and where the configuration is. */
export function placeOf([query, ...more]: readonly string[]): string | undefined {
  if (more.length > 0) return undefined;
  if (query === '--directory') return installation().replace(/\/$/, '');
  return query === '--confdir' ? DEFAULT_CONFIG.replace(/\/[^/]*$/, '') : undefined;
}

function overview(): string {
  const sections = (Object.keys(GROUP_TITLES) as (keyof typeof GROUP_TITLES)[]).map((group) => {
    const rows = COMMANDS.filter((c) => c.group === group && c.later === undefined);
    return `${GROUP_TITLES[group]}:\n${columns(
      rows.map((c) => [usageOfCommand(c), c.help]),
      LEFT,
    )}`;
  });
  const more = 'ipsec COMMAND --help says more; ipsec help lists the manual pages.';
  return `Usage: ipsec COMMAND [OPTION...]\n\n${sections.join('\n\n')}\n\n${more}`;
}

const LEFT = 28;

type Row = readonly [left: string, right: string];

function operation(name: string): Row[] {
  const command = commandNamed(name);
  if (!command?.help) return [];
  // Each once, under its own name.
  return command.name === name || name === 'ready' ? [[`--${name}`, command.help]] : [];
}

function optionRow(row: CommandOption): Row {
  return [`${row.short === undefined ? '' : `-${row.short}, `}${usageOf(row)}`, row.help ?? ''];
}

function columns(rows: readonly Row[], width = Math.max(...rows.map(([left]) => left.length))): string {
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd()).join('\n');
}
