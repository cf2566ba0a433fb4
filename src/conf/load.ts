/**
 * From files to a configuration, or to a list of everything that is wrong with them:
 *
 *     files ──scan──► statements ──sections──► settings ──build-setup, build-conn, build-end──► Setup, Conn, End
 *              lines, quotes,       keyword table,        selectors, proposals, identities,
 *              include              %default, also=       what contradicts what
 *
 * ipsec.secrets goes its own way (`secrets.ts`). Nothing here touches a disk: files come through `FileSystem`.
 */

import { atOnce } from './at-once.ts';
import { ConnBuilder, WholeFile } from './build-conn.ts';
import { buildSetup } from './build-setup.ts';
import type { Conn } from './conn.ts';
import type { FileSystem } from './file-system.ts';
import { hasErrors, type Problem } from './problem.ts';
import { Reporter } from './report.ts';
import { scanning } from './scan.ts';
import { readingDrafts, settling } from './sections.ts';
import type { Setup } from './setup.ts';

export interface Config {
  readonly setup: Setup;
  /** Complete conns in the order of the file; those without `left=` or `right=` are there only for `also=`. */
  readonly conns: readonly Conn[];
  /** Why each section that is not in `conns` is not, by its name. */
  readonly refused: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

/** All or nothing: with an error among the problems there are no conns, and `setup` is the default one. */
export function loadConfig(path: string, fs: FileSystem): Config {
  return allOrNothing(readConfig(path, fs));
}

export const allOrNothing = (config: Config): Config =>
  hasErrors(config.problems) ? { ...config, setup: DEFAULT_SETUP, conns: [] } : config;

/** All that can be made of the file, errors or not: what a check of it looks at. */
export function readConfig(path: string, fs: FileSystem): Config {
  return atOnce(readingConfig(path, fs));
}

/**
 * The same in steps of some 10 µs, a line or a section each: ten thousand conns take half a second, and whoever reads
 * them in the daemon has packets to look at in between. Conns go to `take` as they come, if there is one, and are not
 * in the result.
 */
export function* readingConfig(
  path: string,
  fs: FileSystem,
  take?: (conn: Conn) => void,
): Generator<undefined, Config> {
  const reporter = new Reporter();
  const drafts = yield* readingDrafts(scanning(path, fs, reporter.add), reporter.add);
  const setup = buildSetup(drafts.setup, reporter);
  const builder = new ConnBuilder(reporter, new WholeFile(setup.virtualPrivate));
  const conns: Conn[] = [];
  const keep = take ?? ((conn: Conn) => void conns.push(conn));
  const refused = new Map<string, string>();
  for (const section of settling(drafts, reporter.add)) {
    yield undefined;
    if (!section) continue;
    const built = yield* builder.building(section);
    if ('refused' in built) refused.set(section.name, built.refused);
    else for (const conn of built.conns) keep(conn);
  }
  return { setup, conns, refused, problems: reporter.problems() };
}

/** What an empty file means. */
export const DEFAULT_SETUP: Setup = buildSetup(new Map(), new Reporter());
