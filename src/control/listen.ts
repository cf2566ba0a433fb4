/** The UNIX socket `pluto.ctl`: mode 0600, root and our own user only, a bounded number of clients. */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { PeerCredentials } from './answer.ts';
import { encodeFrame } from './frame.ts';
import { CONTROL_LIMITS, type ControlLimits } from './limits.ts';
import type { Reply } from './protocol.ts';
import { RC } from './reply-codes.ts';
import { type ClientWire, ControlSession, type Farewell, type RequestHandler } from './server.ts';

export interface ControlServerOptions {
  readonly path: string;
  /** SO_PEERCRED of a connected socket; undefined if the kernel will not say. */
  readonly peerCredentials: (fd: number) => PeerCredentials | undefined;
  readonly handle: RequestHandler;
  /** Told of a client turned away or closed by us, in words for the log. */
  readonly onNotice?: (text: string) => void;
  readonly limits?: Partial<ControlLimits>;
  /** Whose clients are served besides root's. */
  readonly uid?: number;
}

/** What has been accepted, and what each limit turned away. */
export type ControlCounters = Record<'accepted' | 'unauthorized' | 'tooMany' | Farewell, number>;

export interface ControlServer {
  readonly clients: number;
  readonly counters: Readonly<ControlCounters>;
  /** Stops listening, removes the socket, lets clients have what is queued for up to `graceMs`, then drops them. */
  close(graceMs?: number): Promise<void>;
}

export type ListenFault =
  | { readonly kind: 'in-use'; readonly text: string }
  | { readonly kind: 'not-a-socket'; readonly text: string }
  | { readonly kind: 'system'; readonly text: string };

const SWEEP_MS = 5_000;

/** Listens. A socket that nobody answers on is a dead daemon's and is removed; anything else in the way stays. */
export async function listenControl(
  options: ControlServerOptions,
): Promise<{ readonly server: ControlServer } | { readonly fault: ListenFault }> {
  const fault = await clearTheWay(options.path);
  if (fault) return { fault };
  const listener = new Listener(options);
  try {
    await listener.listen();
  } catch (e) {
    return { fault: { kind: 'system', text: `cannot listen on ${options.path}: ${(e as Error).message}` } };
  }
  return { server: listener };
}

class Listener implements ControlServer {
  readonly counters: ControlCounters = {
    accepted: 0,
    unauthorized: 0,
    tooMany: 0,
    idle: 0,
    stalled: 0,
    slow: 0,
    fault: 0,
  };
  readonly #options: ControlServerOptions;
  readonly #limits: ControlLimits;
  readonly #server: Server;
  readonly #sessions = new Map<Socket, ControlSession>();
  #sweeper: NodeJS.Timeout | undefined;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#limits = { ...CONTROL_LIMITS, ...options.limits };
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#welcome(socket));
  }

  get clients(): number {
    return this.#sessions.size;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      // The socket is bound inside this call: never reachable by others, not even for a moment.
      const umask = process.umask(0o177);
      try {
        this.#server.listen(this.#options.path, resolve);
      } finally {
        process.umask(umask);
      }
    });
    chmodSync(this.#options.path, 0o600);
    this.#server.on('error', (e) => this.#options.onNotice?.(`control socket: ${e.message}`));
    this.#sweeper = setInterval(() => {
      for (const session of this.#sessions.values()) session.sweep();
    }, SWEEP_MS).unref();
  }

  async close(graceMs = 1_000): Promise<void> {
    clearInterval(this.#sweeper);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sessions.keys()) socket.destroySoon();
    const dropper = setTimeout(() => {
      for (const socket of this.#sessions.keys()) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(dropper);
  }

  #welcome(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const peer = this.#options.peerCredentials(fdOf(socket));
    const own = this.#options.uid ?? process.geteuid?.() ?? 0;
    if (!peer || (peer.uid !== 0 && peer.uid !== own)) {
      this.#turnAway(socket, 'unauthorized', RC.WHACK_PROBLEM, `not for uid ${peer?.uid ?? 'unknown'}`);
      return;
    }
    if (this.#sessions.size >= this.#limits.maxClients) {
      this.#turnAway(socket, 'tooMany', RC.INTERNAL_ERROR, `already ${this.#sessions.size} control clients`);
      return;
    }
    this.counters.accepted++;
    const session = new ControlSession(peer, wireOf(socket), this.#limits, this.#options.handle, {
      closed: (why) => {
        this.counters[why]++;
        this.#options.onNotice?.(`control client ${peer.pid} closed: ${FAREWELLS[why]}`);
      },
      threw: (e) => this.#options.onNotice?.(`control client ${peer.pid}: ${e instanceof Error ? e.stack : e}`),
    });
    this.#sessions.set(socket, session);
    socket.on('data', (chunk) => session.receive(chunk));
    socket.on('drain', () => session.drained());
    socket.on('close', () => {
      this.#sessions.delete(socket);
      session.gone();
    });
    socket.resume();
  }

  #turnAway(socket: Socket, why: 'unauthorized' | 'tooMany', code: number, text: string): void {
    this.counters[why]++;
    this.#options.onNotice?.(`control client refused: ${text}`);
    const replies: readonly Reply[] = [
      { t: 'line', code, text: `refused by pluto: ${text}` },
      { t: 'end', exit: code },
    ];
    // The kernel takes this little at once: closing with unread octets from the client would lose it.
    socket.end(Buffer.concat(replies.map(encodeFrame)));
    socket.setTimeout(SWEEP_MS, () => socket.destroy());
    socket.resume();
  }
}

const FAREWELLS: Record<Farewell, string> = {
  idle: 'nothing asked',
  stalled: 'nothing read',
  slow: 'too much unread',
  fault: 'not understood',
};

function wireOf(socket: Socket): ClientWire {
  return {
    send: (frame) => void socket.write(frame),
    get queued() {
      return socket.writableLength;
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => socket.destroySoon(),
    drop: () => void socket.destroy(),
    later: (callback) => void setImmediate(callback),
    now: () => performance.now(),
  };
}

/** Node keeps the descriptor of a connected socket to itself; credentials need it. */
function fdOf(socket: Socket): number {
  return (socket as unknown as { readonly _handle: { readonly fd: number } | null })._handle?.fd ?? -1;
}

async function clearTheWay(path: string): Promise<ListenFault | undefined> {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found) return undefined;
    if (!found.isSocket()) return { kind: 'not-a-socket', text: `${path} is in the way and is not a socket` };
    if (await answers(path)) return { kind: 'in-use', text: `another pluto listens on ${path}` };
    unlinkSync(path);
    return undefined;
  } catch (e) {
    return { kind: 'system', text: `${path}: ${(e as Error).message}` };
  }
}

/** Does anybody accept here? A socket without a listener refuses at once. */
async function answers(path: string): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (e: NodeJS.ErrnoException) => {
      if (e.code === 'ECONNREFUSED') resolve(false);
      else reject(e);
    });
  });
}
