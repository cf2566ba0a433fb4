/**
 * `ipsec addconn --autoall`: what the file says `auto=` of, in the place of what has its name. Here and not in whack, as every
 * value has to be looked at here anyway: a file of 5,000 connections costs a third less than as many messages.
 *
 *     statements ──► sections ──error in one?──► build, replace, begin: one after the other ──► total
 *                               nothing                      a conn that is wrong is left out
 */
import { ConnBuilder, WholeFile } from '../conf/build-conn.ts';
import type { FileSystem } from '../conf/file-system.ts';
import { formatProblem, hasErrors } from '../conf/problem.ts';
import { Reporter } from '../conf/report.ts';
import { scanning } from '../conf/scan.ts';
import { type ConnSection, readingDrafts, settling } from '../conf/sections.ts';
import type { Answer } from '../control/answer.ts';
import { RC } from '../control/reply-codes.ts';
import type { Connections } from './connections.ts';
import { Notes } from './notes.ts';
import type { Work } from './slices.ts';
import type { World } from './world.ts';

export interface LoadPorts {
  readonly world: World;
  readonly connections: Connections;
  readonly fs: FileSystem;
}

export function* loadingFile(ports: LoadPorts, path: string, answer: Answer): Work {
  const reporter = new Reporter();
  const drafts = yield* readingDrafts(scanning(path, ports.fs, reporter.add), reporter.add);
  const sections: ConnSection[] = [];
  for (const section of settling(drafts, reporter.add)) {
    yield undefined;
    if (section && isWanted(section)) sections.push(section);
  }
  if (hasErrors(reporter.problems())) {
    yield* telling(reporter, answer);
    return answer.line(RC.FATAL, `${path}: nothing was loaded`);
  }
  const { world, connections } = ports;
  const builder = new ConnBuilder(reporter, new WholeFile());
  const notes = new Notes();
  const failed: string[] = [];
  let loaded = 0;
  for (const section of sections) {
    const built = yield* builder.building(section);
    if ('refused' in built) failed.push(`"${section.name}": failed to add connection`);
    else
      for (const conn of built.conns) {
        yield undefined;
        const known = world.registry.named(conn.name);
        if (known) connections.remove(known);
        const added = connections.add(conn);
        if ('why' in added) {
          failed.push(added.why);
          continue;
        }
        loaded++;
        notes.entry(added.entry);
        connections.begin(added.entry);
      }
  }
  yield* telling(reporter, answer);
  for (const why of failed) {
    answer.line(RC.FATAL, why);
    yield answer.isCongested ? 'room' : undefined;
  }
  for (const line of notes.lines()) answer.line(RC.LOG, line);
  answer.line(RC.LOG, `loaded ${loaded} connections`);
}

/** One without both ends is there for others to take over. */
const isWanted = ({ settings }: ConnSection): boolean =>
  settings.has('left') && settings.has('right') && (settings.get('auto')?.value ?? 'ignore') !== 'ignore';

function* telling(reporter: Reporter, answer: Answer): Work {
  for (const problem of reporter.problems()) {
    answer.line(RC.LOG, formatProblem(problem));
    yield answer.isCongested ? 'room' : undefined;
  }
}
