import type { KeywordType } from '../conf/keyword.ts';
import type { OptionRow } from './options.ts';

/**
 * Whom an option concerns. What is in `end`, `conn` and `auth` describes a connection; `end` may be said once on
 * each side of `--to`, `debug` as often as one likes, everything else once.
 */
export type WhackGroup = 'normal' | 'list' | 'end' | 'conn' | 'auth' | 'debug';

export interface WhackOption extends OptionRow {
  readonly group: WhackGroup;
  /** Its heading in the help. */
  readonly topic: string;
  /** The keyword it sets; of an end, without `left` or `right`. */
  readonly keyword?: string;
  /** What values the keyword has. */
  readonly type?: KeywordType;
  /** What it says where it has no argument, or an optional one that is not given. */
  readonly value?: string;
  /** whack's words where they differ from the keyword's. */
  readonly meanings?: Readonly<Record<string, string>>;
  /** Put after the argument: `--rekeyfuzz 100` is `100%`. */
  readonly suffix?: string;
  /** One word of a list: others that set the keyword add theirs. */
  readonly isWord?: true;
  /** Values of its keyword that it gives way to. */
  readonly yieldsTo?: readonly string[];
  /** Understood and then left alone, with this reason; an empty one needs no saying. */
  readonly ignored?: string;
}
