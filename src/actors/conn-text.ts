/** A connection that came over the control socket, checked as if it stood in a file. */
import { ConnBuilder } from '../conf/build-conn.ts';
import type { Conn } from '../conf/conn.ts';
import { formatProblem, hasErrors, type Problem } from '../conf/problem.ts';
import { Reporter } from '../conf/report.ts';
import type { Statement } from '../conf/scan.ts';
import { readSections, type Setting } from '../conf/sections.ts';
import type { ConnText } from '../control/protocol.ts';

export interface Checked {
  /** More than one where `leftsubnets=` makes several of it; none if it is refused. */
  readonly conns: readonly Conn[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

export function connsOf({ name, file, line, keywords }: ConnText): Checked {
  const place = { file, line };
  const statements: Statement[] = [
    { t: 'section', section: 'conn', name, ...place },
    ...Object.entries(keywords).map(([keyword, value]): Statement => ({ t: 'setting', keyword, value, ...place })),
  ];
  const reporter = new Reporter();
  const builder = builderFor(reporter);
  const [section] = readSections(statements, reporter.add).conns;
  const built = section ? builder.build(section) : { refused: 'it is empty' };
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
  return { conns: built.conns, errors: [], warnings: texts('warning') };
}

/** A builder for many, so that they share proposals and selectors; each has its problems to itself. */
class Relay extends Reporter {
  to = new Reporter();

  override readonly add = (problem: Problem): void => this.to.add(problem);

  override later(setting: Setting): void {
    this.to.later(setting);
  }

  override laterText(setting: Setting, text: string): void {
    this.to.laterText(setting, text);
  }
}

/** Conns to a builder: what it keeps to share must not outgrow them. */
const SHARING = 1_000;
let relay = new Relay();
let shared = new ConnBuilder(relay);
let served = 0;

function builderFor(reporter: Reporter): ConnBuilder {
  if (++served > SHARING) {
    served = 0;
    relay = new Relay();
    shared = new ConnBuilder(relay);
  }
  relay.to = reporter;
  return shared;
}
