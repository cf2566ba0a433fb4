/**
 * The lexical layer of ipsec.secrets(5): octets into the words of one entry after the other. Words are windows on
 * the file's octets, so that wiping those leaves nothing behind.
 */
import type { Place } from './scan.ts';

/** From `start` to `end` in `source`, without its quotes; zeros once the file has been wiped. */
export interface Word {
  readonly place: Place;
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly isQuoted: boolean;
}
export type Entry = readonly [Word, ...Word[]];

/**
 * An entry begins in the first column and goes on over indented lines, or up to the closing brace. `#` at the
 * start of a line or after a blank begins a comment. Lines that are malformed are left out and reported.
 */
export function* entriesOf(
  octets: Uint8Array,
  file: string,
  report: (place: Place, text: string) => void,
): Generator<Entry> {
  let entry: Word[] = [];
  let brace: Place | undefined;
  let line = 0;
  for (let start = startOf(octets); start < octets.length; ) {
    const found = octets.indexOf(LINE_FEED, start);
    const next = found < 0 ? octets.length : found;
    const end = next > start && octets[next - 1] === CARRIAGE_RETURN ? next - 1 : next;
    const place = { file, line: ++line };
    const isContinued = isBlank(octets[start]) || brace !== undefined;
    const words = wordsOf(octets, start, end, place);
    start = next + 1;
    if (typeof words === 'string') {
      report(place, words);
      continue;
    }
    if (words.length === 0) continue;
    if (!isContinued && entry.length > 0) yield entry as [Word, ...Word[]];
    if (isContinued && entry.length === 0) report(place, 'an entry must begin in the first column');
    else if (isContinued) for (const word of words) entry.push(word);
    else entry = words;
    for (const word of words) {
      if (word.isQuoted) continue;
      if (octets[word.start] === OPEN) brace ??= place;
      if (octets[word.end - 1] === CLOSE) brace = undefined;
    }
  }
  if (brace) report(brace, 'the closing brace is missing');
  if (entry.length > 0) yield entry as [Word, ...Word[]];
}

/** Whether an unquoted word is this one, in letters of either case. */
export function isWord({ source, start, end, isQuoted }: Word, text: string): boolean {
  if (isQuoted || end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (lower(source[start + i]) !== lower(text.charCodeAt(i))) return false;
  }
  return true;
}

export const lengthOf = ({ start, end }: Word): number => end - start;
export const firstOf = ({ source, start }: Word): number | undefined => source[start];
export const lastOf = ({ source, end }: Word): number | undefined => source[end - 1];
export const octetsOf = ({ source, start, end }: Word): Uint8Array => source.subarray(start, end);

/** A word that is no secret: an index, a file's name. */
export const textOf = ({ source, start, end }: Word): string =>
  Buffer.from(source.buffer, source.byteOffset + start, end - start).toString('utf8');

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const HASH = 0x23;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

const startOf = (octets: Uint8Array): number => (BYTE_ORDER_MARK.every((octet, i) => octets[i] === octet) ? 3 : 0);
const isBlank = (octet: number): boolean => octet === 0x20 || octet === 0x09;
const isQuote = (octet: number): boolean => octet === DOUBLE_QUOTE || octet === SINGLE_QUOTE;
const lower = (octet: number): number => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet);

/** The words of one line, or what is wrong with it. */
function wordsOf(source: Uint8Array, from: number, to: number, place: Place): Word[] | string {
  const words: Word[] = [];
  for (let at = from; at < to; ) {
    const first = source[at];
    if (isBlank(first)) {
      at++;
      continue;
    }
    if (first === HASH) break;
    const isQuoted = isQuote(first);
    const start = isQuoted ? at + 1 : at;
    let end = start;
    if (isQuoted) {
      while (end < to && source[end] !== first) end++;
      if (end === to) return 'the closing quote is missing';
      if (end + 1 < to && !isBlank(source[end + 1])) return 'a blank is missing after the closing quote';
    } else {
      while (end < to && !isBlank(source[end])) end++;
    }
    words.push({ place, source, start, end, isQuoted });
    at = isQuoted ? end + 1 : end;
  }
  return words;
}
