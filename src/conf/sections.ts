/** From statements to settled sections: known keywords, parsed values, `%default` and `also=` taken in. */
import type { Keyword, Value } from './keyword.ts';
import { lookup, type Spelling, suggest } from './keywords.ts';
import { shown } from './printable.ts';
import type { Problem } from './problem.ts';
import type { Place, Statement } from './scan.ts';
import { isFault, parseTyped } from './values.ts';

/** One line of a section; shared by every conn that takes it over. */
export interface Setting extends Place {
  readonly keyword: Keyword;
  /** The canonical name with its side (`leftsubnet`). */
  readonly key: string;
  readonly value: Value;
  /** As written. */
  readonly raw: string;
}

/** What a conn or `config setup` says, by key. */
export type Settings = ReadonlyMap<string, Setting>;

export interface ConnSection extends Place {
  readonly name: string;
  readonly settings: Settings;
  /** Why the settings are not all there: an `also=` that is missing, loops or contradicts. */
  readonly refused: string | undefined;
}

export interface Sections {
  readonly setup: Settings;
  /** In the order of the file, without `%default`. */
  readonly conns: readonly ConnSection[];
}

type Report = (problem: Problem) => void;

/** What `config setup` says; the conns are settled by `settle`. */
export function readSections(statements: readonly Statement[], report: Report): Sections {
  const sections = new Map<string, Draft>();
  let current: Draft | undefined;
  let hasStrayed = false;
  for (const statement of statements) {
    if (statement.t === 'section') current = openSection(sections, statement, report);
    else if (current) addStatement(current, statement, report);
    else if (!hasStrayed) {
      hasStrayed = true;
      report({ ...error(statement), text: `${shown(statement.keyword)} stands before any section` });
    }
  }
  const setup = sections.get('config setup')?.settings ?? new Map<string, Setting>();
  const defaults = sections.get('conn %default')?.settings ?? new Map<string, Setting>();
  const conns: ConnSection[] = [];
  for (const draft of sections.values()) {
    if (draft.section !== 'conn' || draft.name === '%default') continue;
    let refused: string | undefined;
    const settings = settle(draft, sections, defaults, (problem) => {
      refused ??= problem.text;
      report(problem);
    });
    conns.push({ name: draft.name, file: draft.file, line: draft.line, settings, refused });
  }
  return { setup, conns };
}

interface Draft extends Place {
  readonly section: 'setup' | 'conn';
  readonly name: string;
  readonly label: string;
  readonly settings: Map<string, Setting>;
  readonly also: Setting[];
}

const error = ({ file, line }: Place, section?: string, keyword?: string) =>
  ({ severity: 'error', file, line, section, keyword }) as const;
const warning = ({ file, line }: Place, section?: string, keyword?: string) =>
  ({ severity: 'warning', file, line, section, keyword }) as const;

function openSection(sections: Map<string, Draft>, at: Statement & { t: 'section' }, report: Report): Draft {
  const label = at.section === 'setup' ? 'config setup' : `conn ${at.name}`;
  const known = sections.get(label);
  if (known && (at.section === 'setup' || at.name === '%default')) return known;
  const draft: Draft = { ...at, label, settings: new Map(), also: [] };
  if (known) report({ ...error(at, label), text: `already defined at ${known.file}:${known.line}` });
  else sections.set(label, draft);
  return draft;
}

function addStatement(draft: Draft, at: Statement & { t: 'setting' }, report: Report): void {
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
  else if (isAppended(setting)) draft.settings.set(setting.key, append(earlier, setting));
  else if (draft.section === 'setup' || draft.name === '%default') {
    report({
      ...warning(at, draft.label, at.keyword),
      text: `${at.keyword}= replaces the one in line ${earlier.line}`,
    });
    draft.settings.set(setting.key, setting);
  } else {
    const text = `${at.keyword}= is ignored, the one in line ${earlier.line} stands`;
    report({ ...warning(at, draft.label, at.keyword), text });
  }
}

function reportUnknown(draft: Draft, at: Statement & { t: 'setting' }, report: Report): void {
  const elsewhere = draft.section === 'setup' ? 'conn' : 'setup';
  if (lookup(elsewhere, at.keyword)) {
    const home = elsewhere === 'setup' ? 'config setup' : 'a conn section';
    report({ ...warning(at, draft.label, at.keyword), text: `${at.keyword}= belongs in ${home}, ignored` });
    return;
  }
  const meant = suggest(draft.section, at.keyword);
  const hint = meant === undefined ? '' : `; did you mean ${meant}=?`;
  report({ ...error(at, draft.label, at.keyword), text: `unknown keyword ${shown(at.keyword)}${hint}` });
}

function read(spelling: Spelling, draft: Draft, at: Statement & { t: 'setting' }, report: Report): Setting | undefined {
  const { keyword, key } = spelling;
  const ignored = (text: string) => {
    report({ ...warning(at, draft.label, at.keyword), text });
    return undefined;
  };
  if (keyword.obsolete) return ignored(`${at.keyword}= is obsolete, ignored`);
  const value = parseTyped(keyword.type, at.value);
  if (isFault(value)) return ignored(`${at.keyword}=${shown(at.value)} is invalid, ignored: ${value.fault}`);
  return { keyword, key, value, raw: at.value, file: at.file, line: at.line };
}

const isAppended = ({ keyword }: Setting): boolean => keyword.type.t === 'list' && keyword.type.append === true;

function append(earlier: Setting, later: Setting): Setting {
  if (!Array.isArray(earlier.value) || !Array.isArray(later.value)) throw new TypeError('only lists are appended to');
  return { ...earlier, value: [...earlier.value, ...later.value], raw: `${earlier.raw},${later.raw}` };
}

/** Own settings and those of every `also=`, which must not contradict each other; then `%default`'s. */
function settle(draft: Draft, sections: ReadonlyMap<string, Draft>, defaults: Settings, report: Report): Settings {
  if (draft.also.length === 0 && defaults.size === 0) return draft.settings;
  const settings = new Map(draft.settings);
  for (const source of sources(draft, sections, report)) {
    for (const setting of source.settings.values()) take(settings, setting, draft, report);
  }
  for (const setting of defaults.values()) if (!settings.has(setting.key)) settings.set(setting.key, setting);
  return settings;
}

function take(settings: Map<string, Setting>, setting: Setting, into: Draft, report: Report): void {
  const own = settings.get(setting.key);
  if (own === undefined) settings.set(setting.key, setting);
  else if (isAppended(setting)) settings.set(setting.key, append(own, setting));
  else if (own.raw !== setting.raw) {
    const text = `${setting.key}=${shown(own.raw)} contradicts ${shown(setting.raw)} at ${setting.file}:${setting.line}`;
    report({ ...error(own, into.label, setting.key), text });
  }
}

/** The sections that `draft` takes over, directly or not, each once. A loop or a missing one is reported. */
function sources(draft: Draft, sections: ReadonlyMap<string, Draft>, report: Report): readonly Draft[] {
  const found = new Set<Draft>();
  const path = new Set<Draft>([draft]);
  // An explicit stack: `also=` may be as deep as the file is long.
  const open = [draft.also.values()];
  const nodes = [draft];
  while (open.length > 0) {
    const next = open[open.length - 1].next();
    if (next.done) {
      open.pop();
      path.delete(nodes.pop()!);
      continue;
    }
    const also = next.value;
    const source = sections.get(`conn ${also.raw}`);
    if (source === undefined)
      report({ ...error(also, draft.label, 'also'), text: `there is no conn ${shown(also.raw)}` });
    else if (path.has(source)) report({ ...error(also, draft.label, 'also'), text: `also=${also.raw} closes a loop` });
    else if (!found.has(source)) {
      found.add(source);
      path.add(source);
      nodes.push(source);
      open.push(source.also.values());
    }
  }
  return [...found];
}
