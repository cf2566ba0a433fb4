/** What whack may ask, and who answers. Everything that takes time is answered by the actor it was passed on to. */
import type { Conn } from '../conf/conn.ts';
import type { Answer } from '../control/answer.ts';
import { isReport, type Request, type RequestOf } from '../control/protocol.ts';
import { RC } from '../control/reply-codes.ts';
import { Address } from '../net/address.ts';
import { connsOf } from './conn-text.ts';
import type { ConnectionMessage } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Loading } from './loading.ts';
import type { Entry } from './registry.ts';
import type { Reports } from './reports.ts';
import type { World } from './world.ts';

/** What only the daemon as a whole can do. */
export interface Daemon {
  listen(say: (text: string) => void): void;
  unlisten(say: (text: string) => void): void;
  rereadSecrets(say: (text: string) => void): void;
  setDebug(set: readonly string[], clear: readonly string[]): void;
  shutdown(leaveState: boolean, answer: Answer): void;
}

export interface ControlOptions {
  readonly world: World;
  readonly connections: Connections;
  readonly reports: Reports;
  readonly loading: Loading;
  readonly daemon: Daemon;
}

export class Control {
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  handle(request: Request, answer: Answer): void {
    const { daemon, loading, reports, world } = this.#options;
    const say = (text: string) => answer.line(RC.LOG, text);
    if (isReport(request.kind)) return reports.answer(request as Parameters<Reports['answer']>[0], answer);
    switch (request.kind) {
      case 'add':
        return this.#add(request.conn, answer, false);
      case 'replace':
        return this.#add(request.conn, answer, true);
      case 'load':
        return loading.load(request, answer);
      case 'reload':
        return loading.reload(request, answer);
      case 'delete':
        return this.#delete(request.name, answer);
      case 'route':
      case 'unroute':
        return this.#each(request.name, answer, (asked) => ({ t: request.kind, answer: asked }));
      case 'initiate':
        return this.#initiate(request, answer);
      case 'terminate':
        return this.#each(request.name, answer, (asked) => ({ t: 'terminate', answer: asked }));
      case 'rekey-ike':
      case 'rekey-child':
        return this.#each(request.name, answer, (asked) => ({
          t: 'rekey',
          what: request.kind === 'rekey-ike' ? 'ike' : 'child',
          answer: asked,
        }));
      case 'delete-ike':
      case 'down-ike':
      case 'delete-child':
      case 'down-child':
        return this.#each(request.name, answer, (asked) => ({
          t: 'drop',
          what: request.kind.endsWith('ike') ? 'ike' : 'child',
          answer: asked,
        }));
      case 'listen':
        daemon.listen(say);
        daemon.rereadSecrets(say);
        return answer.end();
      case 'unlisten':
        daemon.unlisten(say);
        return answer.end();
      case 'rereadsecrets':
      case 'rereadall':
        daemon.rereadSecrets(say);
        return answer.end();
      case 'ddos':
        world.switchboard.limits.mode = request.mode;
        return answer.end();
      case 'debug':
        daemon.setDebug(request.set, request.clear);
        return answer.end();
      case 'shutdown':
        return daemon.shutdown(request.leaveState ?? false, answer);
      default:
        return answer.end();
    }
  }

  #add(text: RequestOf<'add'>['conn'], answer: Answer, replaces: boolean): void {
    const { world } = this.#options;
    const { conns, errors, warnings } = connsOf(text);
    for (const warning of warnings) answer.line(RC.LOG, warning);
    for (const error of errors) {
      world.log('warn', error);
      answer.line(RC.FATAL, error);
    }
    if (errors.length > 0) return answer.end();
    for (const conn of conns) this.#addOne(conn, answer, replaces);
    answer.end();
  }

  #addOne(conn: Conn, answer: Answer, replaces: boolean): void {
    const { world, connections } = this.#options;
    const known = world.registry.named(conn.name);
    if (known && !replaces) return answer.line(RC.DUPNAME, `attempt to redefine connection "${conn.name}"`);
    if (known) {
      answer.line(RC.LOG, `"${conn.name}": terminating SAs using this connection`);
      connections.remove(known);
    }
    const added = connections.add(conn);
    if ('why' in added) {
      world.log('warn', added.why);
      return answer.line(RC.FATAL, added.why);
    }
    answer.line(RC.LOG, added.text);
    if (added.note === undefined) return;
    world.log('warn', added.note);
    answer.line(RC.LOG, added.note);
  }

  #delete(name: string, answer: Answer): void {
    const entries = this.#named(name, answer);
    for (const entry of entries) {
      answer.line(RC.LOG, `"${entry.conn.name}": deleting connection`);
      this.#options.connections.remove(entry);
    }
    answer.end();
  }

  #initiate({ name, asynchronous, remoteHost }: RequestOf<'initiate'>, answer: Answer): void {
    if (remoteHost !== undefined && !Address.parse(remoteHost)) {
      answer.line(RC.NOPEERIP, `"${name}": --remote-host ${remoteHost} is not an address`);
      return answer.end();
    }
    this.#each(
      name,
      answer,
      (asked) => ({ t: 'initiate', answer: asked, ...(asynchronous === undefined ? {} : { asynchronous }) }),
      false,
    );
  }

  /** To the connection of that name, or to each with that alias; the answer ends with the last of them. */
  #each(name: string, answer: Answer, message: (answer: Answer) => ConnectionMessage, withInstances = true): void {
    const entries = this.#named(name, answer);
    if (entries.length === 0) return answer.end();
    const { registry } = this.#options.world;
    const targets = withInstances ? entries.flatMap((e) => [e, ...registry.instancesOf(e)]) : entries;
    const parts = targets.length === 1 ? [answer] : split(answer, targets.length);
    targets.forEach((entry, i) => void entry.ref.tell(message(parts[i])));
  }

  #named(name: string, answer: Answer): readonly Entry[] {
    const entries = this.#options.world.registry.namedOrAliased(name);
    if (entries.length === 0) answer.line(RC.UNKNOWN_NAME, `no connection or alias named "${name}"`);
    return entries;
  }
}

/** Splits an answer among several, each of whom may end their part more than once. */
function split(answer: Answer, parts: number): readonly Answer[] {
  let left = parts;
  return Array.from({ length: parts }, () => {
    let isOpen = true;
    return {
      peer: answer.peer,
      get isOpen() {
        return isOpen && answer.isOpen;
      },
      get isCongested() {
        return answer.isCongested;
      },
      line: (code, text) => isOpen && answer.line(code, text),
      rows: (rows) => isOpen && answer.rows(rows),
      onRoom: (resume) => answer.onRoom(resume),
      onGone: (gone) => answer.onGone(gone),
      end: () => {
        if (isOpen && --left === 0) answer.end();
        isOpen = false;
      },
    } satisfies Answer;
  });
}
