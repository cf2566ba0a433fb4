/** One RADIUS server: whether it answers, and what has been said with it. */
import type { Address } from '../../net/address.ts';
import { Endpoint } from '../../net/endpoint.ts';
import { Channel } from './channel.ts';
import type { Ports } from './ports.ts';

export interface ServerSettings {
  readonly address: Address;
  /** UDP. */
  readonly authPort: number;
  readonly acctPort: number;
}

/** What is asked of it: who a user is, or that its session be noted. */
export type Service = 'auth' | 'acct';

/** Packets since the start. */
export interface ServerCounters {
  requests: number;
  retransmissions: number;
  accepts: number;
  rejects: number;
  challenges: number;
  /** Accounting-Responses. */
  acknowledgements: number;
  /** Requests that it did not answer at all. */
  timeouts: number;
  /** Answers with a wrong authenticator, or without Message-Authenticator. */
  forged: number;
  malformed: number;
}

export class Server {
  readonly settings: ServerSettings;
  readonly counters: ServerCounters = {
    requests: 0,
    retransmissions: 0,
    accepts: 0,
    rejects: 0,
    challenges: 0,
    acknowledgements: 0,
    timeouts: 0,
    forged: 0,
    malformed: 0,
  };
  readonly #channels: Readonly<Record<Service, Channel>>;
  readonly #health: Readonly<Record<Service, Health>> = { auth: new Health(), acct: new Health() };

  constructor(settings: ServerSettings, ports: Ports) {
    this.settings = settings;
    this.#channels = {
      auth: new Channel(new Endpoint(settings.address, settings.authPort), ports),
      acct: new Channel(new Endpoint(settings.address, settings.acctPort), ports),
    };
  }

  channel(service: Service): Channel {
    return this.#channels[service];
  }

  /** The two are often different programs, and one may fail alone. */
  health(service: Service): Health {
    return this.#health[service];
  }

  name(service: Service): string {
    const { address, authPort, acctPort } = this.settings;
    return `${new Endpoint(address, service === 'auth' ? authPort : acctPort)}`;
  }

  close(): void {
    this.#channels.auth.close();
    this.#channels.acct.close();
  }
}

/**
 *     up ──no answer──► down until a time ──one request goes there──► probed ──answer──► up
 *                            ▲                                           │
 *                            └────────────────no answer──────────────────┘
 */
export class Health {
  /** ms of the clock; 0: up. */
  #downUntil = 0;
  #isProbed = false;
  /** The last time that it answered, ms of the clock. */
  #heardAt = Number.NEGATIVE_INFINITY;

  get isUp(): boolean {
    return this.#downUntil === 0;
  }

  /** One that was down and may be up again is tried by one request at a time. */
  isWorthAsking(now: number): boolean {
    return this.isUp || (now >= this.#downUntil && !this.#isProbed);
  }

  asked(now: number): void {
    if (!this.isUp && now >= this.#downUntil) this.#isProbed = true;
  }

  /** True if it was down. */
  answered(now: number): boolean {
    const wasDown = !this.isUp;
    this.#downUntil = 0;
    this.#isProbed = false;
    this.#heardAt = now;
    return wasDown;
  }

  /** A request that was first sent at `since` got no answer; true if it counted as up so far. */
  failed(since: number, now: number, deadTime: number): boolean {
    // Another has been answered meanwhile: that one is lost, the server is not.
    if (this.isUp && this.#heardAt >= since) return false;
    const wasUp = this.isUp;
    this.#isProbed = false;
    this.#downUntil = now + deadTime;
    return wasUp;
  }
}
