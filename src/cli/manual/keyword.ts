/** What the manual says of a keyword: in its tables, and for `ipsec help KEYWORD`. */
import type { Keyword, KeywordType } from '../../conf/keyword.ts';
import { KEYWORDS, lookup, suggest } from '../../conf/keywords.ts';
import { usageOf } from '../options.ts';

/** `leftid`, `rightid`: both ends have it. */
export function namesOf({ name, sided }: Keyword): string {
  return sided ? `left${name}, right${name}` : name;
}

/** What may stand behind the sign. */
export function valuesOf({ type }: Keyword): string {
  switch (type.t) {
    case 'enum':
      return wordsOf(type).join(', ');
    case 'unsigned':
      return type.max === undefined ? 'a number' : `${type.min ?? 0} to ${type.max}`;
    case 'duration':
      return type.unit === 'ms' ? 'a time; milliseconds, if no unit is said' : 'a time; seconds, if no unit is said';
    case 'list':
      return type.append ? 'a list; said again, it goes on' : 'a list';
    default:
      return VALUES[type.t];
  }
}

const VALUES: Readonly<Record<Exclude<KeywordType['t'], 'enum' | 'unsigned' | 'duration' | 'list'>, string>> = {
  string: 'text',
  path: 'a path',
  bool: 'yes, no',
  percent: 'a percentage, as 50%',
  bytes: 'octets, as 10MiB',
  count: 'packets, as 10Mi',
  section: 'the name of a conn',
};

/** Each meaning once, by the word that is kept. */
function wordsOf({ words }: Extract<KeywordType, { t: 'enum' }>): readonly string[] {
  return [...new Set(Object.values(words))];
}

/** The help, and what is to be known beside it. */
export function meaningOf(keyword: Keyword): string {
  const { help, effect, instead, laterValues, aliases = [], since, obsolete } = keyword;
  const notes = [
    obsolete && 'no longer does anything',
    effect === 'later' && (instead === undefined ? 'has no effect yet' : `has no effect: ${instead}`),
    laterValues && `${laterValues.join(', ')} ${laterValues.length === 1 ? 'has' : 'have'} no effect yet`,
    aliases.length > 0 && `also ${aliases.map((alias) => spelled(keyword, alias)).join(', ')}`,
    since && `since libreswan ${since}`,
  ].filter(Boolean);
  return notes.length === 0 ? help : `${help} (${notes.join('; ')})`;
}

const spelled = ({ sided }: Keyword, alias: string): string => (sided ? `left${alias}` : alias);

/** The options of whack that say the same. */
export function whackOf({ whack = [] }: Keyword): string {
  return whack
    .flatMap(({ spellings }) => spellings.filter(({ isObsolete }) => !isObsolete))
    .map(usageOf)
    .join(', ');
}

/** All that is known of the keywords that `text` may mean; undefined if there is none. */
export function explainKeyword(text: string): string | undefined {
  const word = text.replace(/=.*$/, '');
  const found = (['conn', 'setup'] as const).flatMap((section) => lookup(section, word)?.keyword ?? []);
  if (found.length === 0) return undefined;
  return found.map(entryOf).join('\n');
}

function entryOf(keyword: Keyword): string {
  const { section, topic } = keyword;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['values', valuesOf(keyword)],
    ['default', keyword.default],
    ['also', keyword.aliases?.map((alias) => spelled(keyword, alias)).join(', ')],
    ['whack', whackOf(keyword)],
    ['since', keyword.since && `libreswan ${keyword.since}`],
    ['effect', effectOf(keyword)],
  ];
  const lines = rows.flatMap(([label, value]) => (value ? [`    ${label.padEnd(9)}${value}`] : []));
  const where = section === 'setup' ? 'config setup' : 'conn';
  return [`${namesOf(keyword)}  (${where}, ${topic})`, `    ${keyword.help}`, '', ...lines, ''].join('\n');
}

function effectOf({ effect, instead, laterValues, obsolete }: Keyword): string | undefined {
  if (obsolete) return 'none any more: it is read and ignored';
  if (effect === 'later') return instead === undefined ? 'none yet: it is read, checked and kept' : `none: ${instead}`;
  return laterValues && `none yet for ${laterValues.join(', ')}`;
}

/** The keyword most like `text`, in either section. */
export function nearestKeyword(text: string): string | undefined {
  return suggest('conn', text) ?? suggest('setup', text);
}

/** Keywords of a section under their headings, in the order of the table. */
export function byTopic(section: Keyword['section']): ReadonlyMap<string, readonly Keyword[]> {
  const topics = new Map<string, Keyword[]>();
  for (const keyword of KEYWORDS) {
    if (keyword.section !== section) continue;
    const rows = topics.get(keyword.topic) ?? [];
    rows.push(keyword);
    topics.set(keyword.topic, rows);
  }
  return topics;
}
