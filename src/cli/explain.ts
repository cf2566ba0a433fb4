/** Help, and words for a command line that cannot be understood: yargs' part, made of the same tables. */
import yargs from 'yargs';
import { COMMANDS, type Command, commandNamed, GROUP_TITLES, IPSEC_OPTIONS } from './ipsec-commands.ts';
import type { OptionRow } from './options.ts';

const WIDTH = 100;

export interface Explanation {
  readonly text: string;
  /** What is wrong; undefined when help was asked for. */
  readonly wrong?: string;
}

export async function explain(argv: readonly string[]): Promise<Explanation> {
  const [first] = argv;
  if (first === undefined || first.startsWith('-')) {
    const isHelp = first === undefined || first === '--help' || first === '-h';
    return { text: overview(), ...(!isHelp && { wrong: `unknown option ${first}` }) };
  }
  const command = commandNamed(first);
  if (!command) return { text: overview(), wrong: `unknown command "${first}"` };
  const parser = parserOf(command);
  const text = await parser.getHelp();
  if (argv.includes('--help') || argv.includes('-h')) return { text };
  let wrong =
    command.name === 'auto' ? 'one operation, please, and its connection' : `not understood: ${argv.join(' ')}`;
  const asked = parser.fail((message) => {
    wrong = message;
  });
  // Having said what is wrong, yargs may throw it as well.
  await asked.parseAsync(argv.slice(1)).catch(() => {});
  return { text, wrong };
}

function overview(): string {
  const sections = (Object.keys(GROUP_TITLES) as (keyof typeof GROUP_TITLES)[]).map((group) => {
    const lines = COMMANDS.filter((c) => c.group === group).map((c) => `  ${operandOf(c).padEnd(30)} ${c.help}`);
    return `${GROUP_TITLES[group]}:\n${lines.join('\n')}`;
  });
  return `Usage: ipsec COMMAND [OPTION...]\n\n${sections.join('\n\n')}\n\nipsec COMMAND --help says more.`;
}

function operandOf({ name, operand }: Command): string {
  return { none: name, conn: `${name} CONN`, 'maybe-conn': `${name} [CONN]`, any: `${name} ...` }[operand];
}

function parserOf(command: Command) {
  const parser = yargs([])
    .scriptName('ipsec')
    .usage(`Usage: ipsec ${operandOf(command)} [OPTION...]\n\n${command.help}`)
    .help(false)
    .version(false)
    .exitProcess(false)
    .wrap(WIDTH)
    .strict();
  for (const row of IPSEC_OPTIONS.values()) parser.option(row.name, optionOf(row, row.short));
  for (const row of command.options ?? []) parser.option(row.name, optionOf(row, row.short));
  if (command.name === 'auto') {
    for (const { name, help } of COMMANDS.filter(({ isAuto }) => isAuto))
      parser.option(name, { type: 'boolean', describe: help });
    parser.option('showonly', { type: 'boolean', describe: 'as --dry-run' });
    return parser.strict(false).strictOptions();
  }
  const most = { none: 0, conn: 1, 'maybe-conn': 1, any: Number.POSITIVE_INFINITY }[command.operand];
  const least = command.operand === 'conn' ? 1 : 0;
  return parser.strict(false).strictOptions().demandCommand(least, most, 'which connection?', 'too many operands');
}

function optionOf({ arg, help }: OptionRow, short?: string) {
  const type = arg === 'none' ? ('boolean' as const) : ('string' as const);
  return { type, requiresArg: arg === 'required', ...(help && { describe: help }), ...(short && { alias: short }) };
}
