/** What a row of the keyword table says. */
import type { WhackForm } from './whack-form.ts';

/** A keyword's value once parsed: durations are milliseconds, bytes octets, percents whole numbers. */
export type Value = string | number | boolean | readonly string[];

export type KeywordType =
  /** Anything, to the end of the word, quotes or braces. */
  | { readonly t: 'string' | 'path' }
  /** Comma or blank separated; with `append`, repeating the keyword adds to it. */
  | { readonly t: 'list'; readonly append?: true }
  | { readonly t: 'bool' }
  /** `words` maps each spelling to the one that is kept. */
  | { readonly t: 'enum'; readonly words: Readonly<Record<string, string>> }
  /** Decimal, with a fraction and a unit if wanted; `unit` is meant when none is written. */
  | { readonly t: 'duration'; readonly unit: 'ms' | 's' }
  | { readonly t: 'percent' }
  | { readonly t: 'unsigned'; readonly min?: number; readonly max?: number }
  /** `10KiB`, `1.5GiB`: octets. */
  | { readonly t: 'bytes' }
  /** `10Ki`, `3Mi`: packets. */
  | { readonly t: 'count' }
  /** Name of another conn section. */
  | { readonly t: 'section' };

export interface Keyword {
  /** Canonical, without `left` or `right`; empty for `left=` and `right=` themselves. */
  readonly name: string;
  readonly section: 'setup' | 'conn';
  /** Heading of the manual and the help that it stands under. */
  readonly topic: string;
  /** Written with `left` or `right` before it. */
  readonly sided: boolean;
  readonly type: KeywordType;
  /** As an operator would write it; absent: unset. */
  readonly default?: string;
  /** Other spellings, old ones among them. */
  readonly aliases?: readonly string[];
  /** Read, reported and ignored. */
  readonly obsolete?: true;
  /** First libreswan release that had it, when later than 4.0. */
  readonly since?: string;
  /** Whether the feature behind it works yet; `later` is parsed, checked, kept and reported once per load. */
  readonly effect: 'now' | 'later';
  /** Of one with no effect: who sees to it in its place, so that it will have none. */
  readonly instead?: string;
  /** Values of an otherwise working keyword whose feature does not work yet: words, HOSTNAME any name. */
  readonly laterValues?: readonly string[];
  /** The options of whack that set it. */
  readonly whack?: readonly WhackForm[];
  readonly help: string;
}

export const STRING: KeywordType = { t: 'string' };
export const PATH: KeywordType = { t: 'path' };
export const LIST: KeywordType = { t: 'list' };
export const APPEND: KeywordType = { t: 'list', append: true };
export const BOOL: KeywordType = { t: 'bool' };
export const SECONDS: KeywordType = { t: 'duration', unit: 's' };
export const MILLIS: KeywordType = { t: 'duration', unit: 'ms' };
export const PERCENT: KeywordType = { t: 'percent' };
export const UNSIGNED: KeywordType = { t: 'unsigned' };
export const BYTES: KeywordType = { t: 'bytes' };
export const COUNT: KeywordType = { t: 'count' };
export const SECTION: KeywordType = { t: 'section' };

export const unsigned = (min: number, max: number): KeywordType => ({ t: 'unsigned', min, max });

/** `'a b=c'`: the word `a`, and `b`, which means `c`. */
export const choice = (words: string): KeywordType => ({
  t: 'enum',
  words: Object.fromEntries(words.split(' ').map((w) => [w.split('=')[0], w.split('=')[1] ?? w])),
});

/** yes and no in all their spellings, and the words that say something else. */
export const yesNoOr = (words: string): KeywordType =>
  choice(`yes no true=yes false=no on=yes off=no y=yes n=no ${words}`);

type Extra = Partial<Pick<Keyword, 'default' | 'aliases' | 'obsolete' | 'since' | 'laterValues' | 'instead' | 'whack'>>;
type Row = Omit<Keyword, 'topic'>;

/** Makers of rows for one section: what works, what does not yet, what never will again. */
export function rows(section: Keyword['section'], sided: boolean) {
  const row =
    (effect: Keyword['effect']) =>
    (name: string, type: KeywordType, help: string, extra: Extra = {}): Row => ({
      name,
      section,
      sided,
      type,
      effect,
      help,
      ...extra,
    });
  const now = row('now');
  return {
    now,
    later: row('later'),
    obsolete: (name: string, help: string, extra: Extra = {}) => now(name, STRING, help, { ...extra, obsolete: true }),
  };
}

/** Rows under one heading. */
export const about = (topic: string, ...all: readonly Row[]): readonly Keyword[] =>
  all.map((row) => ({ ...row, topic }));
