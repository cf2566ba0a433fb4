/**
 * The keyword table: everything ipsec.conf(5) can say, once. Parsing, checks, defaults, whack's options, completion,
 * the list of what has no effect yet and the tables of the manual all come from these rows.
 */
import type { Keyword } from './keyword.ts';
import { CONN_KEYWORDS } from './keywords-conn.ts';
import { END_KEYWORDS } from './keywords-end.ts';
import { SETUP_KEYWORDS } from './keywords-setup.ts';
import { nearest } from './nearest.ts';

export const KEYWORDS: readonly Keyword[] = [...SETUP_KEYWORDS, ...END_KEYWORDS, ...CONN_KEYWORDS];

export type Side = 'left' | 'right';

/** A keyword as a file names it. `key` is what settings are kept under: the canonical name with its side. */
export interface Spelling {
  readonly keyword: Keyword;
  readonly side: Side | undefined;
  readonly key: string;
}

/** `text` in any case, `left-foo` and `leftfoo` alike; a sided name without a side means the right one. */
export function lookup(section: 'setup' | 'conn', text: string): Spelling | undefined {
  const spellings = SPELLINGS[section];
  return spellings.get(text) ?? spellings.get(text.toLowerCase());
}

/** The known keyword that is most like `text`, if any is. */
export function suggest(section: 'setup' | 'conn', text: string): string | undefined {
  return nearest(text.toLowerCase(), CANDIDATES[section]);
}

const SPELLINGS = { setup: index('setup'), conn: index('conn') };

/** What to suggest: not the spelling of an end's keyword that leaves out whose it is. */
const candidates = (spellings: ReadonlyMap<string, Spelling>): readonly string[] =>
  [...spellings].filter(([text, { side }]) => side === undefined || text.startsWith(side)).map(([text]) => text);
const CANDIDATES = { setup: candidates(SPELLINGS.setup), conn: candidates(SPELLINGS.conn) };

function index(section: 'setup' | 'conn'): ReadonlyMap<string, Spelling> {
  const spellings = new Map<string, Spelling>();
  for (const keyword of KEYWORDS) {
    if (keyword.section !== section) continue;
    for (const name of [keyword.name, ...(keyword.aliases ?? [])]) {
      if (!keyword.sided) {
        spellings.set(name, { keyword, side: undefined, key: keyword.name });
        continue;
      }
      for (const side of ['left', 'right'] as const) {
        const spelling = { keyword, side, key: `${side}${keyword.name}` };
        spellings.set(`${side}${name}`, spelling);
        if (name !== '') spellings.set(`${side}-${name}`, spelling);
        if (name !== '' && side === 'right' && !spellings.has(name)) spellings.set(name, spelling);
      }
    }
  }
  return spellings;
}
