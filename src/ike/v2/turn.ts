/**
 * One step of an IKE SA: what a processor may do. It changes the SA it was made for and collects effects; it
 * never waits. A processor that needs a helper calls `submit` as its last act and goes on in the callback.
 */
import type { Endpoint } from '../../net/endpoint.ts';
import type { Child } from '../child.ts';
import type { Job, JobResult } from '../crypto/job.ts';
import { keep } from '../crypto/keep.ts';
import type { DownReason, Env, Out, TimerName } from '../effects.ts';
import { mayExplain } from '../explain/seldom.ts';
import { clip } from '../explain/words.ts';
import type { Fault } from '../fault.ts';
import { answerFor, faultText } from '../fault.ts';
import type { Policy } from '../policy.ts';
import type { Question, Reply } from '../questions.ts';
import { describe, EXCHANGE, encodeMessage, type Header, NOTIFY_NAMES, type Payload } from '../wire/index.ts';
import { sealMessage } from './channel.ts';
import {
  type ChildOffer,
  type IkeSa,
  type IkeState,
  NONE,
  type Outstanding,
  type Pending,
  type Task,
} from './ike-sa.ts';
import { retryAfter } from './lifetimes.ts';
import type { Transition } from './transitions.ts';

/** A message that is whole, authentic where it can be, and expected by its id. */
export interface Incoming {
  readonly header: Header;
  /** Of an encrypted message, the inner ones. */
  readonly payloads: readonly Payload[];
  /** The datagram: what AUTH signs, for IKE_SA_INIT. */
  readonly bytes: Uint8Array;
  readonly local: Endpoint;
  readonly peer: Endpoint;
}

export class Turn {
  readonly sa: IkeSa;
  readonly env: Env;
  readonly outs: Out[] = [];
  /** The row being run, and the state it began in: a helper may finish it in another turn. */
  row: Transition | undefined = undefined;
  from: IkeState;
  /** While a response is processed: what we had asked. */
  answered: Pending | undefined = undefined;
  /** Of an IKE_INTERMEDIATE message that has come: what AUTH is to cover of it, in pieces. RFC 9242 §3.3.2. */
  covered: readonly Uint8Array[] | undefined = undefined;

  constructor(sa: IkeSa, env: Env) {
    this.sa = sa;
    this.env = env;
    this.from = sa.state;
  }

  /** What a response answers; a row of another kind is our own bug. */
  expects<K extends Pending['kind']>(...kinds: K[]): Extract<Pending, { kind: K }> {
    const { answered } = this;
    if (!answered || !(kinds as string[]).includes(answered.kind))
      throw new Error(`an answer to ${kinds.join(' or ')} where we had asked ${answered?.kind ?? 'nothing'}`);
    return answered as Extract<Pending, { kind: K }>;
  }

  say(text: string, more: Omit<Partial<Extract<Out, { t: 'say' }>>, 't' | 'text'> = {}): void {
    this.outs.push({ t: 'say', level: 'info', text, ...more });
  }

  /** Why something failed, in a line or two for whoever has to mend it; never for the peer. */
  why(lines: readonly string[], more: { serial?: number } = {}): void {
    for (const line of lines) this.say(`why: ${clip(line, 1_000)}`, { event: 'explained', ...more });
  }

  /** The same where anybody could have made it fail: computed, and said, seldom. */
  whyStranger(explain: () => readonly string[]): void {
    if (mayExplain(this.env)) this.why(explain());
  }

  /** `text` is put together only where somebody debugs the connection. */
  debug(text: () => string): void {
    if (this.env.debugs(this.sa.policy.name)) this.outs.push({ t: 'say', level: 'debug', text: text() });
  }

  arm(name: TimerName, after: number, serial?: number): void {
    this.outs.push({ t: 'arm', name, after: Math.max(0, after), serial });
  }

  disarm(name: TimerName, serial?: number): void {
    this.outs.push({ t: 'disarm', name, serial });
  }

  enter(state: IkeState): void {
    this.sa.state = state;
  }

  /** Sends a request, and again until it is answered. RFC 7296 §2.1. */
  request(exchange: number, payloads: readonly Payload[], pending: Pending): void {
    const { sa, env } = this;
    const messageId = exchange === EXCHANGE.IKE_SA_INIT ? 0 : sa.nextRequestId;
    const packets = this.#pack(exchange, false, messageId, payloads);
    sa.nextRequestId = messageId + 1;
    const { retransmitInterval, retransmitTimeout } = sa.policy;
    const sentAt = env.now;
    const dueAt = sentAt + retransmitInterval;
    const giveUpAt = sentAt + retransmitTimeout;
    sa.outstanding = { pending, exchange, messageId, packets, sentAt, retransmits: 0, dueAt, giveUpAt };
    if (pending.kind === 'init' && sa.handshake) sa.handshake.request = packets[0];
    this.send(packets);
    this.arm('retransmit', retransmitInterval);
  }

  /** Nobody waits long for a farewell, nor for what comes before it. */
  hurry(outstanding: Outstanding): void {
    const patience = this.env.now + FAREWELL_PATIENCE;
    if (outstanding.giveUpAt <= patience) return;
    outstanding.giveUpAt = patience;
    if (outstanding.dueAt <= patience) return;
    outstanding.dueAt = patience;
    this.arm('retransmit', FAREWELL_PATIENCE);
  }

  /** The request is answered, or void. */
  settle(): void {
    this.sa.outstanding = undefined;
    this.disarm('retransmit');
  }

  /** Answers the request just processed, and keeps the answer for its duplicates. */
  respond(message: Incoming, payloads: readonly Payload[]): void {
    const { exchange, messageId } = message.header;
    const packets = this.#pack(exchange, true, messageId, payloads);
    // The first one lasts as long as the handshake: in a block it would hold the place of what stays.
    this.sa.lastResponse = exchange === EXCHANGE.IKE_SA_INIT ? packets : packets.map(keep);
    if (exchange === EXCHANGE.IKE_SA_INIT && this.sa.handshake) this.sa.handshake.response = packets[0];
    this.sa.expectedRequestId = messageId + 1;
    this.send(packets, message);
  }

  /** Answers with the one notification that `fault` deserves, and says so. */
  refuse(message: Incoming, fault: Fault): void {
    const notify = answerFor(fault, message.header.exchange === EXCHANGE.IKE_SA_INIT ? 'clear' : 'protected');
    const what = notify === undefined ? 'not answering' : `responding with ${NOTIFY_NAMES.get(notify) ?? notify}`;
    this.say(`${describe(message.header, message.payloads)}: ${faultText(fault)}; ${what}`, {
      level: 'warn',
      event: 'rejected',
    });
    if (notify === undefined) return;
    this.respond(message, [notification(notify, fault.kind === 'critical' ? Uint8Array.of(fault.payload) : undefined)]);
  }

  /** Answers go back to where the request came from (RFC 7296 §2.11); all else to where the peer is known to be. */
  send(packets: readonly Uint8Array[], { local, peer }: Pick<Incoming, 'local' | 'peer'> = this.sa): void {
    for (const bytes of packets) this.outs.push({ t: 'send', local, peer, bytes });
  }

  /** Hands work to a helper; everything else that comes for this SA waits until `resume` has run. */
  submit(job: Job, resume: (turn: Turn, result: JobResult) => void, offer?: ChildOffer): void {
    this.sa.job = this.env.jobId();
    this.sa.suspended = { resume, hear: misled, offer, row: this.row, from: this.from };
    this.outs.push({ t: 'submit', id: this.sa.job, job });
  }

  /** Asks the world: as with `submit`, everything else waits until `hear` has run. */
  ask(question: Question, hear: (turn: Turn, reply: Reply) => void, offer?: ChildOffer): void {
    this.sa.job = this.env.jobId();
    this.sa.suspended = { resume: misled, hear, offer, row: this.row, from: this.from };
    this.outs.push({ t: 'ask', id: this.sa.job, question });
  }

  /** Queues something to do when the request window is free; once is enough. */
  plan(task: Task): void {
    if (!this.sa.tasks.some((other) => summary(other) === summary(task))) this.sa.tasks = [...this.sa.tasks, task];
  }

  /** Plans it for later, when the peer may be less busy. */
  later(task: Task): void {
    this.sa.postponed = [...this.sa.postponed, task];
    this.arm('retry', retryAfter(this.env));
  }

  childDown(child: { readonly serial: number; readonly policy: Policy }, why: DownReason, text: string): void {
    this.outs.push({ t: 'childDown', serial: child.serial, policy: child.policy, why, text });
  }

  handOver(to: IkeSa, children: readonly Child[], tasks: readonly Task[]): void {
    const isHeir = this.sa.leases !== NONE && !tasks.some((task) => task.t === 'deleteIke');
    if (isHeir) {
      to.leases = this.sa.leases;
      this.sa.leases = NONE;
    }
    this.outs.push({ t: 'handOver', to: to.serial, children, tasks });
  }

  unplan(unwanted: (task: Task) => boolean): void {
    if (this.sa.tasks.length > 0) this.sa.tasks = this.sa.tasks.filter((task) => !unwanted(task));
    if (this.sa.tasks.length === 0) this.sa.tasks = NONE;
  }

  /** For the statistics. */
  note(direction: 'in' | 'out', payloads: readonly Payload[]): void {
    const { env } = this;
    if (!env.noted) return;
    for (const payload of payloads) {
      if (payload.type === 'N') env.noted(direction, payload.notify);
      else if (payload.type === 'D') env.noted(direction, 'delete');
    }
  }

  #pack(exchange: number, isResponse: boolean, messageId: number, payloads: readonly Payload[]): readonly Uint8Array[] {
    const { sa } = this;
    this.note('out', payloads);
    const header = {
      spiI: sa.spiI,
      spiR: sa.spiR,
      exchange,
      isInitiator: sa.role === 'initiator',
      isResponse,
      messageId,
    };
    if (exchange === EXCHANGE.IKE_SA_INIT) return [encodeMessage(header, payloads)];
    return sealMessage(sa, header, payloads, this.env);
  }
}

const misled = (): never => {
  throw new Error('a job was answered like a question, or a question like a job');
};

/** ms: a few tries, not the full minute. */
const FAREWELL_PATIENCE = 5_000;

const summary = (task: Task) => `${task.t} ${'serial' in task ? task.serial : 'spiIn' in task ? task.spiIn : ''}`;

/** An N payload about the IKE SA itself, or about a Child SA when `of` is given. RFC 7296 §3.10. */
export function notification(
  notify: number,
  data: Uint8Array = new Uint8Array(),
  of: { readonly protocol: number; readonly spi: Uint8Array } = { protocol: 0, spi: new Uint8Array() },
): Payload {
  return { type: 'N', critical: false, protocol: of.protocol, spi: of.spi, notify, data };
}

/** The first error among the notifications, if any: types below 16384. RFC 7296 §3.10.1. */
export function errorIn(
  payloads: readonly Payload[],
): { readonly notify: number; readonly name: string; readonly data: Uint8Array } | undefined {
  for (const p of payloads) {
    if (p.type === 'N' && p.notify < 16384)
      return { notify: p.notify, name: NOTIFY_NAMES.get(p.notify) ?? `notification ${p.notify}`, data: p.data };
  }
  return undefined;
}

export const hasNotify = (payloads: readonly Payload[], notify: number): boolean =>
  payloads.some((p) => p.type === 'N' && p.notify === notify);
