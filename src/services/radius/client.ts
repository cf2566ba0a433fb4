/**
 * Requests to RADIUS servers, each until one of them has answered:
 *
 *     ask ─► first server that is up ─► sent, sent again (same octets) ─► answer, if it is authentic
 *                  ▲                              │
 *                  └── the next one ◄── no answer: this one is down for a while
 *
 * An answer that is not authentic is as good as none: the one that counts may still come. RFC 2865 §2.5, RFC 5080 §2.2.1.
 */

import type { Attribute } from './attributes.ts';
import { Exchange, type ExchangePorts } from './exchange.ts';
import { mskOf } from './mppe.ts';
import type { Packet } from './packet.ts';
import type { Ports } from './ports.ts';
import { Server, type ServerSettings, type Service } from './server.ts';

export interface ClientSettings {
  /** In order of preference. */
  readonly servers: readonly ServerSettings[];
  /** Between two transmissions, ms. */
  readonly timeout: number;
  /** Further transmissions to a server before the next one is asked. */
  readonly retries: number;
  /** For how long a server that does not answer is left alone, ms. */
  readonly deadTime: number;
}

export interface Asking {
  readonly service: Service;
  /** Without Message-Authenticator. Asked for anew for every server. */
  readonly attributes: () => readonly Attribute[];
  /** Only this one: the one that has begun a conversation. */
  readonly server?: Server | undefined;
  /** ms from now, for all servers together. */
  readonly within: number;
}

export type Answer =
  | { readonly t: 'answer'; readonly packet: Packet; readonly server: Server; readonly request: Uint8Array }
  /** Nobody has answered. */
  | { readonly t: 'none'; readonly why: string };

/** ms between two lines about the same trouble with the same server. */
const SELDOM = 60_000;

export class RadiusClient {
  readonly servers: readonly Server[];
  readonly #settings: ClientSettings;
  readonly #ports: Ports;
  readonly #exchanges = new Set<Exchange>();
  readonly #complained = new Map<string, number>();
  readonly #forExchanges: ExchangePorts;

  constructor(settings: ClientSettings, ports: Ports) {
    this.#settings = settings;
    this.#ports = ports;
    this.servers = settings.servers.map((server) => new Server(server, ports));
    this.#forExchanges = {
      ...ports,
      ...settings,
      next: (asking, tried) => this.#next(asking, tried),
      silent: (server, service, since) => this.#silent(server, service, since),
      answered: (server, service) => this.#answered(server, service),
      complain: (server, service, text) => this.#complain(server.name(service), text),
    };
  }

  /** `heard` is called once, at once if there is nobody to ask; not any more after `cancel`. */
  ask(asking: Asking, heard: (answer: Answer) => void): { cancel(): void } {
    const exchange = new Exchange(asking, this.#forExchanges, (one, answer) => {
      this.#exchanges.delete(one);
      heard(answer);
    });
    this.#exchanges.add(exchange);
    exchange.begin(this.#ports.clock.now());
    return {
      cancel: () => {
        this.#exchanges.delete(exchange);
        exchange.cancel();
      },
    };
  }

  /** The MSK in an answer, within the step that has brought it. See `mskOf`. */
  msk({ packet, server, request }: Extract<Answer, { t: 'answer' }>): ReturnType<typeof mskOf> {
    const secret = this.#ports.secret(server.settings.address);
    return secret ? mskOf(packet, request, secret) : { wrong: 'its secret is gone' };
  }

  /** Nobody is told anything any more. */
  close(): void {
    for (const exchange of this.#exchanges) exchange.cancel();
    this.#exchanges.clear();
    for (const server of this.servers) server.close();
  }

  #next({ service, server }: Asking, tried: readonly Server[]): Server | undefined {
    const now = this.#ports.clock.now();
    const left = (server ? [server] : this.servers).filter((one) => !tried.includes(one));
    // When all are down, one of them may have come back just now.
    const chosen = left.find((one) => one.health(service).isWorthAsking(now)) ?? left[0];
    chosen?.health(service).asked(now);
    return chosen;
  }

  #silent(server: Server, service: Service, since: number): void {
    const { clock, log } = this.#ports;
    const { deadTime } = this.#settings;
    server.counters.timeouts++;
    if (!server.health(service).failed(since, clock.now(), deadTime)) return;
    const { lastError } = server.channel(service);
    const because = lastError === undefined ? '' : ` (${lastError})`;
    log('warn', `RADIUS server ${server.name(service)} does not answer${because}; left alone for ${deadTime / 1000} s`);
  }

  #answered(server: Server, service: Service): void {
    const { clock, log } = this.#ports;
    if (server.health(service).answered(clock.now()))
      log('info', `RADIUS server ${server.name(service)} answers again`);
  }

  #complain(name: string, text: string): void {
    const { clock, log } = this.#ports;
    const key = `${name} ${text}`;
    const now = clock.now();
    const last = this.#complained.get(key);
    if (last !== undefined && now - last < SELDOM) return;
    this.#complained.set(key, now);
    log('warn', `RADIUS server ${name}: ${text}`);
  }
}
