/** whack's command line into options and two ends, by whack's own rules. */
import { shown } from '../conf/printable.ts';
import { isFault, parseTyped } from '../conf/values.ts';
import { type ReadFile, readOptions, type Word, wordsOf } from './options-from.ts';
import { findOption } from './whack-find.ts';
import type { WhackOption } from './whack-option.ts';

/** Options by canonical name; an option without a value is the empty text. */
export interface WhackLine {
  readonly normal: ReadonlyMap<string, string>;
  /** Keywords of each end, before and after `--to`. */
  readonly ends: readonly [ReadonlyMap<string, string>, ReadonlyMap<string, string>];
  readonly hasTo: boolean;
  /** Keywords of the connection; words of a list are gathered. */
  readonly conn: ReadonlyMap<string, string>;
  readonly pfsgroup?: string;
  readonly debug: readonly { readonly row: WhackOption; readonly value: string }[];
  /** True if anything of a connection was said: the command is then an add. */
  readonly isAdd: boolean;
  /** What was said to no effect, and why. */
  readonly notes: readonly string[];
}

export type WhackError = { readonly error: string; readonly label?: string; readonly name?: string };

/** With what was said of who complains, and about which connection. */
export function errorOf({ normal }: Pick<WhackLine, 'normal'>, error: string): WhackError {
  const [label, name] = [normal.get('label'), normal.get('name')];
  return { error, ...(label !== undefined && { label }), ...(name !== undefined && { name }) };
}

/** Files that name files. */
const MAX_NESTING = 10;
/** Several files may name the same file several times. */
const MAX_WORDS = 100_000;

export function parseWhack(argv: readonly string[], read: ReadFile = readOptions): WhackLine | WhackError {
  const said = new Said();
  const words: (Word & { readonly depth: number })[] = argv.map((text) => ({ text, depth: 0 })).reverse();
  let count = words.length;
  const fail = (error: string, { at }: Word): WhackError => said.fail(at === undefined ? error : `${at}: ${error}`);
  for (let word = words.pop(); word; word = words.pop()) {
    const found = findOption(word.text);
    if ('error' in found) return fail(found.error, word);
    const { row, written, arg } = found;
    let { given } = found;
    if (arg === 'none' && given !== undefined) return fail(`option "--${written}" takes no argument`, word);
    if (arg === 'required' && given === undefined) {
      given = words.pop()?.text;
      if (given === undefined) return fail(`option "--${written}" needs an argument`, word);
    }
    if (row.name !== 'optionsfrom') {
      const error = said.take(row, written, given);
      if (error !== undefined) return fail(error, word);
      continue;
    }
    const depth = word.depth + 1;
    if (depth > MAX_NESTING) return fail(`--optionsfrom is nested deeper than ${MAX_NESTING} files`, word);
    const more = wordsOf(given ?? '', read);
    if ('fault' in more) return fail(more.fault, word);
    count += more.length;
    if (count > MAX_WORDS) return fail(`--optionsfrom makes more than ${MAX_WORDS} words`, word);
    for (const each of more.toReversed()) words.push({ ...each, depth });
  }
  return said.line();
}

/** Families come before the addresses they are of: in each pair, the family's keyword and the options it is late for. */
const FAMILY_USERS: Readonly<Record<string, readonly string[]>> = {
  hostaddrfamily: ['host', 'nexthop'],
  clientaddrfamily: ['subnet', 'sourceip', 'oppohere', 'oppothere'],
};

/** What was said so far, and whether the next option may be said after it. */
class Said {
  readonly #normal = new Map<string, string>();
  readonly #ends: [Map<string, string>, Map<string, string>] = [new Map(), new Map()];
  readonly #conn = new Map<string, string>();
  readonly #debug: { row: WhackOption; value: string }[] = [];
  readonly #notes: string[] = [];
  /** Options by name, those of an end with its side. */
  readonly #seen = new Set<string>();
  /** By which option a keyword was set, as it was written. */
  readonly #setters = new Map<string, { readonly row: WhackOption; readonly written: string }>();
  #pfsgroup: string | undefined;
  #hasTo = false;
  #isAdd = false;

  /** What is wrong with it, if anything is. */
  take(row: WhackOption, written: string, given: string | undefined): string | undefined {
    const side = this.#hasTo ? 1 : 0;
    const once = row.group === 'end' ? `${row.name} ${side}` : row.name;
    if (row.group !== 'debug' && this.#seen.has(once)) return `option "--${written}" repeated`;
    this.#seen.add(once);
    const late = this.#late(row);
    if (late !== undefined) return `--${written} must precede any --${late}`;
    const value = meant(row, given);
    const fault = given === undefined ? undefined : faultIn(row, value);
    if (fault !== undefined) return `--${written} ${shown(given ?? '')}: ${fault}`;
    switch (row.group) {
      case 'normal':
      case 'list':
        this.#normal.set(row.name, value);
        break;
      case 'debug':
        if (row.ignored === undefined) this.#debug.push({ row, value });
        break;
      case 'end':
        this.#isAdd = true;
        if (row.keyword !== undefined) this.#ends[side].set(row.keyword, value);
        break;
      case 'auth':
      case 'conn': {
        this.#isAdd = true;
        const error = this.#takeConn(row, written, value);
        if (error !== undefined) return error;
      }
    }
    if (row.ignored) this.#notes.push(`--${written} has no effect: ${row.ignored}`);
    return undefined;
  }

  #takeConn(row: WhackOption, written: string, value: string): string | undefined {
    const { name, keyword } = row;
    if (name === 'to') {
      if (!this.#ends[0].has('')) return 'connection missing --host before --to';
      this.#hasTo = true;
    }
    if (name === 'pfsgroup') this.#pfsgroup = value;
    if (keyword === undefined) return undefined;
    const known = this.#conn.get(keyword);
    const before = this.#setters.get(keyword);
    if (known !== undefined && row.isWord) {
      this.#conn.set(keyword, `${known},${value}`);
      return undefined;
    }
    if (known !== undefined && keyword === 'phase2' && known !== value) {
      this.#conn.set(keyword, 'esp+ah');
      return undefined;
    }
    if (known !== undefined && row.yieldsTo?.includes(known)) return undefined;
    if (known !== undefined && before && known !== value && !before.row.yieldsTo?.includes(value))
      return `"--${written}" contradicts "--${before.written}"`;
    this.#conn.set(keyword, value);
    this.#setters.set(keyword, { row, written });
    return undefined;
  }

  #late({ keyword }: WhackOption): string | undefined {
    if (keyword === undefined) return undefined;
    return FAMILY_USERS[keyword]?.find((user) => ['', ' 0', ' 1'].some((side) => this.#seen.has(`${user}${side}`)));
  }

  fail(error: string): WhackError {
    return errorOf({ normal: this.#normal }, error);
  }

  line(): WhackLine {
    // The family of a packet to negotiate for makes no connection.
    const isOppo = this.#normal.has('oppohere') && !this.#seen.has('host 0');
    const isFamily = [...this.#conn.keys()].every((key) => key === 'clientaddrfamily');
    return {
      normal: this.#normal,
      ends: this.#ends,
      hasTo: this.#hasTo,
      conn: this.#conn,
      ...(this.#pfsgroup !== undefined && { pfsgroup: this.#pfsgroup }),
      debug: this.#debug,
      isAdd: this.#isAdd && !(isOppo && isFamily),
      notes: this.#notes,
    };
  }
}

function meant({ value, meanings, suffix }: WhackOption, given: string | undefined): string {
  if (given === undefined) return value ?? '';
  const word = given.toLowerCase();
  const said = meanings && Object.hasOwn(meanings, word) ? meanings[word] : given;
  return suffix === undefined || said.endsWith(suffix) ? said : `${said}${suffix}`;
}

/** Where a file's line would be ignored with a warning, a command is refused: there is someone to say it to. */
function faultIn({ type, suffix, meanings, argName = '' }: WhackOption, value: string): string | undefined {
  const parsed = type && parseTyped(type, value);
  if (!isFault(parsed)) return undefined;
  if (meanings) return `expected ${argName.replaceAll('|', ', ')}`;
  return suffix === undefined ? parsed.fault : parsed.fault.replace(` and ${suffix}`, '');
}
