/** The peer's end of the methods that are TLS; see tls-authenticator.ts. */
import type { Method } from '../../ike/auth/eap/methods.ts';
import type { PeerMethod, PeerTurn } from '../../ike/auth/eap/roles.ts';
import { TlsFraming } from '../../ike/auth/eap/tls-framing.ts';
import { mskOf } from './tls-keys.ts';
import type { Flight, Opened, TlsPort, TlsTerms } from './tls-port.ts';

/** What is said inside. `plain` is wiped when it has been sent. */
export interface PeerPhase {
  /** The tunnel is open, and its server is who it must be. `mayEnd`: the server may say success next. */
  opened(opened: Opened): Promise<PeerPhaseTurn>;
  /** `id`: of the request around it. */
  heard(plain: Uint8Array, id: number): Promise<PeerPhaseTurn>;
  end(): void;
}

export type PeerPhaseTurn =
  | { readonly t: 'say'; readonly plain: Uint8Array; readonly mayEnd: boolean }
  | { readonly t: 'fail'; readonly why: string };

export interface TlsPeerOptions {
  readonly method: Method;
  readonly port: TlsPort;
  readonly terms: TlsTerms;
  /** What is wrong with the server's certificate. */
  readonly judge: (tunnel: number) => Promise<string | undefined>;
  readonly phase: PeerPhase;
}

export class TlsPeer implements PeerMethod {
  readonly #options: TlsPeerOptions;
  readonly #framing = new TlsFraming();
  #tunnel: number | undefined = undefined;
  #opened: Opened | undefined = undefined;
  /** When the last part of what is being sent has been: success may follow. */
  #mayEnd = false;
  #isOver = false;

  constructor(options: TlsPeerOptions) {
    this.#options = options;
  }

  async next(data: Uint8Array, id: number): Promise<PeerTurn> {
    if (this.#tunnel === undefined) return this.#begin(data, id);
    const framed = this.#framing.take(data);
    if (framed.t === 'wrong') return fail(`bad fragment: ${framed.why}`);
    if (framed.t === 'send') return this.#answer(framed.data);
    return this.#hear(await this.#options.port.feed(this.#tunnel, framed.octets), id);
  }

  end(): void {
    this.#isOver = true;
    this.#options.phase.end();
    if (this.#tunnel !== undefined) this.#options.port.close(this.#tunnel);
    this.#tunnel = undefined;
  }

  async #begin(data: Uint8Array, id: number): Promise<PeerTurn> {
    if (!this.#framing.isStart(data)) return fail('the server does not begin with a start');
    const { port, terms } = this.#options;
    const tunnel = await port.open(terms);
    if (typeof tunnel !== 'number') return fail(tunnel.wrong);
    if (this.#isOver) {
      port.close(tunnel);
      return fail('nobody waits for it any more');
    }
    this.#tunnel = tunnel;
    return this.#hear(await port.feed(tunnel, new Uint8Array()), id);
  }

  async #hear({ opened, plain, out, state, why }: Flight, id: number): Promise<PeerTurn> {
    if (state === 'closed') {
      const text = `TLS: ${why}`;
      return out.length > 0 ? { t: 'fail', why: text, data: this.#framing.cut(out) } : fail(text);
    }
    if (state === 'handshake') return this.#answer(this.#framing.cut(out));
    if (opened) {
      this.#opened = opened;
      const wrong = await this.#options.judge(this.#tunnel!);
      if (wrong !== undefined) return fail(`the server: ${wrong}`);
    }
    const { phase, port } = this.#options;
    const turn = opened && plain.length === 0 ? await phase.opened(opened) : await phase.heard(plain, id);
    plain.fill(0);
    if (turn.t === 'fail') return turn;
    this.#mayEnd = turn.mayEnd;
    if (turn.plain.length === 0) return this.#answer(this.#framing.cut(out));
    const written = await port.write(this.#tunnel!, turn.plain);
    turn.plain.fill(0);
    if (written.state !== 'open') return fail(`TLS: ${written.why}`);
    return this.#answer(this.#framing.cut(Buffer.concat([out, written.out])));
  }

  async #answer(data: Uint8Array): Promise<PeerTurn> {
    if (!this.#mayEnd || !this.#opened || this.#tunnel === undefined) return { t: 'answer', data };
    const { port, method } = this.#options;
    const msk = await mskOf(port, this.#tunnel, method.type, this.#opened.isTls13);
    return msk ? { t: 'answer', data, success: { msk } } : fail('the tunnel is gone');
  }
}

const fail = (why: string): PeerTurn => ({ t: 'fail', why });
