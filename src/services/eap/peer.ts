/** The peer's end of one conversation, RFC 3748: it answers, and believes in success when a method has come to its end. */
import type { Method } from '../../ike/auth/eap/methods.ts';
import { type EapPacket, encodeEap, encodeNak, nameOfType, parseEap, TYPES } from '../../ike/auth/eap/packet.ts';
import type { PeerMethod } from '../../ike/auth/eap/roles.ts';

export interface PeerChoice {
  readonly method: Method;
  make(): PeerMethod | { readonly wrong: string };
}

export interface PeerOptions {
  /** What we call ourselves. */
  readonly identity: Uint8Array;
  /** What we are willing to do, best first. */
  readonly choices: readonly PeerChoice[];
}

export type PeerOutcome =
  | { readonly t: 'answer'; readonly packet: Uint8Array }
  | { readonly t: 'succeed'; readonly msk: Uint8Array | undefined; readonly method: Method }
  | { readonly t: 'fail'; readonly why: string };

export class Peer {
  readonly #options: PeerOptions;
  #choice: PeerChoice | undefined = undefined;
  #method: PeerMethod | undefined = undefined;
  /** Where success may come next. */
  #success: { readonly msk: Uint8Array | undefined } | undefined = undefined;
  /** Why there will be none. */
  #doom: string | undefined = undefined;
  #last: { readonly request: Uint8Array; readonly outcome: PeerOutcome } | undefined = undefined;
  #isOver = false;

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  /** The method has come to its end: the authenticator may say success. */
  get mayEnd(): boolean {
    return this.#success !== undefined;
  }

  async next(octets: Uint8Array): Promise<PeerOutcome> {
    if (this.#isOver) return { t: 'fail', why: 'the conversation is over' };
    // The same request again has the same answer: RFC 3748 §4.1.
    if (this.#last && Buffer.compare(this.#last.request, octets) === 0) return this.#last.outcome;
    const packet = parseEap(octets);
    if ('wrong' in packet) return this.#fail(`bad EAP packet: ${packet.wrong}`);
    const outcome = await this.#hear(packet);
    this.#last = { request: Uint8Array.from(octets), outcome };
    return outcome;
  }

  /** Nobody goes on with it: its secrets go. */
  end(): void {
    this.#isOver = true;
    this.#method?.end();
    this.#method = undefined;
    this.#success?.msk?.fill(0);
    this.#success = undefined;
  }

  async #hear(packet: EapPacket): Promise<PeerOutcome> {
    switch (packet.code) {
      case 'success':
        return this.#succeed();
      case 'failure':
        return this.#fail(this.#doom ?? `the server refuses us${this.#choice ? '' : ' before any method'}`);
      case 'response':
        return this.#fail('a response, where a request was expected');
      case 'request':
        return this.#answer(packet);
    }
  }

  async #answer({ id, type, data }: Extract<EapPacket, { code: 'request' | 'response' }>): Promise<PeerOutcome> {
    if (this.#doom !== undefined) return this.#fail(this.#doom);
    const say = (as: number, what: Uint8Array): PeerOutcome => ({
      t: 'answer',
      packet: encodeEap({ code: 'response', id, type: as, data: what }),
    });
    if (type === TYPES.notification) return say(type, new Uint8Array());
    if (type === TYPES.identity && this.#choice === undefined) return say(type, this.#options.identity);
    if (this.#choice === undefined || type !== this.#choice.method.type) {
      // RFC 3748 §2.1: one method, and no other after it.
      if (this.#choice) return this.#fail(`${nameOfType(type)}, where ${this.#choice.method.name} was expected`);
      const choice = this.#options.choices.find(({ method }) => method.type === type);
      if (choice === undefined) {
        const wanted = this.#options.choices.map(({ method }) => method.type);
        return { t: 'answer', packet: encodeNak({ id, type }, wanted) };
      }
      const made = choice.make();
      if ('wrong' in made) return this.#fail(`${choice.method.name}: ${made.wrong}`);
      this.#choice = choice;
      this.#method = made;
    }
    // More to do: what was to be the end was none.
    this.#success?.msk?.fill(0);
    this.#success = undefined;
    const turn = await this.#method!.next(data, id);
    if (turn.t === 'answer') {
      this.#success = turn.success;
      return say(type, turn.data);
    }
    const why = `${this.#choice.method.name}: ${turn.why}`;
    if (turn.data === undefined) return this.#fail(why);
    this.#doom = why;
    return say(type, turn.data);
  }

  #succeed(): PeerOutcome {
    if (this.#doom !== undefined) return this.#fail(this.#doom);
    const choice = this.#choice;
    if (!choice || !this.#success) return this.#fail('success before the end of a method');
    const { msk } = this.#success;
    // The caller's from here on.
    this.#success = undefined;
    this.end();
    return { t: 'succeed', msk, method: choice.method };
  }

  #fail(why: string): PeerOutcome {
    this.end();
    return { t: 'fail', why };
  }
}
