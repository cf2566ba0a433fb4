/** Debug classes and impairments, which may be said as often as one likes. */
import { DEBUG_ALIASES, DEBUG_CLASSES } from '../conf/debug-classes.ts';
import { splitList } from '../conf/values.ts';
import type { Request } from '../control/protocol.ts';
import type { WhackLine } from './whack-parse.ts';

/** As `plutodebug=` has them: `no-` before what is to be cleared. Undefined if nothing was said of debugging. */
export function debugWords({ debug }: WhackLine): readonly string[] | undefined {
  const said = debug.filter(({ row }) => !row.name.includes('impair'));
  if (said.length === 0) return undefined;
  return said.flatMap(({ row, value }) => {
    return row.name === 'no-debug' ? splitList(value).map((word) => `no-${word}`) : splitList(value);
  });
}

/** Beside a connection that is being added, debugging is a keyword of that. */
export function debugRequests(line: WhackLine): Request[] {
  const { debug, normal, isAdd } = line;
  const requests: Request[] = [];
  const words = (debugWords(line) ?? []).map((word) => (word === 'none' ? 'no-all' : word));
  if (words.length > 0 && !isAdd) {
    const name = normal.get('name');
    const set = words.filter((word) => !word.startsWith('no-'));
    const clear = words.filter((word) => word.startsWith('no-')).map((word) => word.slice('no-'.length));
    requests.push({ kind: 'debug', set, clear, ...(name !== undefined && { name }) });
  }
  const impaired = (option: string) => debug.filter(({ row }) => row.name === option).map(({ value }) => value);
  const [set, clear] = [impaired('impair'), impaired('no-impair')].map((values) => values.flatMap(splitList));
  if (set.length + clear.length > 0) requests.push({ kind: 'impair', set, clear });
  return requests;
}

/** What `--debug help` prints. */
export function debugHelp(line: WhackLine): string | undefined {
  if (!debugWords(line)?.some((word) => word === 'help' || word === 'list')) return undefined;
  const row = (name: string, help: string) => `${name.padEnd(12)} ${help}\n`;
  const classes = Object.entries(DEBUG_CLASSES).map(([name, help]) => row(name, help));
  const sums = Object.entries(DEBUG_ALIASES).map(([name, sum]) => row(name, `= ${sum.join(' + ')}`));
  return [...classes, '\n', ...sums, row('none', 'clears all; no- before a class clears that')].join('');
}
