/** One section as it stands in the files. */
import { isBygone, successorOf } from './freeswan.ts';
import { lookup, type Spelling, suggest } from './keywords.ts';
import { shown } from './printable.ts';
import type { Place, Statement } from './scan.ts';
import type { Report, Setting } from './sections.ts';
import { isFault, parseTyped } from './values.ts';

/** A section while it is read: what it says itself, before anything is taken over. */
export interface Draft extends Place {
  readonly section: 'setup' | 'conn';
  readonly name: string;
  readonly label: string;
  readonly settings: Map<string, Setting>;
  readonly also: Setting[];
}

export const error = ({ file, line }: Place, section?: string, keyword?: string) =>
  ({ severity: 'error', file, line, section, keyword }) as const;
const warning = ({ file, line }: Place, section?: string, keyword?: string) =>
  ({ severity: 'warning', file, line, section, keyword }) as const;

/** The draft that what follows belongs to; one that is thrown away if the section is there already. */
export function openSection(sections: Map<string, Draft>, at: Statement & { t: 'section' }, report: Report): Draft {
  const label = at.section === 'setup' ? 'config setup' : `conn ${at.name}`;
  const known = sections.get(label);
  if (known && (at.section === 'setup' || at.name === '%default')) return known;
  const draft: Draft = { ...at, label, settings: new Map(), also: [] };
  // A file that is included twice says nothing new.
  if (known && known.file === at.file && known.line === at.line) {
    report({ ...warning(at, label), text: 'its file is included more than once' });
  } else if (known) report({ ...error(at, label), text: `already defined at ${known.file}:${known.line}` });
  else sections.set(label, draft);
  return draft;
}

/** Known keywords with values of their type; the rest is reported. */
export function addStatement(draft: Draft, at: Statement & { t: 'setting' }, report: Report): void {
  if (/^x[-_]/i.test(at.keyword)) {
    report({ ...warning(at, draft.label, at.keyword), text: `${at.keyword}= is ignored` });
    return;
  }
  const spelling = lookup(draft.section, at.keyword);
  if (spelling === undefined) {
    reportUnknown(draft, at, report);
    return;
  }
  const setting = read(spelling, draft, at, report);
  if (setting === undefined) return;
  if (spelling.keyword.type.t === 'section') {
    if (draft.name === '%default')
      report({ ...error(at, draft.label, 'also'), text: 'also= cannot stand in %default' });
    else draft.also.push(setting);
    return;
  }
  const earlier = draft.settings.get(setting.key);
  if (earlier === undefined) draft.settings.set(setting.key, setting);
  else if (isAppended(setting)) {
    const both = append(earlier, setting);
    if (both) draft.settings.set(setting.key, both);
    else report({ ...error(at, draft.label, at.keyword), text: tooMany(setting) });
  } else if (draft.section === 'setup' || draft.name === '%default') {
    report({
      ...warning(at, draft.label, at.keyword),
      text: `${at.keyword}= replaces the one ${placeOf(earlier, at)}`,
    });
    draft.settings.set(setting.key, setting);
  } else {
    const text = `${at.keyword}= is ignored, the one ${placeOf(earlier, at)} stands`;
    report({ ...warning(at, draft.label, at.keyword), text });
  }
}

/** Seen from `at`. */
const placeOf = ({ file, line }: Place, at: Place): string =>
  file === at.file ? `in line ${line}` : `at ${file}:${line}`;

function reportUnknown(draft: Draft, at: Statement & { t: 'setting' }, report: Report): void {
  const elsewhere = draft.section === 'setup' ? 'conn' : 'setup';
  if (lookup(elsewhere, at.keyword)) {
    const home = elsewhere === 'setup' ? 'config setup' : 'a conn section';
    report({ ...warning(at, draft.label, at.keyword), text: `${at.keyword}= belongs in ${home}, ignored` });
    return;
  }
  if (isBygone(draft.section, at.keyword)) {
    report({ ...warning(at, draft.label, at.keyword), text: `${at.keyword}= is obsolete, ignored` });
    return;
  }
  const successor = successorOf(at.keyword);
  const meant = successor ?? suggest(draft.section, at.keyword);
  const guess = meant === undefined ? '' : `; did you mean ${meant}=?`;
  const hint = successor === undefined ? guess : `; ${successor}= took its place`;
  const text = `unknown keyword ${shown(at.keyword)}${hint}`;
  report({ ...error(at, draft.label, at.keyword), ...(meant !== undefined && { meant }), text });
}

function read(spelling: Spelling, draft: Draft, at: Statement & { t: 'setting' }, report: Report): Setting | undefined {
  const { keyword, key } = spelling;
  const ignored = (text: string) => {
    report({ ...warning(at, draft.label, at.keyword), text });
    return undefined;
  };
  if (keyword.obsolete) return ignored(`${at.keyword}= is obsolete, ignored`);
  const value = parseTyped(keyword.type, at.value);
  if (isFault(value) && STRICT.has(keyword.name)) {
    report({
      ...error(at, draft.label, at.keyword),
      text: `${at.keyword}=${shown(at.value)} is invalid: ${value.fault}`,
    });
    return undefined;
  }
  if (isFault(value)) return ignored(`${at.keyword}=${shown(at.value)} is invalid, ignored: ${value.fault}`);
  return { keyword, key, value, raw: at.value, file: at.file, line: at.line };
}

/** What libreswan refuses when it cannot read it, where it ignores others: a peer that dies would not be missed. */
const STRICT: ReadonlySet<string> = new Set(['dpddelay', 'ikev1-dpdtimeout']);

export const isAppended = ({ keyword }: Setting): boolean => keyword.type.t === 'list' && keyword.type.append === true;

/** Words of one list that repeated keywords and `also=` may add up to. */
const MAX_WORDS = 1024;

/** Each word once; undefined when there are too many. */
export function append(earlier: Setting, later: Setting): Setting | undefined {
  if (!Array.isArray(earlier.value) || !Array.isArray(later.value)) throw new TypeError('only lists are appended to');
  const value = [...new Set<string>([...earlier.value, ...later.value])];
  if (value.length === earlier.value.length) return earlier;
  return value.length > MAX_WORDS ? undefined : { ...earlier, value, raw: value.join(',') };
}

export const tooMany = ({ key }: Setting) => `${key}= has more than ${MAX_WORDS} words`;
