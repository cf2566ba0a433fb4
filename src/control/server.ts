/**
 * One client of the control socket, without the socket: octets in, requests out, answers back. It never waits
 * for the client. What the client does not read piles up to a bound and then the client is dropped; what it
 * asks faster than it is answered waits to a bound and then reading stops.
 */
import type { Answer, PeerCredentials, PromptCode, Typed } from './answer.ts';
import { encodeFrame, FrameDecoder } from './frame.ts';
import type { ControlLimits } from './limits.ts';
import { isReport, parseRequest, parseTyped, type Reply, type Request } from './protocol.ts';
import { exitAfter, RC } from './reply-codes.ts';
import type { Rows } from './status/rows.ts';
import { share } from './status/share.ts';

/** Carries out one request; it may answer at once or much later, and must end the answer in any case. */
export type RequestHandler = (request: Request, answer: Answer) => void;

/** What the session needs of a connection. */
export interface ClientWire {
  /** Takes the octets, whether or not they can leave yet. */
  send(frame: Uint8Array): void;
  /** Octets taken that have not left. */
  readonly queued: number;
  /** Stop, or go on, delivering octets to `receive`. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  close(): void;
  /** Closes at once. */
  drop(): void;
  /** Calls back on a later turn of the event loop. */
  later(callback: () => void): void;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

/** Why the daemon closed a client, for its counters and its log. */
export type Farewell = 'idle' | 'stalled' | 'slow' | 'fault';

/** Whom the session tells what the client need not know. */
export interface SessionEvents {
  closed(why: Farewell): void;
  /** The handler threw: our bug. The client has been told, the daemon goes on. */
  threw(error: unknown): void;
}

interface Waiting {
  readonly request: Request | undefined;
  /** Set where the request could not be understood. */
  readonly wrong?: string;
}

export class ControlSession {
  readonly peer: PeerCredentials;
  readonly #wire: ClientWire;
  readonly #limits: ControlLimits;
  readonly #handle: RequestHandler;
  readonly #events: SessionEvents;
  readonly #decoder: FrameDecoder;
  readonly #pending: Waiting[] = [];
  #answer: SessionAnswer | undefined;
  #isPaused = false;
  #isGone = false;
  /** Set by a fault: close once everything before it has been answered. */
  #isLast = false;
  #isNextDue = false;
  #sent = 0;
  #taken = 0;
  #lastTaken: number;
  #lastAsked: number;

  constructor(
    peer: PeerCredentials,
    wire: ClientWire,
    limits: ControlLimits,
    handle: RequestHandler,
    events: SessionEvents,
  ) {
    this.peer = peer;
    this.#wire = wire;
    this.#limits = limits;
    this.#handle = handle;
    this.#events = events;
    this.#decoder = new FrameDecoder(limits.maxFrame);
    this.#lastTaken = this.#lastAsked = wire.now();
  }

  /** Octets from the client. */
  receive(chunk: Uint8Array): void {
    if (this.#isGone || this.#isLast) return;
    const { values, fault } = this.#decoder.push(chunk);
    for (const value of values) {
      const typed = parseTyped(value);
      if (typed && !('wrong' in typed)) {
        this.#answer?.hear(typed.text);
        continue;
      }
      const request = typed ?? parseRequest(value);
      this.#pending.push('wrong' in request ? { request: undefined, wrong: request.wrong } : { request });
    }
    if (fault) {
      this.#pending.push({ request: undefined, wrong: fault.text });
      this.#isLast = true;
    }
    if (values.length > 0) this.#lastAsked = this.#wire.now();
    if (!this.#isPaused && this.#pending.length >= this.#limits.maxPending) {
      this.#isPaused = true;
      this.#wire.pause();
    }
    this.#next();
  }

  /** The connection is closed, by whomever. */
  gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#pending.length = 0;
    this.#answer?.clientGone();
    this.#answer = undefined;
  }

  /** All that was queued has left. */
  drained(): void {
    this.#noteProgress();
    this.#answer?.roomMade();
  }

  /** To be called every few seconds: closes a client that asks nothing, drops one that takes nothing. */
  sweep(): void {
    if (this.#isGone) return;
    this.#noteProgress();
    const now = this.#wire.now();
    if (this.#wire.queued > 0) {
      if (now - this.#lastTaken >= this.#limits.stallTimeout) this.#dropFor('stalled');
    } else if (!this.#answer && this.#pending.length === 0 && now - this.#lastAsked >= this.#limits.idleTimeout) {
      this.#events.closed('idle');
      this.#wire.close();
    }
  }

  /** Sends a reply, or drops the client that has let too many pile up. */
  send(reply: Reply): void {
    if (this.#isGone) return;
    const frame = encodeFrame(reply.t === 'rows' ? share(reply) : reply);
    if (frame.length > this.#limits.maxFrame && reply.t === 'rows' && reply.rows.length > 1) {
      for (const half of halves(reply)) this.send(half);
      return;
    }
    if (this.#wire.queued === 0) this.#lastTaken = this.#wire.now();
    this.#sent += frame.length;
    this.#wire.send(frame);
    if (this.#wire.queued > this.#limits.maxQueued) this.#dropFor('slow');
  }

  get isCongested(): boolean {
    return this.#wire.queued > this.#limits.congested;
  }

  later(callback: () => void): void {
    this.#wire.later(callback);
  }

  /** The answer under way has ended. */
  answered(): void {
    this.#answer = undefined;
    this.#lastAsked = this.#wire.now();
    this.#next();
  }

  /** One request a turn, so that a thousand pipelined ones leave the daemon time for its peers. */
  #next(): void {
    if (this.#isNextDue || this.#answer || this.#isGone) return;
    if (this.#isPaused && this.#pending.length <= this.#limits.maxPending / 2) {
      this.#isPaused = false;
      this.#wire.resume();
    }
    if (this.#pending.length === 0) {
      if (this.#isLast) {
        this.#events.closed('fault');
        this.#wire.close();
      }
      return;
    }
    this.#isNextDue = true;
    this.#wire.later(() => {
      this.#isNextDue = false;
      const next = this.#pending.shift();
      if (next && !this.#isGone) this.#start(next);
    });
  }

  #start({ request, wrong }: Waiting): void {
    const answer = new SessionAnswer(this, request !== undefined && isReport(request.kind));
    this.#answer = answer;
    if (!request) {
      answer.line(RC.BADWHACKMESSAGE, `bad message: ${wrong}`);
      answer.end();
      return;
    }
    try {
      this.#handle(request, answer);
    } catch (e) {
      this.#events.threw(e);
      answer.line(RC.INTERNAL_ERROR, `internal error in ${request.kind}`);
      answer.end();
    }
  }

  #noteProgress(): void {
    const taken = this.#sent - this.#wire.queued;
    if (taken > this.#taken) this.#lastTaken = this.#wire.now();
    this.#taken = taken;
  }

  #dropFor(why: Farewell): void {
    this.#events.closed(why);
    this.#wire.drop();
    this.gone();
  }
}

class SessionAnswer implements Answer {
  readonly peer: PeerCredentials;
  readonly #session: ControlSession;
  /** A report's exit status is 0 whatever it says. */
  readonly #isReport: boolean;
  #exit = 0;
  #isOpen = true;
  #onRoom: (() => void) | undefined;
  #onGone: (() => void) | undefined;
  /** The first has been asked. */
  readonly #prompts: { readonly code: PromptCode; readonly text: string; readonly typed: Typed }[] = [];

  constructor(session: ControlSession, isReport: boolean) {
    this.#session = session;
    this.#isReport = isReport;
    this.peer = session.peer;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isCongested(): boolean {
    return this.#isOpen && this.#session.isCongested;
  }

  prompt(code: PromptCode, text: string, typed: Typed): void {
    if (!this.#isOpen) return this.#session.later(() => typed(undefined));
    this.#prompts.push({ code, text, typed });
    if (this.#prompts.length === 1) this.#ask();
  }

  /** Of the oldest prompt; for none it comes too late. */
  hear(text: string | undefined): void {
    const heard = this.#prompts.shift();
    if (!heard) return;
    const octets = text === undefined ? undefined : Uint8Array.from(Buffer.from(text));
    this.#session.later(() => heard.typed(octets));
    this.#ask();
  }

  #ask(): void {
    const [next] = this.#prompts;
    if (next) this.#session.send({ t: 'prompt', code: next.code, text: next.text });
  }

  #hearNobody(): void {
    for (const { typed } of this.#prompts.splice(0)) this.#session.later(() => typed(undefined));
  }

  line(code: number, text: string): void {
    if (!this.#isOpen) return;
    this.#exit = exitAfter(this.#exit, code);
    this.#session.send({ t: 'line', code, text });
  }

  rows(rows: Rows): void {
    if (this.#isOpen && rows.rows.length > 0) this.#session.send({ t: 'rows', ...rows });
  }

  onRoom(resume: () => void): void {
    if (!this.#isOpen) return;
    if (this.#session.isCongested) this.#onRoom = resume;
    else this.#session.later(resume);
  }

  onGone(gone: () => void): void {
    this.#onGone = gone;
  }

  end(): void {
    if (!this.#isOpen) return;
    this.#session.send({ t: 'end', exit: this.#isReport ? 0 : this.#exit });
    // Sending may itself have dropped the client, and then said so.
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#hearNobody();
    this.#session.answered();
  }

  roomMade(): void {
    const resume = this.#onRoom;
    this.#onRoom = undefined;
    resume?.();
  }

  clientGone(): void {
    this.#isOpen = false;
    this.#onRoom = undefined;
    this.#hearNobody();
    this.#onGone?.();
  }
}

/** A slice that outgrew a frame, in two. */
function halves(reply: Extract<Reply, { t: 'rows' }>): Reply[] {
  const middle = reply.rows.length >> 1;
  const part = (from: number, to?: number) => ({ ...reply, rows: reply.rows.slice(from, to) }) as Reply;
  return [part(0, middle), part(middle)];
}
