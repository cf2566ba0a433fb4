/**
 * The lexical layer of ipsec.secrets(5): octets into the words of one entry after the other. Words are windows on
 * the file's octets, so that wiping those leaves nothing behind.
 */
import type { Place } from './scan.ts';

export interface Word extends Place {
  /** Without its quotes; zeros once the file has been wiped. */
  readonly octets: Uint8Array;
  readonly isQuoted: boolean;
}

/**
 * An entry begins in the first column and goes on over indented lines, or up to the closing brace. `#` at the
 * start of a line or after a blank begins a comment. Lines that are malformed are left out and reported.
 */
export function* entriesOf(
  octets: Uint8Array,
  file: string,
  report: (place: Place, text: string) => void,
): Generator<readonly [Word, ...Word[]]> {
  let entry: Word[] = [];
  let brace: Place | undefined;
  let line = 0;
  for (const text of linesOf(octets)) {
    line++;
    const words = wordsOf(text, { file, line });
    if (typeof words === 'string') {
      report({ file, line }, words);
      continue;
    }
    if (words.length === 0) continue;
    const isContinued = isBlank(text[0]) || brace !== undefined;
    if (!isContinued && entry.length > 0) {
      yield entry as [Word, ...Word[]];
      entry = [];
    }
    if (isContinued && entry.length === 0) report({ file, line }, 'an entry must begin in the first column');
    else for (const word of words) entry.push(word);
    for (const { octets, isQuoted } of words) {
      if (isQuoted) continue;
      if (octets[0] === OPEN) brace ??= { file, line };
      if (octets[octets.length - 1] === CLOSE) brace = undefined;
    }
  }
  if (brace) report(brace, 'the closing brace is missing');
  if (entry.length > 0) yield entry as [Word, ...Word[]];
}

/** Whether an unquoted word is this one, in letters of either case. */
export function isWord({ octets, isQuoted }: Word, text: string): boolean {
  if (isQuoted || octets.length !== text.length) return false;
  return octets.every((octet, i) => lower(octet) === lower(text.charCodeAt(i)));
}

/** A word that is no secret: an index, a file's name. */
export const textOf = ({ octets }: Word): string =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('utf8');

export const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const HASH = 0x23;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

const isBlank = (octet: number | undefined): boolean => octet === 0x20 || octet === 0x09;
const isQuote = (octet: number): boolean => octet === DOUBLE_QUOTE || octet === SINGLE_QUOTE;
const lower = (octet: number): number => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet);

function* linesOf(octets: Uint8Array): Generator<Uint8Array> {
  const hasMark = BYTE_ORDER_MARK.every((octet, i) => octets[i] === octet);
  for (let start = hasMark ? 3 : 0; start < octets.length; ) {
    const found = octets.indexOf(0x0a, start);
    const end = found < 0 ? octets.length : found;
    yield octets.subarray(start, end > start && octets[end - 1] === 0x0d ? end - 1 : end);
    start = end + 1;
  }
}

function wordsOf(line: Uint8Array, place: Place): Word[] | string {
  const words: Word[] = [];
  for (let at = 0; at < line.length; ) {
    if (isBlank(line[at])) {
      at++;
      continue;
    }
    if (line[at] === HASH) break;
    const isQuoted = isQuote(line[at]);
    let end: number;
    if (isQuoted) {
      end = line.indexOf(line[at], at + 1);
      if (end < 0) return 'the closing quote is missing';
      if (end + 1 < line.length && !isBlank(line[end + 1])) return 'a blank is missing after the closing quote';
    } else {
      end = at + 1;
      while (end < line.length && !isBlank(line[end])) end++;
    }
    words.push({ ...place, octets: line.subarray(isQuoted ? at + 1 : at, end), isQuoted });
    at = isQuoted ? end + 1 : end;
  }
  return words;
}
