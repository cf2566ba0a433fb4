/**
 * One step of an ISAKMP SA: what a processor may do. It changes the SA it was made for and collects effects; it never
 * waits. A processor that needs a helper calls `submit` as its last act and goes on in the callback.
 */
import type { Endpoint } from '../../net/endpoint.ts';
import type { Job, JobResult } from '../crypto/job.ts';
import { sha1 } from '../crypto/misc.ts';
import type { DownReason, Env, Out, TimerName } from '../effects.ts';
import { type Fault, faultText } from '../fault.ts';
import type { Policy } from '../policy.ts';
import type { Question, Reply } from '../questions.ts';
import { hash1 } from './crypto/hashes.ts';
import { exchangeIv, nextIv, seal } from './crypto/protect.ts';
import { split } from './fragments.ts';
import { type Conversation, type IsakmpSa, type IsakmpState, NONE, type State } from './isakmp-sa.ts';
import type { Transition } from './transitions.ts';
import {
  describe,
  EXCHANGE,
  encodeChain,
  encodeMessage,
  encodeWith,
  firstOf,
  type Header,
  NOTIFY,
  type Payload,
} from './wire/index.ts';

/** A message that is whole, and as authentic as its state can tell. */
export interface Incoming {
  readonly header: Header;
  /** Of an encrypted message, the inner ones; beside each the octets of its body. */
  readonly payloads: readonly Payload[];
  readonly bodies: readonly Uint8Array[];
  /** The datagram, and what in it was encrypted. */
  readonly bytes: Uint8Array;
  readonly sealed: Uint8Array | undefined;
  readonly local: Endpoint;
  readonly peer: Endpoint;
}

/** The smallest MTU of IPv6 passes everywhere; from it go the IP, UDP and non-ESP headers. */
const MAX_DATAGRAM = { 4: 1280 - 20 - 8 - 4, 6: 1280 - 40 - 8 - 4 } as const;

export class Turn {
  readonly sa: IsakmpSa;
  readonly env: Env;
  readonly outs: Out[] = [];
  /** The row being run, the exchange it is of, and the state it began in: a helper may finish it in another turn. */
  row: Transition | undefined = undefined;
  conversation: Conversation | undefined = undefined;
  from: State;

  constructor(sa: IsakmpSa, env: Env) {
    this.sa = sa;
    this.env = env;
    this.from = sa.state;
  }

  /** The exchange whose message is being processed; outside of one is our own bug. */
  get talk(): Conversation {
    if (!this.conversation) throw new Error(`#${this.sa.serial}: no exchange is being processed`);
    return this.conversation;
  }

  say(text: string, more: Omit<Partial<Extract<Out, { t: 'say' }>>, 't' | 'text'> = {}): void {
    const { serial } = more;
    const talk = serial === undefined ? undefined : this.sa.conversations.find((c) => c.serial === serial);
    const policy = talk?.quick?.policy ?? (serial === undefined ? undefined : this.sa.child(serial)?.policy);
    this.outs.push({ t: 'say', level: 'info', text, ...(policy && { policy }), ...more });
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

  enter(state: IsakmpState): void {
    this.sa.state = state;
  }

  /**
   * The message is what the exchange has waited for: from now on it is a duplicate, our last one needs no repeating, and
   * the next IV is its last block. Nothing before this changes the exchange.
   */
  accept({ bytes, sealed }: Pick<Incoming, 'bytes' | 'sealed'>): void {
    const { sa, talk } = this;
    talk.heard = sha1(bytes);
    talk.duplicates = 0;
    if (sealed && sa.suite) this.#advance(talk, nextIv(sa.suite, sealed));
    this.settle(talk);
  }

  /** Nobody waits for an answer any more. */
  settle(talk: Conversation): void {
    if (!talk.resend) return;
    talk.resend = undefined;
    this.disarm('retransmit', talk.serial);
  }

  /** The next message of an exchange; `awaits`: again and again until there is an answer, for `patience` ms. */
  send(
    talk: Conversation,
    payloads: readonly Payload[],
    awaits: boolean,
    patience = this.sa.policy.retransmitTimeout,
  ): void {
    const { sa, env } = this;
    const isEncrypted = talk.iv !== undefined;
    this.note('out', payloads);
    this.debug(() => `sending ${describe({ exchange: talk.exchange, isEncrypted }, payloads)}`);
    talk.sent = this.#pack(talk, payloads);
    this.transmit(talk);
    // Whoever has begun this may not be where it says: it gets what it asks for again, and nothing that it does not.
    if (!awaits || sa.isHalfOpen) return;
    const { retransmitInterval } = sa.policy;
    const { now } = env;
    talk.resend = { sentAt: now, retransmits: 0, dueAt: now + retransmitInterval, giveUpAt: now + patience };
    this.arm('retransmit', retransmitInterval, talk.serial);
  }

  /** What was said last, in the same octets. */
  transmit({ sent }: Conversation): void {
    const { local, peer } = this.sa;
    for (const bytes of sent) this.outs.push({ t: 'send', local, peer, bytes });
  }

  /** An exchange of one message, protected: HASH(1) over what it says. RFC 2409 §5.7. */
  inform(payloads: readonly Payload[]): void {
    const { sa } = this;
    if (!sa.suite || !sa.keys) throw new Error(`#${sa.serial} has no keys in state ${sa.state}`);
    const talk = this.newTalk(EXCHANGE.INFORMATIONAL, this.messageId());
    const channel = { prf: sa.suite.prf, skeyidA: sa.keys.skeyidA, messageId: talk.messageId };
    this.remember(talk, payloads);
    this.send(talk, [{ type: 'HASH', data: hash1(channel, encodeChain(payloads)) }, ...payloads], false);
  }

  /**
   * A notification is heard once: a replay of it would be as authentic, and so would one of our own that somebody turns
   * back. Not so signs of life, whose own numbers tell what is old (RFC 3706 §6.2), nor deletions, which find nothing twice.
   */
  remember({ messageId }: Conversation, payloads: readonly Payload[]): void {
    const { sa } = this;
    const isTold = payloads.some((p) => p.type === 'N' && !DPD.has(p.notify));
    if (isTold && sa.usedIds.length < MOST_REMEMBERED) sa.use(messageId);
  }

  /** A notification that nothing protects: before there are keys there is no other way. RFC 2408 §3.14. */
  shout(payloads: readonly Payload[]): void {
    const { sa } = this;
    const { cookieI, cookieR, local, peer } = sa;
    this.note('out', payloads);
    const header = { cookieI, cookieR, exchange: EXCHANGE.INFORMATIONAL, isEncrypted: false, messageId: 0 };
    this.debug(() => `sending ${describe(header, payloads)}`);
    this.outs.push({ t: 'send', local, peer, bytes: encodeMessage(header, payloads) });
  }

  /** An exchange after phase 1, with its first IV; it is nobody's until it is kept. */
  newTalk(exchange: number, messageId: number, serial?: number): Conversation {
    const { suite, lastBlock } = this.sa;
    if (!suite) throw new Error(`#${this.sa.serial} has no suite in state ${this.sa.state}`);
    const iv = exchangeIv(suite, lastBlock, messageId);
    return newConversation(exchange, messageId, serial, iv);
  }

  keepTalk(talk: Conversation): void {
    if (!this.sa.conversations.includes(talk)) this.sa.conversations = this.sa.conversations.concat(talk);
  }

  dropTalk(talk: Conversation): void {
    const { sa } = this;
    this.settle(talk);
    sa.conversations = sa.conversations.filter((other) => other !== talk);
    if (sa.conversations.length === 0) sa.conversations = NONE;
  }

  /** Four octets that are not zero and not in use. */
  messageId(): number {
    const { sa, env } = this;
    for (;;) {
      const bytes = env.random(4);
      const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      if (id !== 0 && !sa.usedIds.includes(id) && !sa.conversations.some((c) => c.messageId === id)) return id;
    }
  }

  /** Says what is wrong with a message that changes nothing. */
  reject(message: Pick<Incoming, 'header' | 'payloads'>, fault: Fault, answer = ''): void {
    this.say(`${describe(message.header, message.payloads)}: ${faultText(fault)}${answer && `; ${answer}`}`, {
      level: 'warn',
      event: 'rejected',
    });
  }

  /**
   * Hands work to a helper; everything else that comes for this SA waits until `resume` has run, or `forget`, if the SA
   * ends before.
   */
  submit(job: Job, resume: (turn: Turn, result: JobResult) => void, forget?: (turn: Turn) => void): void {
    const { sa, row, from, conversation } = this;
    sa.job = this.env.jobId();
    sa.suspended = { resume, hear: misled, row, from, conversation, isForPerson: false, forget };
    this.outs.push({ t: 'submit', id: sa.job, job });
  }

  /** Asks the world: as with `submit`, everything else waits until `hear` has run. */
  ask(question: Question, hear: (turn: Turn, reply: Reply) => void, forget?: (turn: Turn) => void): void {
    const { sa, row, from, conversation } = this;
    sa.job = this.env.jobId();
    const isForPerson = question.t === 'xauthPrompt';
    sa.suspended = { resume: misled, hear, row, from, conversation, isForPerson, forget };
    this.outs.push({ t: 'ask', id: sa.job, question });
  }

  childDown(child: { readonly serial: number; readonly policy: Policy }, why: DownReason, text: string): void {
    this.outs.push({ t: 'childDown', serial: child.serial, policy: child.policy, why, text });
  }

  /** For the statistics. */
  note(direction: 'in' | 'out', payloads: readonly Payload[]): void {
    const { env } = this;
    if (!env.noted) return;
    for (const payload of payloads) {
      if (payload.type === 'N') env.noted(direction, payload.notify, 1);
      else if (payload.type === 'D') env.noted(direction, 'delete', 1);
    }
  }

  #pack(talk: Conversation, payloads: readonly Payload[]): readonly Uint8Array[] {
    const { sa } = this;
    const { cookieI, cookieR, suite, keys } = sa;
    const { exchange, messageId, iv } = talk;
    const header = { cookieI, cookieR, exchange, messageId, isEncrypted: iv !== undefined };
    let bytes: Uint8Array;
    if (iv && suite && keys) {
      const sealed = seal(suite, keys, iv, encodeChain(payloads));
      this.#advance(talk, nextIv(suite, sealed));
      bytes = encodeWith(header, firstOf(payloads), sealed);
    } else bytes = encodeMessage(header, payloads);
    const mayFragment = sa.fragments && sa.policy.fragmentation;
    return mayFragment ? split(header, bytes, MAX_DATAGRAM[sa.peer.address.family]) : [bytes];
  }

  #advance(talk: Conversation, iv: Uint8Array): void {
    talk.iv = iv;
    if (talk === this.sa.phaseOne) this.sa.lastBlock = iv;
  }
}

/** More notifications than any peer has to say in eight hours. */
const MOST_REMEMBERED = 1_024;

const DPD: ReadonlySet<number> = new Set([NOTIFY.R_U_THERE, NOTIFY.R_U_THERE_ACK]);

export const newConversation = (
  exchange: number,
  messageId: number,
  serial: number | undefined,
  iv: Uint8Array | undefined,
): Conversation => ({
  messageId,
  exchange,
  serial,
  state: 'fresh',
  iv,
  heard: undefined,
  duplicates: 0,
  sent: NONE,
  resend: undefined,
  quick: undefined,
});

const misled = (): never => {
  throw new Error('a job was answered like a question, or a question like a job');
};

/** A notification about the ISAKMP SA, or about a child's SPI. RFC 2408 §3.14. */
export const notification = (
  notify: number,
  data: Uint8Array,
  of: { readonly protocol: number; readonly spi: Uint8Array },
): Payload => ({ type: 'N', doi: 1, notify, data, ...of });
