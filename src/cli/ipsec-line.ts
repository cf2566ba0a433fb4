/** The command line of `ipsec SUBCOMMAND`, by the rows of its tables. */
import { parseArgs } from 'node:util';
import { nearest } from '../conf/nearest.ts';
import { type Command, type CommandOption, OPERANDS } from './ipsec-command.ts';
import { AUTO_OPERATIONS, AUTO_OPTIONS, COMMAND_NAMES, commandNamed } from './ipsec-commands.ts';
import { IPSEC_OPTIONS } from './ipsec-options.ts';

export interface IpsecLine {
  readonly command: Command;
  readonly operands: readonly string[];
  /** Options by name; `''` where there is no argument. */
  readonly options: ReadonlyMap<string, string>;
}

/** Help is wanted, unless something is `wrong`: of a command, or of all. */
export interface NoLine {
  readonly about: Command | undefined;
  readonly wrong?: string;
}

type Given = Omit<IpsecLine, 'command'>;

export function parseIpsec(argv: readonly string[]): IpsecLine | NoLine {
  const [first] = argv;
  if (first === undefined || first === '--help' || first === '-h') return { about: undefined };
  const command = commandNamed(first);
  if (!command) return { about: undefined, wrong: unknown(first) };
  if (command.isRaw) return { command, operands: argv.slice(1), options: new Map() };
  const own = command.name === 'auto' ? AUTO_OWN : (command.options ?? []);
  const given = parse(argv.slice(1), own);
  if (typeof given === 'string') return { about: command, wrong: given };
  if (given.options.has('help')) return { about: command };
  const line = command.name === 'auto' ? autoLine(given) : { command, ...given };
  const wrong = typeof line === 'string' ? line : whyUnfit(line);
  return typeof line === 'string' || wrong !== undefined ? { about: command, wrong: wrong ?? '' } : line;
}

/**
 * What stands before the subcommand moves behind it, as in `ipsec --ctlsocket FILE whack --status`; `ipsec setup start`
 * of old is `ipsec start`.
 */
export function normalized(argv: readonly string[]): readonly string[] {
  let at = 0;
  for (let word = argv[at]; word?.startsWith('--'); word = argv[at]) {
    const row = IPSEC_OPTIONS.get(word.slice(2).split('=')[0]);
    if (!row || row.name === 'help') break;
    at += row.arg === 'required' && !word.includes('=') ? 2 : 1;
  }
  const rest = argv.slice(at);
  const [first, second] = rest;
  const words = first === 'setup' && second !== undefined ? [second.replace(/^--/, ''), ...rest.slice(2)] : rest;
  return at === 0 ? words : [...words.slice(0, 1), ...argv.slice(0, at), ...words.slice(1)];
}

const AUTO_OWN: readonly CommandOption[] = [
  ...AUTO_OPERATIONS.map((name) => ({ name, arg: 'none' }) as const),
  ...AUTO_OPTIONS,
];

/** `ipsec auto --up CONN` is `ipsec up CONN`: exactly one operation. */
function autoLine({ operands, options }: Given): IpsecLine | string {
  const named = AUTO_OPERATIONS.filter((name) => options.has(name));
  const command = named.length === 1 ? commandNamed(named[0]) : undefined;
  if (!command) return 'one operation, please, and its connection';
  const { most } = OPERANDS[command.operand];
  if (most === 0 && operands.length > 0) return `--${named[0]} takes no connection`;
  // Alone, `start` is the daemon's, which auto never started.
  if (command.name === 'start' && operands.length === 0) return 'which connection?';
  return { command, operands, options: options.has('showonly') ? new Map([...options, ['dry-run', '']]) : options };
}

function whyUnfit({ command, operands }: IpsecLine): string | undefined {
  const { least, most, usage, words } = OPERANDS[command.operand];
  if (operands.length < least) return command.operand === 'conns' ? 'which connection?' : `expected ${usage}`;
  if (operands.length > most) return most === 0 ? `${command.name} takes no operands` : `too many operands: ${usage}`;
  const other = words && operands.find((word) => !words.includes(word));
  return other === undefined ? undefined : `expected ${usage}, got "${other}"`;
}

function parse(argv: readonly string[], own: readonly CommandOption[]): Given | string {
  const rows = new Map([...IPSEC_OPTIONS, ...own.map((row) => [row.name, row] as const)]);
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries([...rows.values()].map((row) => [row.name, asNodeSays(row)])),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const operands: string[] = [];
  const options = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const row = rows.get(token.name);
    if (!row) return unknownOption(token.rawName, rows.keys());
    const { value, inlineValue } = token;
    if (row.arg === 'none' && value !== undefined) return `${token.rawName} takes no argument`;
    const isMissing = value === undefined || (!inlineValue && value.startsWith('-'));
    if (row.arg === 'required' && isMissing) return `${token.rawName} needs an argument`;
    if (row.words && value !== undefined && !row.words.includes(value))
      return `${token.rawName} is one of ${row.words.join(', ')}`;
    options.set(row.name, value ?? '');
  }
  return { operands, options };
}

function asNodeSays({ arg, short }: CommandOption): { type: 'string' | 'boolean'; short?: string } {
  return { type: arg === 'none' ? 'boolean' : 'string', ...(short !== undefined && { short }) };
}

function unknown(word: string): string {
  if (IPSEC_OPTIONS.has(word.replace(/^--|=.*$/g, ''))) return `which command? ${word} alone is none`;
  if (word.startsWith('-')) return unknownOption(word, IPSEC_OPTIONS.keys());
  const meant = nearest(word, COMMAND_NAMES);
  return `unknown command "${word}"${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

function unknownOption(written: string, names: Iterable<string>): string {
  const meant = nearest(written.replace(/^-+/, ''), names);
  return `unknown option "${written}"${meant === undefined ? '' : `; did you mean --${meant}?`}`;
}
