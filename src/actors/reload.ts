/**
 * `ipsec reload`: the file as it is now against the connections as they are loaded.
 *
 *     read and compare ──errors?──► plan as rows ──dry run?──► remove, change, add ──► totals
 *                        nothing                   nothing
 *                        changes                   changes
 *
 * Where only `auto=` differs the connection goes on under the new one. Those that mean the same stay as they are, with SAs, instances, traps and serial numbers. What was never the
 * file's (whack's own, another file's) is not removed; what has the name of one of the file's is taken for it.
 */
import { resolve } from 'node:path';
import type { Conn } from '../conf/conn.ts';
import { connDifferences, setupDifferences } from '../conf/difference.ts';
import type { FileSystem } from '../conf/file-system.ts';
import { lookup } from '../conf/keywords.ts';
import { readingConfig } from '../conf/load.ts';
import { formatProblem, hasErrors, type Problem } from '../conf/problem.ts';
import type { Setup } from '../conf/setup.ts';
import type { Answer } from '../control/answer.ts';
import type { RequestOf } from '../control/protocol.ts';
import { RC } from '../control/reply-codes.ts';
import { setupLine } from '../control/status/plan.ts';
import type { PlanRow } from '../control/status/rows.ts';
import type { Connections } from './connections.ts';
import { Notes } from './notes.ts';
import type { Entry, Registry } from './registry.ts';
import type { Work } from './slices.ts';
import type { World } from './world.ts';

export interface ReloadPorts {
  readonly world: World;
  readonly connections: Connections;
  readonly fs: FileSystem;
  /** `config setup` as it is in force. */
  readonly setup: Setup;
  /** Every file that a configuration has consisted of since the start, by its first. */
  readonly filesOf: (config: string) => Set<string>;
}

/** Rows to a frame. */
const ROWS = 200;

export function* reloading(
  ports: ReloadPorts,
  { config: path, dryRun = false }: RequestOf<'reload'>,
  answer: Answer,
): Work {
  const { world } = ports;
  const files = ports.filesOf(path);
  const plan = new Plan(world.registry);
  const refused: string[] = [];
  const compare = (conn: Conn) => {
    const why = ports.connections.refusal(conn);
    if (why === undefined) plan.compare(conn);
    else if (conn.auto !== 'ignore') refused.push(why);
  };
  const config = yield* readingConfig(path, noting(ports.fs, files), compare);
  yield* plan.findRemoved(files);
  for (const problem of [...config.problems, ...plan.problems]) {
    answer.line(RC.LOG, formatProblem(problem));
    yield answer.isCongested ? 'room' : undefined;
  }
  if (hasErrors(config.problems) || plan.problems.length > 0) {
    const text = `${path}: nothing was changed`;
    world.log('warn', `reload of ${text}`);
    return answer.line(RC.FATAL, text);
  }
  // As at the start: what this daemon is told not to do is left out, and the rest is done.
  for (const why of refused) answer.line(RC.LOG, why);
  yield* showing(plan, answer);
  for (const keyword of setupDifferences(ports.setup, config.setup)) {
    // What has no effect yet has none at a restart either, and has been said.
    if (lookup('setup', keyword)?.keyword.effect !== 'later') answer.line(RC.LOG, setupLine(keyword));
  }
  // Whoever asked has gone, and may not want any more what nobody has seen.
  if (!answer.isOpen) return;
  if (!dryRun) yield* applying(ports, plan, answer);
  const text = `${dryRun ? 'would be ' : ''}added ${plan.add.length}, changed ${plan.change.length}, removed ${plan.remove.length}, untouched ${plan.keep.length}`;
  if (!dryRun) world.log('info', `reloaded ${path}: ${text}`);
  answer.line(RC.LOG, text);
  if (!dryRun && plan.add.length + plan.change.length > 0)
    answer.line(RC.LOG, 'secrets are as they were: ipsec rereadsecrets reads them anew');
}

/** What is to be done; of what stays as it is no more than the name is kept. */
class Plan {
  readonly add: Conn[] = [];
  readonly change: { readonly conn: Conn; readonly keywords: readonly string[] }[] = [];
  readonly remove: Entry[] = [];
  readonly keep: string[] = [];
  readonly problems: Problem[] = [];
  readonly #registry: Registry;
  readonly #names = new Set<string>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  compare(conn: Conn): void {
    if (this.#names.has(conn.name)) this.problems.push(twice(conn));
    this.#names.add(conn.name);
    const entry = this.#registry.named(conn.name);
    if (entry) {
      const keywords = connDifferences(entry.conn, conn);
      if (keywords.length > 0) this.change.push({ conn, keywords });
      else this.keep.push(entry.conn.name);
    } else if (conn.auto !== 'ignore') this.add.push(conn);
  }

  /** Those that came from one of `files` and are in none of them any more. */
  *findRemoved(files: ReadonlySet<string>): Generator<undefined, void> {
    for (const entry of this.#registry.entries()) {
      yield undefined;
      if (!this.#names.has(entry.conn.name) && files.has(resolve(entry.conn.file))) this.remove.push(entry);
    }
  }
}

/** In frames, as fast as they are read. */
function* showing(plan: Plan, answer: Answer): Work {
  let rows: PlanRow[] = [];
  function* send(least: number): Work {
    if (rows.length < least) return yield undefined;
    answer.rows({ of: 'plan', rows });
    rows = [];
    if (answer.isCongested) yield 'room';
  }
  for (const row of rowsOf(plan)) {
    rows.push(row);
    yield* send(ROWS);
  }
  yield* send(1);
}

function* rowsOf({ add, change, remove, keep }: Plan): Generator<PlanRow> {
  for (const { name } of add) yield { action: 'add', conn: name };
  for (const { conn, keywords } of change) yield { action: 'change', conn: conn.name, keywords };
  for (const { conn } of remove) yield { action: 'remove', conn: conn.name };
  for (const name of keep) yield { action: 'keep', conn: name };
}

const NEW: readonly string[] = [];

/** What is to go goes first, so that nobody's selectors are in the way. */
function* applying({ world, connections }: ReloadPorts, { add, change, remove }: Plan, answer: Answer): Work {
  const notes = new Notes();
  for (const entry of remove) {
    yield undefined;
    if (world.registry.named(entry.conn.name) === entry) connections.remove(entry);
  }
  // Those that share a pool get another one together: the old one goes before the new one comes.
  for (const { conn, keywords } of change) {
    const known = keywords.some((keyword) => keyword.endsWith('addresspool')) && world.registry.named(conn.name);
    if (!known) continue;
    yield undefined;
    connections.remove(known);
  }
  for (const { conn, keywords } of [...change, ...add.map((conn) => ({ conn, keywords: NEW }))]) {
    yield undefined;
    // Whack may have been at work in the meantime: by name, whatever is there now.
    const known = world.registry.named(conn.name);
    if (known && keywords.length === 1 && keywords[0] === 'auto') {
      connections.restate(known, conn);
      continue;
    }
    if (known) connections.remove(known);
    const added = connections.add(conn);
    if ('why' in added) {
      answer.line(RC.LOG, added.why);
      continue;
    }
    notes.entry(added.entry);
    connections.begin(added.entry);
  }
  for (const line of notes.lines()) answer.line(RC.LOG, line);
}

/** A `conn a/1x0` beside the one that `leftsubnets=` makes: neither can be meant. */
const twice = ({ name, file, line }: Conn): Problem => ({
  severity: 'error',
  file,
  line,
  section: `conn ${name}`,
  text: 'there is a connection of this name already',
});

/** Remembers which files were there. */
export const noting = (fs: FileSystem, files: Set<string>): FileSystem => ({
  glob: (pattern) => fs.glob(pattern),
  read: (path) => {
    const read = fs.read(path);
    if ('text' in read) files.add(resolve(path));
    return read;
  },
});
