/** The command line of `ipsec SUBCOMMAND`, read without yargs, which takes longer to load than pluto to answer. */
import { parseArgs } from 'node:util';
import { COMMANDS, type Command, type CommandOption, commandNamed, IPSEC_OPTIONS } from './ipsec-commands.ts';

export interface IpsecLine {
  readonly command: Command;
  readonly operands: readonly string[];
  /** Options by name; `''` where there is no argument. */
  readonly options: ReadonlyMap<string, string>;
}

/** Undefined where something is wrong, or help is wanted: explain.ts has the words. */
export function parseIpsec(argv: readonly string[]): IpsecLine | undefined {
  const command = commandNamed(argv[0] ?? '');
  if (!command) return undefined;
  if (command.name === 'auto') return parseAuto(argv.slice(1));
  if (command.isRaw) return { command, operands: argv.slice(1), options: new Map() };
  const given = parse(argv.slice(1), command.options ?? []);
  if (!given || !fits(command, given.operands, given.options)) return undefined;
  return { command, ...given };
}

/** `ipsec auto --up CONN` is `ipsec up CONN`: exactly one operation. */
function parseAuto(argv: readonly string[]): IpsecLine | undefined {
  const operations = COMMANDS.filter(({ isAuto }) => isAuto).flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  const given = parse(
    argv,
    [...operations, 'showonly', 'utc'].map((name) => ({ name, arg: 'none' })),
  );
  if (!given) return undefined;
  const { options, operands } = given;
  const named = operations.filter((name) => options.has(name));
  const command = named.length === 1 ? commandNamed(named[0]) : undefined;
  if (!command || !fits(command, operands, options)) return undefined;
  return { command, operands, options: options.has('showonly') ? new Map([...options, ['dry-run', '']]) : options };
}

function fits({ operand }: Command, operands: readonly string[], options: ReadonlyMap<string, string>): boolean {
  if (options.has('help')) return false;
  if (operand === 'any') return true;
  return operands.length <= (operand === 'none' ? 0 : 1) && (operand !== 'conn' || operands.length === 1);
}

function parse(argv: readonly string[], own: readonly CommandOption[]): Omit<IpsecLine, 'command'> | undefined {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {};
  for (const { name, arg, short } of [...IPSEC_OPTIONS.values(), ...own]) {
    options[name] = { type: arg === 'none' ? 'boolean' : 'string', ...(short && { short }) };
  }
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    const given = Object.entries(values).map(
      ([name, value]) => [name, typeof value === 'string' ? value : ''] as const,
    );
    return { operands: positionals, options: new Map(given) };
  } catch {
    return undefined;
  }
}
