/** The other end of `pluto.ctl`: whack's and ipsec's. */
import { connect, type Socket } from 'node:net';
import { encodeFrame, FrameDecoder } from './frame.ts';
import { CONTROL_LIMITS } from './limits.ts';
import { parseReply, type Reply, type Request } from './protocol.ts';
import { exitAfter, RC } from './reply-codes.ts';

/** Exit status when no daemon is there to ask: nothing was done, and starting pluto may cure it. */
export const NO_DAEMON_EXIT = 1;

export type ClientFault = {
  readonly kind: 'no-daemon' | 'not-allowed' | 'version' | 'broken';
  /** For the user, one line; may be followed by `hint`. */
  readonly text: string;
  readonly hint?: string;
  readonly exit: number;
};

export type Prompt = Extract<Reply, { t: 'prompt' }>;

export interface ConverseOptions {
  readonly path: string;
  readonly requests: readonly Request[];
  /** Each line and slice as it comes; a promise holds back what follows (a slow terminal, a full pipe). */
  readonly onReply: (reply: Exclude<Reply, { t: 'end' | 'prompt' }>, request: Request) => void | Promise<void>;
  /** What is typed in answer; undefined: nothing. `over` is aborted once nobody waits for it. Absent: nobody is there. */
  readonly onPrompt?: (prompt: Prompt, over: AbortSignal) => Promise<string | undefined>;
}

/** Asks everything over one connection; the exit status is that of the first request that failed, or 0. */
export async function converse(
  options: ConverseOptions,
): Promise<{ readonly exit: number } | { readonly fault: ClientFault }> {
  const connected = await reach(options.path);
  if ('fault' in connected) return connected;
  const { socket } = connected;
  try {
    const progress = new Progress();
    const answering = answers(socket, options, progress).finally(() => progress.end());
    const [answered] = await Promise.all([answering, ask(socket, options.requests, progress)]);
    return answered;
  } catch (e) {
    return { fault: broken((e as Error).message) };
  } finally {
    socket.destroy();
  }
}

/** Does a daemon accept on this socket? */
export async function isListening(path: string): Promise<boolean> {
  const connected = await reach(path);
  if ('socket' in connected) connected.socket.destroy();
  return 'socket' in connected;
}

async function reach(path: string): Promise<{ readonly socket: Socket } | { readonly fault: ClientFault }> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    const refused = (e: NodeJS.ErrnoException) => resolve({ fault: unreachable(path, e) });
    socket.once('error', refused);
    socket.once('connect', () => {
      socket.off('error', refused);
      resolve({ socket });
    });
  });
}

function unreachable(path: string, e: NodeJS.ErrnoException): ClientFault {
  const hint = 'to start it: ipsec start';
  switch (e.code) {
    case 'ENOENT':
      return { kind: 'no-daemon', text: `Pluto is not running (no "${path}")`, hint, exit: NO_DAEMON_EXIT };
    case 'ECONNREFUSED':
      return {
        kind: 'no-daemon',
        text: `is Pluto running?  connect() for "${path}" failed (111 Connection refused)`,
        hint,
        exit: NO_DAEMON_EXIT,
      };
    case 'EACCES':
    case 'EPERM':
      return { kind: 'not-allowed', text: `no right to communicate with pluto ("${path}")`, exit: RC.WHACK_PROBLEM };
    default:
      return { kind: 'broken', text: `connect() for "${path}" failed: ${e.message}`, exit: RC.WHACK_PROBLEM };
  }
}

/** Requests on their way: what comes at once, pluto has to take apart at once, and its peers wait meanwhile. */
const IN_FLIGHT = 2;

/** How many requests have been answered, for who waits to send the next. */
class Progress {
  #answered = 0;
  #wake: () => void = () => {};
  hasEnded = false;

  advance(): void {
    this.#answered++;
    this.#wake();
  }

  /** There will be no more answers. */
  end(): void {
    this.hasEnded = true;
    this.#wake();
  }

  async reaches(answered: number): Promise<void> {
    while (this.#answered < answered && !this.hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Pluto reads no faster than it answers: so must we write. */
async function ask(socket: Socket, requests: readonly Request[], progress: Progress): Promise<void> {
  for (const [i, request] of requests.entries()) {
    await progress.reaches(i + 1 - IN_FLIGHT);
    if (socket.destroyed || progress.hasEnded) return;
    if (!socket.write(encodeFrame(request))) await drained(socket);
  }
}

async function drained(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}

async function answers(
  socket: Socket,
  { requests, onReply, onPrompt }: ConverseOptions,
  progress: Progress,
): Promise<{ readonly exit: number } | { readonly fault: ClientFault }> {
  if (requests.length === 0) return { exit: 0 };
  const decoder = new FrameDecoder(CONTROL_LIMITS.maxFrame);
  let at = 0;
  let exit = 0;
  let over = new AbortController();
  socket.once('close', () => over.abort());
  for await (const chunk of untilClosed(socket)) {
    const { values, fault } = decoder.push(chunk);
    for (const value of values) {
      const reply = parseReply(value);
      if (!reply) return { fault: broken('a reply that is none') };
      if (reply.t === 'prompt') {
        void typing(socket, reply, over.signal, onPrompt);
        continue;
      }
      if (reply.t !== 'end') {
        await onReply(reply, requests[at]);
        continue;
      }
      exit = exitAfter(exit, reply.exit);
      over.abort();
      over = new AbortController();
      at += 1;
      progress.advance();
      if (at === requests.length) return { exit };
    }
    if (fault?.kind === 'version') {
      const text = `pluto speaks ${fault.text}; whack and pluto must be of one installation`;
      return { fault: { kind: 'version', text, exit: RC.WHACK_PROBLEM } };
    }
    if (fault) return { fault: broken(fault.text) };
  }
  // Turned away, or not understood: pluto has said why, and that is the status.
  if (exit !== 0) return { exit };
  return { fault: broken(`pluto closed the connection before it had answered ${requests[at].kind}`) };
}

/** Beside what pluto says meanwhile, which may be that it waits no longer. */
async function typing(
  socket: Socket,
  prompt: Prompt,
  over: AbortSignal,
  onPrompt: ConverseOptions['onPrompt'],
): Promise<void> {
  // Whatever keeps somebody from typing: pluto is not to wait for it.
  const text = await onPrompt?.(prompt, over).catch(() => undefined);
  if (over.aborted || socket.destroyed) return;
  socket.write(encodeFrame({ t: 'typed', ...(text !== undefined && { text }) }));
}

/** What comes until the end; a daemon that died resets instead, which is an end as well. */
async function* untilClosed(socket: Socket): AsyncGenerator<Uint8Array> {
  try {
    yield* socket as AsyncIterable<Uint8Array>;
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    if (code !== 'ECONNRESET' && code !== 'EPIPE') throw e;
  }
}

function broken(text: string): ClientFault {
  return { kind: 'broken', text, exit: RC.WHACK_PROBLEM };
}
