/** whack's options that describe a connection: derived from the keyword table, so that both say the same things. */
import type { Keyword } from '../conf/keyword.ts';
import { CONN_KEYWORDS } from '../conf/keywords-conn.ts';
import { END_KEYWORDS } from '../conf/keywords-end.ts';
import type { WhackForm } from '../conf/whack-form.ts';
import type { WhackGroup, WhackOption } from './whack-option.ts';

export const KEYWORD_OPTIONS: readonly WhackOption[] = [...END_KEYWORDS, ...CONN_KEYWORDS].flatMap((keyword) =>
  (keyword.whack ?? []).flatMap((form) => options(keyword, form)),
);

function options(keyword: Keyword, form: WhackForm): readonly WhackOption[] {
  const group = groupOf(keyword, form);
  const { means: value, words: meanings, suffix, isWord, yieldsTo } = form;
  const sets = { value, meanings, suffix, isWord, yieldsTo };
  const [first] = form.spellings;
  return form.spellings.map((spelling) => ({
    ...spelling,
    group,
    topic: keyword.topic,
    ...(spelling === first
      ? { keyword: keyword.name, type: keyword.type, help: helpOf(keyword, form), ...given(sets) }
      : { sameAs: first.name }),
  }));
}

function groupOf({ sided }: Keyword, { isWord, isAside }: WhackForm): WhackGroup {
  if (isAside) return 'normal';
  if (isWord) return 'auth';
  return sided ? 'end' : 'conn';
}

/** As the keyword is explained, unless the option is for one value of it. */
function helpOf({ name, sided, help }: Keyword, { spellings, means }: WhackForm): string {
  return spellings[0].arg === 'none' && means !== 'yes' ? `${sided ? '{left,right}' : ''}${name}=${means}` : help;
}

/** Without what is undefined. */
function given<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
