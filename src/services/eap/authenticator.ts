/**
 * The authenticator's end of one conversation, RFC 3748 §4 and §2.1:
 *
 *     Identity request -->        <-- who it is
 *     method's request -->        <-- its response, or Nak: another one of ours that it names
 *     …                           as often as the method takes
 *     Success or Failure -->
 *
 * The layer below delivers in order and repeats for itself, so nothing is sent twice here but the answer to a response
 * that comes twice.
 */
import { readIdentity, shown } from '../../ike/auth/eap/identity.ts';
import type { Method } from '../../ike/auth/eap/methods.ts';
import { type EapPacket, encodeEap, nameOfType, parseEap, readNak, TYPES } from '../../ike/auth/eap/packet.ts';
import type { AuthenticatorMethod, MethodTurn } from '../../ike/auth/eap/roles.ts';

/** A method that a user may be asked for. */
export interface Choice {
  readonly method: Method;
  /** Or why it cannot be had now. */
  make(user: string): AuthenticatorMethod | { readonly wrong: string };
}

export interface AuthenticatorOptions {
  /** For this user, best first. */
  readonly choices: (user: string) => readonly Choice[];
  /** 0 to 255. */
  readonly firstId: number;
}

export type AuthenticatorTurn =
  | { readonly t: 'ask'; readonly packet: Uint8Array }
  | {
      readonly t: 'succeed';
      readonly packet: Uint8Array;
      readonly msk: Uint8Array | undefined;
      readonly method: Method;
      readonly user: string;
    }
  /** `why` says of whom and of which method. */
  | { readonly t: 'fail'; readonly packet: Uint8Array; readonly why: string };

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  #at: 'identity' | 'method' | 'over' = 'identity';
  /** Of the request that the peer is to answer. */
  #id: number;
  /** Of the response that has come last. */
  #answered = 0;
  #nextId: number | undefined = undefined;
  #hasBegun = false;
  #user = '';
  /** Those that may still be asked for, the one that is first. */
  #choices: readonly Choice[] = [];
  #method: AuthenticatorMethod | undefined = undefined;
  /** It has had an answer: then there is no Nak any more. RFC 3748 §5.3.1. */
  #isMethodSettled = false;
  #last: { readonly response: Uint8Array; readonly turn: AuthenticatorTurn } | undefined = undefined;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#id = options.firstId & 255;
  }

  /** Of the request that the peer is to answer. */
  get id(): number {
    return this.#id;
  }

  /** The method, and of whom, while it is asked for. */
  get underWay(): string | undefined {
    return this.#at === 'method' ? `${this.#choices[0].method.name} of ${shown(this.#user)}` : undefined;
  }

  /** The first packet; `id` is its, if a packet around it says so. */
  begin(id = this.#id): Uint8Array {
    this.#id = id;
    this.#hasBegun = true;
    return encodeEap({ code: 'request', id: this.#id, type: TYPES.identity, data: new Uint8Array() });
  }

  /**
   * The peer's packet. Inside a tunnel the peer may begin, with its Identity: RFC 5281 §11.2.1. `id`: of the request that may
   * come next, if a packet around it says so.
   */
  async next(octets: Uint8Array, id?: number): Promise<AuthenticatorTurn> {
    if (this.#last && this.#at !== 'over' && Buffer.compare(this.#last.response, octets) === 0) return this.#last.turn;
    const packet = parseEap(octets);
    if ('wrong' in packet) return this.#fail(`bad EAP packet: ${packet.wrong}`);
    this.#nextId = id;
    const turn = await this.#hear(packet);
    this.#last = { response: Uint8Array.from(octets), turn };
    return turn;
  }

  /** Nobody goes on with it: its secrets go. */
  end(): void {
    this.#at = 'over';
    this.#method?.end();
    this.#method = undefined;
  }

  async #hear(packet: EapPacket): Promise<AuthenticatorTurn> {
    if (this.#at === 'over') return this.#fail('the conversation is over');
    if (packet.code !== 'response') return this.#fail(`an EAP ${packet.code}, where a response was expected`);
    if (!this.#hasBegun && this.#at === 'identity') this.#id = packet.id;
    if (packet.id !== this.#id) return this.#fail(`a response to request ${packet.id}, where ${this.#id} was sent`);
    if (this.#at === 'identity') return this.#identify(packet);
    const wanted = readNak(packet);
    if (wanted) return this.#isMethodSettled ? this.#fail('a Nak in the middle of a method') : this.#exchange(wanted);
    const { type } = this.#choices[0].method;
    if (packet.type !== type) return this.#fail(`${nameOfType(packet.type)}, where ${nameOfType(type)} was expected`);
    this.#isMethodSettled = true;
    this.#advance();
    return this.#follow(await this.#method!.next(packet.data, this.#id));
  }

  #identify({ type, data }: Extract<EapPacket, { code: 'request' | 'response' }>): Promise<AuthenticatorTurn> {
    if (type !== TYPES.identity) return this.#failing(`${nameOfType(type)}, where an identity was expected`);
    const user = readIdentity(data);
    if (user === undefined) return this.#failing(`an identity of ${data.length} octets`);
    this.#user = user;
    this.#at = 'method';
    this.#choices = this.#options.choices(user);
    return this.#choices.length > 0 ? this.#start() : this.#failing('there is no method for this user');
  }

  /** The peer would rather have one of `wanted`: the first of ours that it names, each of ours once. */
  #exchange(wanted: readonly number[]): Promise<AuthenticatorTurn> {
    const [refused, ...rest] = this.#choices;
    this.#choices = rest.filter(({ method }) => wanted.includes(method.type));
    if (this.#choices.length > 0) return this.#start();
    const theirs = wanted.length > 0 ? wanted.slice(0, 8).map(nameOfType).join(', ') : 'nothing';
    const ours = [refused, ...rest].map(({ method }) => method.name).join(', ');
    return this.#failing(`the peer wants ${theirs}, and we offer ${ours}`);
  }

  #advance(): void {
    this.#answered = this.#id;
    this.#id = this.#nextId ?? (this.#id + 1) & 255;
  }

  async #start(): Promise<AuthenticatorTurn> {
    this.#method?.end();
    this.#method = undefined;
    const [{ method, make }] = this.#choices;
    const made = make(this.#user);
    if ('wrong' in made) return this.#fail(made.wrong, method);
    this.#method = made;
    this.#advance();
    const data = await made.begin(this.#id);
    return { t: 'ask', packet: encodeEap({ code: 'request', id: this.#id, type: method.type, data }) };
  }

  #follow(turn: MethodTurn): AuthenticatorTurn {
    const { method } = this.#choices[0];
    switch (turn.t) {
      case 'ask':
        return {
          t: 'ask',
          packet: encodeEap({ code: 'request', id: this.#id, type: method.type, data: turn.data }),
        };
      case 'succeed': {
        const packet = encodeEap({ code: 'success', id: this.#answered });
        this.end();
        return { t: 'succeed', packet, msk: turn.msk, method, user: turn.user ?? this.#user };
      }
      case 'fail':
        return this.#fail(turn.why, method);
    }
  }

  #fail(why: string, method?: Method): AuthenticatorTurn {
    const wasOver = this.#at === 'over';
    const packet = encodeEap({ code: 'failure', id: this.#id });
    this.end();
    const who = this.#user === '' || wasOver ? '' : ` of ${shown(this.#user)}`;
    return { t: 'fail', packet, why: `${method?.name ?? 'EAP'}${who}: ${why}` };
  }

  async #failing(why: string): Promise<AuthenticatorTurn> {
    return this.#fail(why);
  }
}
