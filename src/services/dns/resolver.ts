/**
 * Questions to the resolvers of this machine, each in its turn and then once more. Whether an answer is authentic is the
 * resolver's word, the AD bit: believed of one on this machine, where nobody is in between, and of others only if told.
 */
import type { DnsServer } from '../../net/dns-server.ts';
import type { Clock } from '../fetch/clock.ts';
import type { Found, QueryType } from './message.ts';
import { ask } from './transport.ts';

export interface ResolverOptions {
  readonly servers: readonly DnsServer[];
  /** The AD bit also of resolvers on other machines. */
  readonly trustsAd: boolean;
  /** Of each server, each time: ms. */
  readonly patience?: number;
  readonly clock: Clock;
  /** 16 bits. */
  readonly randomId: () => number;
}

export type Lookup =
  | {
      readonly ok: true;
      /** Empty: there is no such name, or nothing of this type. */
      readonly records: readonly Found[];
      readonly isSecure: boolean;
      /** Why not, for the log. */
      readonly doubt: string | undefined;
      /** s. */
      readonly ttl: number;
    }
  | { readonly ok: false; readonly why: string };

const PATIENCE = 2_000;
const ROUNDS = 2;

export class Resolver {
  readonly #options: ResolverOptions;

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  /** Never rejects; over within `rounds × servers × patience` ms. */
  async lookUp(name: string, type: QueryType): Promise<Lookup> {
    const { servers, clock, randomId, patience = PATIENCE } = this.#options;
    const whys = new Map<string, string>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const server of servers) {
        const outcome = await ask(server, { id: randomId(), name, type }, patience, clock);
        if ('why' in outcome) {
          whys.set(textOf(server), outcome.why);
          continue;
        }
        const { records, authentic, ttl } = outcome.response;
        const doubt = this.#doubt(server, authentic);
        return { ok: true, records, isSecure: doubt === undefined, doubt, ttl };
      }
    }
    return { ok: false, why: [...whys].map(([server, why]) => `${server}: ${why}`).join('; ') };
  }

  #doubt(server: DnsServer, authentic: boolean): string | undefined {
    const who = `resolver ${textOf(server)}`;
    if (!authentic) return `${who} has not validated it (no AD bit)`;
    if (server.address.isLoopback || this.#options.trustsAd) return undefined;
    return `${who} is on another machine, whose word is not taken (dns-trust-ad=no)`;
  }
}

const textOf = ({ address, port }: DnsServer): string => (port === 53 ? `${address}` : `${address}@${port}`);
