/** A connection that came over the control socket, checked as if it stood in a file. */
import { type Built, ConnBuilder } from '../conf/build-conn.ts';
import type { Conn } from '../conf/conn.ts';
import { asFreeswan } from '../conf/freeswan.ts';
import { hasControl } from '../conf/printable.ts';
import { formatProblem, hasErrors, type Problem } from '../conf/problem.ts';
import { Reporter } from '../conf/report.ts';
import type { Statement } from '../conf/scan.ts';
import { type ConnSection, readSections, type Setting } from '../conf/sections.ts';
import type { ConnText } from '../control/protocol.ts';
import { hindranceOf } from './policy-of.ts';

export interface Checked {
  /** More than one where `leftsubnets=` makes several of it; none if it is refused. */
  readonly conns: readonly Conn[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** `acceptsV1`: `ikev1-policy=accept`. */
export function connsOf({ name, file, line, keywords: said }: ConnText, acceptsV1 = true): Checked {
  const keywords = line === 0 ? { ...said, ...asFreeswan(said, acceptsV1) } : said;
  const place = { file, line };
  // As no line of a file may: names and values go to logs and terminals as they are.
  const odd = Object.entries({ name, ...keywords }).find(([, text]) => hasControl(text));
  if (odd) {
    const problem = { severity: 'error', ...place, text: `${odd[0]} has a control character` } as const;
    return { conns: [], errors: [formatProblem(problem)], warnings: [] };
  }
  const statements: Statement[] = [
    { t: 'section', section: 'conn', name, ...place },
    ...Object.entries(keywords).map(([keyword, value]): Statement => ({ t: 'setting', keyword, value, ...place })),
  ];
  const reporter = new Reporter();
  const [section] = readSections(statements, reporter.add).conns;
  const built = section ? build(section, reporter) : { refused: 'it is empty' };
  const problems = reporter.problems();
  const texts = (severity: 'error' | 'warning') => problems.filter((p) => p.severity === severity).map(formatProblem);
  if ('refused' in built || hasErrors(problems)) {
    const errors = texts('error');
    return {
      conns: [],
      errors: errors.length > 0 || !('refused' in built) ? errors : [built.refused],
      warnings: texts('warning'),
    };
  }
  const isHindered = built.conns.some((conn) => hindranceOf(conn) !== undefined);
  const told = isHindered ? problems.filter((p) => !isHindrance(p)) : problems;
  return { conns: built.conns, errors: [], warnings: told.map(formatProblem) };
}

/** Said of the connection as a whole, when it is added: once is enough. */
const isHindrance = ({ keyword, text }: Problem): boolean =>
  keyword !== undefined && HINDERING.has(keyword) && text.endsWith('has no effect yet');
/** What `hindranceOf` looks at. */
const HINDERING: ReadonlySet<string> = new Set([
  'type',
  'authby',
  ...['left', 'right'].flatMap((side) => [side, `${side}auth`, `${side}id`]),
]);

/** A builder for many, so that they share proposals and selectors; each has its problems to itself. */
class Relay extends Reporter {
  to = new Reporter();

  override readonly add = (problem: Problem): void => this.to.add(problem);

  override later(setting: Setting, section: string): void {
    this.to.later(setting, section);
  }

  override laterText(setting: Setting, section: string, text: string, instead?: string): void {
    this.to.laterText(setting, section, text, instead);
  }
}

/** Conns to a builder: what it keeps to share must not outgrow them. */
const SHARING = 1_000;

function newBuilder() {
  const relay = new Relay();
  return { relay, builder: new ConnBuilder(relay), served: 0 };
}
let shared = newBuilder();

function build(section: ConnSection, reporter: Reporter): Built {
  if (shared.served === SHARING) shared = newBuilder();
  shared.served++;
  shared.relay.to = reporter;
  return shared.builder.build(section);
}
