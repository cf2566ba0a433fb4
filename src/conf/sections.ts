/** From statements to settled sections: known keywords, parsed values, `%default` and `also=` taken in. */
import { addStatement, append, type Draft, error, isAppended, openSection, tooMany } from './draft.ts';
import type { Keyword, Value } from './keyword.ts';
import { shown } from './printable.ts';
import type { Problem } from './problem.ts';
import type { Place, Statement } from './scan.ts';

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

export type Report = (problem: Problem) => void;

/** What `config setup` says; the conns are settled by `settle`. */
export function readSections(statements: Iterable<Statement | undefined>, report: Report): Sections {
  const reading = readingDrafts(statements, report);
  for (;;) {
    const { done, value: drafts } = reading.next();
    if (!done) continue;
    const conns = [...settling(drafts, report)].filter((section) => section !== undefined);
    return { setup: drafts.setup, conns };
  }
}

/** Sections as they stand in the files. */
export interface Drafts {
  readonly setup: Settings;
  readonly sections: Map<string, Draft>;
}

/** Statements, or sections, to a step: a few microseconds each. */
const STEP = 8;

/** A few statements at a time, for who has other things to do in between. */
export function* readingDrafts(
  statements: Iterable<Statement | undefined>,
  report: Report,
): Generator<undefined, Drafts> {
  const sections = new Map<string, Draft>();
  let current: Draft | undefined;
  let hasStrayed = false;
  let count = 0;
  for (const statement of statements) {
    if (++count % STEP === 0) yield undefined;
    if (!statement) continue;
    if (statement.t === 'section') current = openSection(sections, statement, report);
    else if (current) addStatement(current, statement, report);
    else if (!hasStrayed) {
      hasStrayed = true;
      report({ ...error(statement), text: `${shown(statement.keyword)} stands before any section` });
    }
  }
  return { setup: sections.get('config setup')?.settings ?? new Map(), sections };
}

/** The conns one by one, settled, with pauses; a draft that no `also=` names goes as its conn comes. */
export function* settling({ sections }: Drafts, report: Report): Generator<ConnSection | undefined, void> {
  const named = new Set<string>();
  let count = 0;
  for (const { also } of sections.values()) {
    if (++count % STEP === 0) yield undefined;
    for (const { raw } of also) named.add(raw);
  }
  const defaults = sections.get('conn %default')?.settings ?? new Map<string, Setting>();
  const settled = new Map<Draft, Settled>();
  for (const [label, draft] of sections) {
    if (draft.section !== 'conn' || draft.name === '%default') continue;
    const { settings, refused } = yield* settle(draft, sections, settled, report);
    if (!named.has(draft.name)) {
      sections.delete(label);
      settled.delete(draft);
    }
    const all = defaults.size === 0 ? settings : new Map([...defaults, ...settings]);
    yield { name: draft.name, file: draft.file, line: draft.line, settings: all, refused };
  }
}

/** A section with what it takes over, `%default` aside. */
interface Settled {
  readonly settings: Settings;
  readonly refused: string | undefined;
}

interface Frame {
  readonly draft: Draft;
  readonly settings: Map<string, Setting>;
  readonly also: Iterator<Setting>;
  refused: string | undefined;
}

/**
 * Own settings and those of every `also=`, which must not contradict each other. Each section is settled once,
 * and on an explicit stack: a chain of `also=` may be as long as the file.
 */
function* settle(
  root: Draft,
  sections: ReadonlyMap<string, Draft>,
  settled: Map<Draft, Settled>,
  report: Report,
): Generator<undefined, Settled> {
  const known = settled.get(root);
  if (known) return known;
  const path = new Set<Draft>();
  const frames: Frame[] = [];
  const enter = (draft: Draft) => {
    path.add(draft);
    frames.push({ draft, settings: new Map(draft.settings), also: draft.also.values(), refused: undefined });
  };
  enter(root);
  for (;;) {
    yield undefined;
    const frame = frames[frames.length - 1];
    const { draft, settings } = frame;
    const next = frame.also.next();
    if (next.done) {
      const result = { settings, refused: frame.refused };
      settled.set(draft, result);
      path.delete(draft);
      frames.pop();
      if (frames.length === 0) return result;
      takeOver(frames[frames.length - 1], result, report);
      continue;
    }
    const also = next.value;
    const source = sections.get(`conn ${also.raw}`);
    const done = source && settled.get(source);
    if (source === undefined) refuse(frame, also, `there is no conn ${shown(also.raw)}`, report);
    else if (path.has(source)) refuse(frame, also, `also=${shown(also.raw)} closes a loop`, report);
    else if (done) takeOver(frame, done, report);
    else enter(source);
  }
}

function takeOver(into: Frame, from: Settled, report: Report): void {
  into.refused ??= from.refused;
  for (const setting of from.settings.values()) {
    const own = into.settings.get(setting.key);
    if (own === undefined) into.settings.set(setting.key, setting);
    else if (own === setting) continue;
    else if (isAppended(setting)) {
      const both = append(own, setting);
      if (both) into.settings.set(setting.key, both);
      else refuse(into, setting, tooMany(setting), report);
    } else if (own.raw !== setting.raw) {
      const there = `${shown(setting.raw)} at ${setting.file}:${setting.line}`;
      refuse(into, own, `${setting.key}=${shown(own.raw)} contradicts ${there}`, report);
    }
  }
}

function refuse(frame: Frame, at: Setting, text: string, report: Report): void {
  frame.refused ??= text;
  report({ ...error(at, frame.draft.label, at.key), text });
}
