/**
 * The lexical layer of ipsec.conf(5): lines into section heads and settings, files into one stream. What the
 * words mean is decided elsewhere; here a line is well formed or a problem.
 */
import { posix } from 'node:path';
import type { FileSystem } from './file-system.ts';
import { hasControl, shown } from './printable.ts';
import type { Problem } from './problem.ts';

export interface Place {
  readonly file: string;
  readonly line: number;
}

export type Statement =
  | (Place & { readonly t: 'section'; readonly section: 'setup' | 'conn'; readonly name: string })
  | (Place & { readonly t: 'setting'; readonly keyword: string; readonly value: string });

/** Includes inside includes. */
export const MAX_INCLUDE_DEPTH = 10;
/** Files in one configuration, each inclusion counted: what keeps a doubling chain of includes finite. */
export const MAX_FILES = 20_000;
/** UTF-16 units in all of them together: what keeps a large file that is included often from being read for ever. */
export const MAX_TEXT = 256 << 20;

/** Everything in `path` and what it includes, in order; what is malformed is left out and reported. */
export function scan(path: string, fs: FileSystem, report: (problem: Problem) => void): readonly Statement[] {
  return [...scanning(path, fs, report)].filter((statement) => statement !== undefined);
}

/** The same a line at a time, for who has other things to do in between: undefined for a line that says nothing. */
export function* scanning(
  path: string,
  fs: FileSystem,
  report: (problem: Problem) => void,
): Generator<Statement | undefined, void> {
  let files = 0;
  let size = 0;
  // Beyond a limit nothing more is read, or what was read already would go on asking for more.
  let isOver = false;

  function* scanFile(file: string, from: Place | undefined, depth: number): Generator<Statement | undefined, void> {
    const place = from ?? { file, line: 0 };
    if (++files > MAX_FILES) {
      isOver = true;
      error(place, `more than ${MAX_FILES} files are included`);
      return;
    }
    yield undefined;
    const read = fs.read(file);
    if ('errno' in read) {
      const text = `cannot read ${shown(file)}: ${read.errno}`;
      report({ severity: from === undefined ? 'error' : 'warning', ...place, text });
      return;
    }
    size += read.text.length;
    if (size > MAX_TEXT) {
      isOver = true;
      error(place, `more than ${MAX_TEXT >> 20} MiB are included`);
      return;
    }
    let line = 0;
    for (const text of linesOf(read.text)) {
      if (isOver) return;
      line++;
      const parsed = parseLine(text);
      if (parsed?.t === 'fault') error({ file, line }, parsed.text);
      else if (parsed?.t === 'include') {
        if (depth < MAX_INCLUDE_DEPTH) yield* include(parsed.pattern, { file, line }, depth + 1);
        else error({ file, line }, `includes are nested more than ${MAX_INCLUDE_DEPTH} deep`);
      } else if (parsed?.t === 'setting')
        yield { t: 'setting', keyword: parsed.keyword, value: parsed.value, file, line };
      else if (parsed) yield { t: 'section', section: parsed.section, name: parsed.name, file, line };
      if (parsed === undefined || parsed.t === 'fault') yield undefined;
    }
  }

  function* include(pattern: string, from: Place, depth: number): Generator<Statement | undefined, void> {
    const path = posix.resolve(posix.dirname(from.file), pattern);
    const found = /[*?[]/.test(path) ? fs.glob(path) : [path];
    for (const file of found) if (!isOver) yield* scanFile(file, from, depth);
  }

  const error = (place: Place, text: string) => report({ severity: 'error', file: place.file, line: place.line, text });

  yield* scanFile(path, undefined, 0);
}

/** Without their ends; made one by one, since a file of 10,000 conns has 100,000 of them. */
export function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    yield text.slice(start, text.charCodeAt(end - 1) === 13 && end > start ? end - 1 : end);
    start = end + 1;
  }
}

type Line =
  | { readonly t: 'section'; readonly section: 'setup' | 'conn'; readonly name: string }
  | { readonly t: 'setting'; readonly keyword: string; readonly value: string }
  | { readonly t: 'include'; readonly pattern: string }
  | Fault;

interface Fault {
  readonly t: 'fault';
  readonly text: string;
}

const fault = (text: string): Fault => ({ t: 'fault', text });

function parseLine(text: string): Line | undefined {
  const body = text.trim();
  if (body === '' || body.startsWith('#')) return undefined;
  if (hasControl(body)) return fault('the line has a control character');
  const isIndented = text.startsWith(' ') || text.startsWith('\t');
  const equals = body.indexOf('=');
  // `conn a=b` is a head as well; only an indented line can be a setting.
  const head = isIndented && equals >= 0 ? null : /^(include|conn|config|version)\s+(.*)$/.exec(body);
  if (head) return parseHead(head[1], head[2], isIndented);
  if (equals < 0) return fault(`expected KEYWORD=VALUE, got ${shown(body)}`);
  if (!isIndented) return fault(`a setting must be indented: ${shown(body.slice(0, equals).trim())}=`);
  const keyword = body.slice(0, equals).trimEnd();
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(keyword)) return fault(`${shown(keyword)} cannot be a keyword`);
  const value = parseValue(body.slice(equals + 1).trimStart());
  return typeof value === 'string' ? { t: 'setting', keyword, value } : fault(`${keyword}=: ${value.text}`);
}

function parseHead(word: string, rest: string, isIndented: boolean): Line | undefined {
  const value = parseValue(rest);
  if (typeof value !== 'string') return fault(`${word}: ${value.text}`);
  if (value === '') return fault(`${word} needs a word after it`);
  if (word === 'include') return { t: 'include', pattern: value };
  if (isIndented) return fault(`${word} must not be indented`);
  if (word === 'version') return undefined;
  if (word === 'conn') return { t: 'section', section: 'conn', name: value };
  return value === 'setup'
    ? { t: 'section', section: 'setup', name: 'setup' }
    : fault(`expected config setup, got config ${shown(value)}`);
}

/** A word, "quoted" or {braced} text; a comment may follow. */
function parseValue(text: string): string | Fault {
  let value: string;
  let rest: string;
  if (text.startsWith('"') || text.startsWith('{')) {
    const end = text.indexOf(text.startsWith('"') ? '"' : '}', 1);
    if (end < 0) return fault(text.startsWith('"') ? 'the closing quote is missing' : 'the closing brace is missing');
    [value, rest] = [text.slice(1, end), text.slice(end + 1)];
    if (rest !== '' && !/^\s/.test(rest)) return fault(`text right after the closing ${text[end]}`);
  } else {
    const end = text.startsWith('#') ? 0 : text.search(/\s/);
    [value, rest] = end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end)];
    if (value.includes('"')) return fault('a quote inside a word');
  }
  rest = rest.trimStart();
  if (rest !== '' && !rest.startsWith('#')) return fault('more than one word; quote the value');
  return detached(value);
}

/**
 * A copy of its own: a slice of more than a dozen characters keeps the text of the whole file alive, and connections
 * that outlive ten reloads would hold ten files. What is put together and cut again is made anew.
 */
const detached = (text: string): string => (text.length > 12 ? ` ${text}`.slice(1) : text);
