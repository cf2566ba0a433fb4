/** What whack may ask, and who answers. Everything that takes time is answered by the actor it was passed on to. */
import type { Conn } from '../conf/conn.ts';
import { MOST_SOCKET_BUFFER } from '../conf/keywords-setup.ts';
import type { Answer, PromptCode, Typed } from '../control/answer.ts';
import { REPORTS, type ReportKind, type Request, type RequestOf } from '../control/protocol.ts';
import { exitAfter, RC } from '../control/reply-codes.ts';
import type { Login } from '../ike/effects.ts';
import { Address } from '../net/address.ts';
import type { StoreDir } from '../services/store/certificate-store.ts';
import { connsOf } from './conn-text.ts';
import { type ConnectionMessage, DEAF } from './connection.ts';
import type { Connections } from './connections.ts';
import { deleteState, dropPeerId, dropUser, forgetPeer } from './dropping.ts';
import { instanceFor } from './instance-for.ts';
import type { Loading } from './loading.ts';
import { initiateFor } from './oppo.ts';
import { changeDebugging, clearStatistics, end, impair, redirectAll, setMyId, takePublicKey } from './orders.ts';
import { notYet } from './policy-of.ts';
import { redirect } from './redirecting.ts';
import type { Entry } from './registry.ts';
import { renewing } from './renewing.ts';
import type { Reports } from './reports.ts';
import { inSlices, type Work } from './slices.ts';
import { split } from './split.ts';
import type { World } from './world.ts';

/** What only the daemon as a whole can do. */
export interface Daemon {
  listen(say: (text: string) => void): void;
  unlisten(say: (text: string) => void): void;
  /** In steps; false in the end: they are as they were, because of an error in the file. */
  rereadingSecrets(say: (text: string) => void): Generator<undefined, boolean>;
  /** In steps: files that have changed, in these directories or in all. */
  rereadingCertificates(say: (text: string) => void, dirs?: readonly StoreDir[]): Generator<undefined, void>;
  /** Those that certificates and earlier fetches name; ends `answer`. */
  fetchCrls(answer: Answer): void;
  /** How many answers there were. */
  purgeOcsp(): number;
  /** Octets, of the sockets there are and of those to come. */
  resizeSockets(octets: number, say: (text: string) => void): void;
  toggleErrorQueue(say: (text: string) => void): void;
  /** As in `nhelpers=`; ends `answer`. */
  resizeHelpers(nhelpers: number, answer: Answer): void;
  shutdown(leaveState: boolean, answer: Answer): void;
}

export interface ControlOptions {
  readonly world: World;
  readonly connections: Connections;
  readonly reports: Reports;
  readonly loading: Loading;
  readonly daemon: Daemon;
}

const CRLS: readonly StoreDir[] = ['crls'];
/** Octets of a socket's buffer: one full packet. */
const LEAST_BUFFER = 1500;

export class Control {
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  handle(request: Request, answer: Answer): void {
    const { log, debugging, stats } = this.#options.world;
    stats.whacks.inc();
    if (!debugging.on('whackwatch')) return this.#handle(request, answer);
    const name = 'name' in request && request.name !== undefined ? ` ${request.name}` : '';
    const what = `${request.kind}${name} from process ${answer.peer.pid}`;
    log('debug', `whack asks ${what}`);
    this.#handle(
      request,
      watched(answer, (exit) => log('debug', `whack has its answer to ${what}: ${exit}`)),
    );
  }

  #handle(request: Request, answer: Answer): void {
    const { daemon, loading, reports, world } = this.#options;
    const say = (text: string) => answer.line(RC.LOG, text);
    switch (request.kind) {
      case 'add':
      case 'replace':
        return this.#add(request.conn, answer, request.kind === 'replace');
      case 'load':
        return loading.load(request, answer);
      case 'reload':
        return loading.reload(request, answer);
      case 'delete':
        return this.#delete(request.name, answer);
      case 'deleteid':
        return dropPeerId(world, request.name, answer);
      case 'deleteuser':
        return dropUser(world, request.name, answer);
      case 'deletestate':
        return deleteState(world, request.serial, answer);
      case 'crash':
        return forgetPeer(world, request.address, answer);
      case 'route':
      case 'unroute':
        return this.#each(request.name, answer, (asked) => ({ t: request.kind, answer: asked }));
      case 'initiate':
        return this.#initiate(request, answer);
      case 'oppo':
        return initiateFor(world, request, answer);
      case 'terminate':
        return this.#each(request.name, answer, (asked) => ({ t: 'terminate', answer: asked }));
      case 'suspend':
        return this.#suspend(request.name, answer);
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
        return void inSlices(world, 'listen', this.#listening(answer), { answer });
      case 'unlisten':
        daemon.unlisten(say);
        return answer.end();
      case 'rereadsecrets':
        return this.#rereadSecrets(answer);
      case 'rereadall':
        return void inSlices(world, 'rereadall', this.#rereadingAll(answer), { answer });
      case 'rereadcerts':
        return void inSlices(world, 'certificates', this.#rereadingCertificates(answer), { answer });
      case 'fetchcrls':
        return void inSlices(world, 'crls', daemon.rereadingCertificates(say, CRLS), {
          over: () => daemon.fetchCrls(answer),
        });
      case 'purgeocsp':
        return end(answer, RC.LOG, world.log('info', `forgot ${daemon.purgeOcsp()} OCSP answers`));
      case 'rereadgroups':
        return void inSlices(world, 'groups', this.#rereadingGroups(answer), { answer });
      case 'ddns':
        return this.#lookUp(answer);
      case 'pubkey':
        return takePublicKey(world, request, answer);
      case 'myid':
        return setMyId(world, request, answer);
      case 'redirect':
        return redirect(world, request, answer);
      case 'global-redirect':
        return redirectAll(world, request, answer);
      case 'clearstats':
        return clearStatistics(world, answer);
      case 'socket-bufsize':
        return this.#resizeSockets(request.octets, answer);
      case 'socket-errqueue':
        daemon.toggleErrorQueue(say);
        return answer.end();
      case 'nhelpers':
        return daemon.resizeHelpers(request.nhelpers, answer);
      case 'ddos':
        world.switchboard.limits.mode = request.mode;
        return end(answer, RC.LOG, world.log('info', `ddos-mode is ${request.mode}`));
      case 'debug':
        return changeDebugging(world, request, answer);
      case 'impair':
        return impair(world, request, answer);
      case 'shutdown':
        return daemon.shutdown(request.leaveState ?? false, answer);
      default:
        return isReport(request) ? reports.answer(request, answer) : (request satisfies never);
    }
  }

  /** A hundred thousand of them take a second, in which peers are answered. */
  #rereadSecrets(answer: Answer): void {
    inSlices(this.#options.world, 'secrets', this.#rereadingSecrets(answer), { answer });
  }

  *#rereadingSecrets(answer: Answer): Work {
    const isRead = yield* this.#options.daemon.rereadingSecrets((text) => answer.line(RC.LOG, text));
    if (!isRead) return answer.line(RC.FATAL, 'secrets kept as they were');
    yield* this.#renewing(answer);
  }

  *#rereadingCertificates(answer: Answer): Work {
    yield* this.#options.daemon.rereadingCertificates((text) => answer.line(RC.LOG, text));
    yield* this.#renewing(answer);
  }

  #renewing(answer: Answer): Work {
    return renewing(this.#options.connections, this.#options.world, (text) => answer.line(RC.LOG, text));
  }

  *#rereadingAll(answer: Answer): Work {
    yield* this.#rereadingSecrets(answer);
    yield* this.#rereadingCertificates(answer);
    yield* this.#rereadingGroups(answer);
  }

  *#listening(answer: Answer): Work {
    yield* this.#rereadingSecrets(answer);
    yield* this.#rereadingGroups(answer);
  }

  #rereadingGroups(answer: Answer): Work {
    return this.#options.connections.rereadingGroups((text) => answer.line(RC.LOG, text));
  }

  #resizeSockets(octets: number, answer: Answer): void {
    if (octets < LEAST_BUFFER || octets > MOST_SOCKET_BUFFER) {
      const expected = `expected ${LEAST_BUFFER} to ${MOST_SOCKET_BUFFER} octets`;
      return end(answer, RC.WHACK_PROBLEM, `--ike-socket-bufsize ${octets}: ${expected}`);
    }
    this.#options.daemon.resizeSockets(octets, (text) => answer.line(RC.LOG, text));
    answer.end();
  }

  /** Without resumption, to suspend a connection would be to lose it. */
  #suspend(name: string, answer: Answer): void {
    for (const { conn } of this.#named(name, answer))
      answer.line(RC.FATAL, `"${conn.name}": cannot suspend: session resumption is not built yet`);
    answer.end();
  }

  #lookUp(answer: Answer): void {
    const { registry } = this.#options.world;
    let named = 0;
    for (const { conn } of registry.entries()) if (conn.left.host.t === 'name' || conn.right.host.t === 'name') named++;
    end(answer, RC.LOG, `${named} connections have host names: looking them up is not built yet`);
  }

  #add(text: RequestOf<'add'>['conn'], answer: Answer, replaces: boolean): void {
    const { world } = this.#options;
    const { conns, errors, warnings } = connsOf(text, this.#options.connections.acceptsV1);
    for (const warning of warnings) answer.line(RC.LOG, warning);
    for (const error of errors) {
      world.log('warn', error);
      answer.line(RC.LOG, error);
    }
    if (errors.length > 0) return end(answer, RC.FATAL, `"${text.name}": failed to add connection`);
    for (const conn of conns) this.#addOne(conn, answer, replaces);
    answer.end();
  }

  #addOne(conn: Conn, answer: Answer, replaces: boolean): void {
    const { world, connections } = this.#options;
    const known = world.registry.named(conn.name);
    if (known && !replaces) return answer.line(RC.DUPNAME, `attempt to redefine connection "${conn.name}"`);
    if (known) {
      answer.line(RC.LOG, world.log('info', 'terminating SAs using this connection', { policy: { name: conn.name } }));
      connections.remove(known);
    }
    const added = connections.add(conn);
    if ('why' in added) {
      world.log('warn', added.why);
      return answer.line(RC.FATAL, added.why);
    }
    answer.line(RC.LOG, added.text);
    const { hindrance } = added.entry;
    if (hindrance !== undefined)
      answer.line(RC.LOG, world.log('warn', notYet(hindrance), { policy: { name: conn.name } }));
  }

  #delete(name: string, answer: Answer): void {
    const { world, connections } = this.#options;
    for (const entry of this.#named(name, answer)) {
      const { conn, template, policy } = entry;
      const instance = template && policy ? { policy, peer: policy.remoteHost } : undefined;
      const about = { ...(instance ?? { policy: { name: conn.name } }), event: 'deleted' } as const;
      answer.line(RC.LOG, world.log('info', `deleting connection${instance ? ' instance' : ''}`, about));
      connections.remove(entry);
    }
    answer.end();
  }

  #initiate(request: RequestOf<'initiate'>, answer: Answer): void {
    const { name, asynchronous = false, remoteHost } = request;
    const initiate = (asked: Answer): ConnectionMessage => ({
      ...{ t: 'initiate', answer: asked, asynchronous },
      login: loginOf(request),
    });
    if (remoteHost === undefined) return this.#each(name, answer, initiate, false);
    const peer = Address.parse(remoteHost);
    if (!peer) return end(answer, RC.NOPEERIP, `"${name}": --remote-host ${remoteHost} is not an address`);
    const entries = this.#named(name, answer);
    if (entries.length === 0) return answer.end();
    // An instance goes with its IKE SA: one that never gets any would stay.
    if (!this.#options.world.switchboard.listens) return end(answer, RC.DEAF, DEAF);
    const parts = split(answer, entries.length);
    for (const [i, entry] of entries.entries()) {
      const instance = instanceFor(this.#options.world, entry, peer);
      if ('why' in instance) end(parts[i], RC.NOPEERIP, instance.why);
      else instance.ref.tell(initiate(parts[i]));
    }
  }

  /** To the connection of that name, or to each with that alias; the answer ends with the last of them. */
  #each(name: string, answer: Answer, message: (answer: Answer) => ConnectionMessage, withInstances = true): void {
    const entries = this.#named(name, answer);
    if (entries.length === 0) return answer.end();
    const { registry } = this.#options.world;
    const targets = withInstances ? entries.flatMap((e) => [e, ...registry.instancesOf(e)]) : entries;
    const parts = split(answer, targets.length);
    targets.forEach((entry, i) => void entry.ref.tell(message(parts[i])));
  }

  #named(name: string, answer: Answer): readonly Entry[] {
    const entries = this.#options.world.registry.namedOrAliased(name);
    if (entries.length === 0) answer.line(RC.UNKNOWN_NAME, `no connection or alias named "${name}"`);
    return entries;
  }
}

/** One of its own for each connection. */
function loginOf({ username, password }: RequestOf<'initiate'>): Login | undefined {
  if (username === undefined && password === undefined) return undefined;
  return { user: username, password: password === undefined ? undefined : Uint8Array.from(Buffer.from(password)) };
}

/** Fields of a report are checked by its kind: what is left after all other requests are reports. */
const isReport = (request: Request): request is RequestOf<ReportKind> => Object.hasOwn(REPORTS, request.kind);

/** Tells of an answer's end. */
function watched(answer: Answer, ended: (exit: number) => void): Answer {
  let exit = 0;
  return {
    peer: answer.peer,
    get isOpen() {
      return answer.isOpen;
    },
    get isCongested() {
      return answer.isCongested;
    },
    line: (code, text) => {
      exit = exitAfter(exit, code);
      answer.line(code, text);
    },
    rows: (rows) => answer.rows(rows),
    ...(answer.prompt && {
      prompt: (code: PromptCode, text: string, typed: Typed) => answer.prompt?.(code, text, typed),
    }),
    onRoom: (resume) => answer.onRoom(resume),
    onGone: (gone) => answer.onGone(gone),
    end: () => {
      if (answer.isOpen) ended(exit);
      answer.end();
    },
  };
}
