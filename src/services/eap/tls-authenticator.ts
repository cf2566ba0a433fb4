/**
 * The authenticator's end of the methods that are TLS: RFC 5216 §2.1.1.
 *
 *     start -->                          <-- ClientHello                    (now there is a tunnel)
 *     ServerHello … -->                  <-- certificate, Finished
 *     Finished and what is said first --> <-- nothing, or what is said through the tunnel
 *
 * What is said inside is the phase's: nothing with EAP-TLS, passwords with TTLS and PEAP.
 */
import type { Method } from '../../ike/auth/eap/methods.ts';
import type { AuthenticatorMethod, MethodTurn } from '../../ike/auth/eap/roles.ts';
import { TlsFraming } from '../../ike/auth/eap/tls-framing.ts';
import { mskOf } from './tls-keys.ts';
import type { Flight, Opened, TlsPort, TlsTerms } from './tls-port.ts';

/** What the phase wants next. */
export type Phase2Turn =
  /** To be sent through the tunnel; octets that are wiped then. */
  | { readonly t: 'say'; readonly plain: Uint8Array }
  /** The other end speaks next. */
  | { readonly t: 'listen' }
  /** `plain`: a last word. */
  | { readonly t: 'done'; readonly user?: string; readonly plain?: Uint8Array }
  | { readonly t: 'fail'; readonly why: string };

/** `id`: of the request around what the phase says next. */
export interface Phase2 {
  opened(tunnel: number, opened: Opened, id: number): Promise<Phase2Turn>;
  /** Octets out of the tunnel, wiped afterwards; none: the other end has nothing to say. */
  heard(plain: Uint8Array, id: number): Promise<Phase2Turn>;
  end(): void;
}

export interface TlsAuthenticatorOptions {
  readonly method: Method;
  readonly port: TlsPort;
  readonly terms: TlsTerms;
  readonly phase: Phase2;
}

export class TlsAuthenticator implements AuthenticatorMethod {
  readonly #options: TlsAuthenticatorOptions;
  readonly #framing = new TlsFraming();
  #tunnel: number | undefined = undefined;
  #opened: Opened | undefined = undefined;
  /** Decided, and to be said when the peer has heard the last flight. */
  #verdict: { readonly user: string | undefined } | { readonly why: string } | undefined = undefined;
  #isOver = false;

  constructor(options: TlsAuthenticatorOptions) {
    this.#options = options;
  }

  begin(): Uint8Array {
    return this.#framing.start();
  }

  async next(data: Uint8Array, id: number): Promise<MethodTurn> {
    const framed = this.#framing.take(data);
    if (framed.t === 'wrong') return fail(`bad fragment: ${framed.why}`);
    if (framed.t === 'send') return { t: 'ask', data: framed.data };
    return this.#hear(framed.octets, id);
  }

  end(): void {
    this.#isOver = true;
    this.#options.phase.end();
    if (this.#tunnel !== undefined) this.#options.port.close(this.#tunnel);
    this.#tunnel = undefined;
  }

  async #hear(records: Uint8Array, id: number): Promise<MethodTurn> {
    if (this.#verdict && records.length === 0) return this.#conclude(this.#verdict);
    if (this.#tunnel === undefined) {
      const wrong = await this.#open(records);
      if (wrong !== undefined) return fail(wrong);
    }
    const flight = await this.#options.port.feed(this.#tunnel!, records);
    if (flight.state === 'closed') return this.#closed(flight);
    // Only an alert of the other end's can follow the end.
    if (this.#verdict) return fail('something after the end');
    if (flight.opened) this.#opened = flight.opened;
    if (records.length > 0 && isAlert(flight)) return fail('TLS: the other end gives up');
    const turns = await this.#turnsOf(flight, id);
    if ('t' in turns) return turns;
    return this.#say(flight.out, turns.turn);
  }

  /** What the phase makes of it: of the tunnel's opening first, then of what has come through. */
  async #turnsOf(
    { opened, plain, state, out }: Flight,
    id: number,
  ): Promise<{ turn: Phase2Turn | undefined } | MethodTurn> {
    const { phase } = this.#options;
    let turn: Phase2Turn | undefined;
    if (opened) turn = await phase.opened(this.#tunnel!, opened, id);
    const hasMore = plain.length > 0 || (!opened && state === 'open' && out.length === 0);
    if (hasMore && (turn === undefined || turn.t === 'listen')) turn = await phase.heard(plain, id);
    else if (plain.length > 0) turn = { t: 'fail', why: 'something said out of turn' };
    plain.fill(0);
    return turn?.t === 'fail' ? fail(turn.why) : { turn };
  }

  async #say(flight: Uint8Array, turn: Phase2Turn | undefined): Promise<MethodTurn> {
    const plain = turn && 'plain' in turn ? turn.plain : undefined;
    let records = flight;
    if (plain) {
      const written = await this.#options.port.write(this.#tunnel!, plain);
      plain.fill(0);
      if (written.state !== 'open') return fail(`TLS: ${written.why}`);
      records = Buffer.concat([flight, written.out]);
    }
    if (turn?.t === 'done') {
      this.#verdict = { user: turn.user };
      if (records.length === 0) return this.#conclude(this.#verdict);
    }
    return { t: 'ask', data: this.#framing.cut(records) };
  }

  async #open(hello: Uint8Array): Promise<string | undefined> {
    if (hello.length === 0) return 'no ClientHello';
    const tunnel = await this.#options.port.open(this.#options.terms);
    if (typeof tunnel !== 'number') return tunnel.wrong;
    if (this.#isOver) {
      this.#options.port.close(tunnel);
      return 'nobody waits for it any more';
    }
    this.#tunnel = tunnel;
    return undefined;
  }

  /** An alert of ours is sent before the end. */
  #closed({ out, why }: Flight): MethodTurn {
    const text = `TLS: ${why}`;
    if (out.length === 0 || this.#verdict) return fail(text);
    this.#verdict = { why: text };
    return { t: 'ask', data: this.#framing.cut(out) };
  }

  async #conclude(verdict: { readonly user: string | undefined } | { readonly why: string }): Promise<MethodTurn> {
    if ('why' in verdict) return fail(verdict.why);
    const { port, method } = this.#options;
    if (this.#tunnel === undefined || !this.#opened) return fail('the tunnel is gone');
    const msk = await mskOf(port, this.#tunnel, method.type, this.#opened.isTls13);
    if (msk === undefined) return fail('the tunnel is gone');
    return { t: 'succeed', msk, ...(verdict.user !== undefined && { user: verdict.user }) };
  }
}

/**
 * What has come through an open tunnel was nothing to hear and nothing to answer. strongSwan ends its tunnels by an alert that
 * is no close_notify to OpenSSL.
 */
const isAlert = ({ state, opened, plain, out }: Flight): boolean =>
  state === 'open' && !opened && plain.length === 0 && out.length === 0;

const fail = (why: string): MethodTurn => ({ t: 'fail', why });
