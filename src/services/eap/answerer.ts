/** Answers an IKE SA that is an authenticator: its conversations by number, each with whoever carries it on. */
import { readIdentity } from '../../ike/auth/eap/identity.ts';
import { parseEap, TYPES } from '../../ike/auth/eap/packet.ts';
import type { Reply } from '../../ike/questions.ts';
import { sourceOf } from '../../net/sources.ts';
import type { Answerer } from '../answerer.ts';
import type { EapBackend, EapConversation, EapQuestion, EapReply } from './backend.ts';
import { Sessions } from './sessions.ts';

export interface EapAnswererOptions {
  readonly local: EapBackend;
  /** Absent: no servers are configured. */
  readonly radius?: EapBackend;
  /** Whether ipsec.secrets has a password for this user: with the way `eap`, all others are asked for by RADIUS. */
  readonly isOurs: (user: string) => boolean;
  /** A peer does not go on, or its IKE SA is gone: for the log. */
  readonly onGone: (text: string) => void;
  /** ms, monotonic. */
  readonly now: () => number;
}

export class EapAnswerer implements Answerer<'eap'> {
  readonly #options: EapAnswererOptions;
  readonly #sessions: Sessions<EapConversation>;

  constructor(options: EapAnswererOptions) {
    this.#options = options;
    this.#sessions = new Sessions((conversation) => conversation.close(), options.now);
  }

  async answer(question: EapQuestion): Promise<Reply> {
    const { session, packet } = question;
    if (packet === undefined) {
      const conversation = this.#open(question);
      if ('wrong' in conversation) return failure(conversation.wrong);
      const refused = this.#sessions.begin(session, conversation, sourceOf(question.peer));
      if (refused !== undefined) return failure(refused);
    }
    const conversation = this.#sessions.of(session);
    if (!conversation) return failure('EAP: there is no such conversation');
    const reply = await caught(() => conversation.next(packet));
    if (reply.outcome !== 'continue') this.#sessions.end(session, reply.outcome);
    return reply;
  }

  /** Nobody will ask again in this session. Harmless if there is none. */
  forget(session: number): void {
    const underWay = this.#sessions.of(session)?.underWay;
    if (underWay !== undefined) this.#options.onGone(`${underWay} has not been carried to its end`);
    this.#sessions.end(session);
  }

  /** Names and values for `--globalstatus`. */
  figures(): Iterable<readonly [string, number]> {
    return this.#sessions.figures('eap.server');
  }

  #open(question: EapQuestion): EapConversation | { readonly wrong: string } {
    const { local, radius, isOurs } = this.#options;
    const [way] = question.ways;
    if (way === 'eap-radius') return radius?.open(question) ?? { wrong: 'eap-radius: no RADIUS server is configured' };
    if (way === 'eap' && radius) return new Routed(local.open(question), radius.open(question), isOurs);
    return local.open(question);
  }
}

/** One that goes to whoever knows the user. RADIUS asks for the identity; we take an answer that we have not asked for. */
class Routed implements EapConversation {
  readonly #local: EapConversation;
  readonly #radius: EapConversation;
  readonly #isOurs: (user: string) => boolean;
  #chosen: EapConversation | undefined = undefined;

  constructor(local: EapConversation, radius: EapConversation, isOurs: (user: string) => boolean) {
    this.#local = local;
    this.#radius = radius;
    this.#isOurs = isOurs;
  }

  next(octets: Uint8Array | undefined): Promise<EapReply> {
    if (octets === undefined) return this.#radius.next(undefined);
    this.#chosen ??= this.#choose(octets);
    return this.#chosen.next(octets);
  }

  get underWay(): string | undefined {
    return this.#chosen?.underWay;
  }

  close(): void {
    this.#local.close();
    this.#radius.close();
  }

  #choose(octets: Uint8Array): EapConversation {
    const packet = parseEap(octets);
    const isIdentity = !('wrong' in packet) && 'type' in packet && packet.type === TYPES.identity;
    const user = isIdentity ? readIdentity(packet.data) : undefined;
    return user !== undefined && this.#isOurs(user) ? this.#local : this.#radius;
  }
}

async function caught(next: () => Promise<EapReply>): Promise<EapReply> {
  try {
    return await next();
  } catch (error) {
    return failure(`EAP: internal error: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The identifier of a Failure is of no use to anybody any more. */
const failure = (why: string): EapReply => ({
  t: 'eap',
  packet: Uint8Array.of(4, 0, 0, 4),
  outcome: 'failure',
  why,
});
