/**
 * Whether certificates have been revoked, as far as one has to ask: what a chain wants is fetched and put on the trust
 * shelf, where the helper that checks the chain finds it the next time. Nothing is believed here: signatures, dates and
 * whom a list is about are looked at there.
 */
import type { TrustShelf } from '../../ike/auth/x509/trust-shelf.ts';
import type { Question, Reply, Want } from '../../ike/questions.ts';
import type { Answerer } from '../answerer.ts';
import type { Lookups } from '../fetch/lookups.ts';
import { type CrlPlace, Crls, type Refreshed } from './crls.ts';
import { Ocsp } from './ocsp.ts';

export interface RevocationOptions {
  readonly lookups: Pick<Lookups, 'crl' | 'ocsp'>;
  readonly shelf: Pick<TrustShelf, 'putCrl' | 'putOcsp' | 'drop'>;
  readonly settings: {
    readonly ocspCacheSize: number;
    readonly ocspCacheMinAgeMs: number;
    readonly ocspCacheMaxAgeMs: number;
  };
  /** ms, monotonic. */
  readonly now: () => number;
  readonly log: (level: 'info' | 'warn' | 'debug', text: string) => void;
  /** One more of these: `crl.fetched`, `ocsp.late`, ... */
  readonly count: (what: string) => void;
  /** Keeps a list for the next start. Does not wait and never throws. */
  readonly save?: (url: string, der: Uint8Array) => void;
}

/** Of one chain; a chain has no more certificates than that. */
const MOST_WANTS = 16;
/** Of one list or certificate. */
const MOST_URLS = 4;

export class Revocation implements Answerer<'revocation'> {
  readonly #crls: Crls;
  readonly #ocsp: Ocsp;

  constructor(options: RevocationOptions) {
    this.#crls = new Crls(options);
    this.#ocsp = new Ocsp(options);
  }

  async answer({ wants }: Extract<Question, { t: 'revocation' }>): Promise<Reply> {
    const problems = await Promise.all(wants.slice(0, MOST_WANTS).map((want) => this.#lookUp(want)));
    if (wants.length > MOST_WANTS) problems.push([`more than ${MOST_WANTS} lookups for one chain`]);
    return { t: 'revocation', problems: problems.flat() };
  }

  /** Fetches the lists of `places`, and all that have been before, anew. */
  refresh(places: Iterable<CrlPlace>): Promise<Refreshed> {
    return this.#crls.again([...places, ...this.#crls.runningOut(Number.POSITIVE_INFINITY)]);
  }

  /** Fetches those lists of `places` that have not been yet, and those that run out before `before` (s since 1970). */
  keepUp(places: Iterable<CrlPlace>, before: number): Promise<Refreshed> {
    const fresh = [...places].filter((place) => !this.#crls.knows(place));
    return this.#crls.again([...fresh, ...this.#crls.runningOut(before)]);
  }

  /** Drops what is too old; from time to time. */
  sweep(): void {
    this.#ocsp.sweep();
  }

  /** Forgets all OCSP answers; how many there were. */
  purgeOcsp(): number {
    return this.#ocsp.purge();
  }

  /** Names and values. */
  *figures(): Generator<readonly [string, number]> {
    yield ['crl.asked', this.#crls.figures.asked];
    yield ['crl.spared', this.#crls.figures.spared];
    yield ['ocsp.asked', this.#ocsp.figures.asked];
    yield ['ocsp.spared', this.#ocsp.figures.spared];
    yield ['ocsp.kept', this.#ocsp.size];
  }

  /** The first URL that has it; otherwise what is wrong with each. */
  async #lookUp(want: Want): Promise<readonly string[]> {
    const problems: string[] = [];
    const kind = want.kind === 'crl' ? 'CRL' : 'OCSP';
    const { request } = want;
    if (request === undefined) return [`${kind}: nobody says what to ask for`];
    for (const url of want.urls.slice(0, MOST_URLS)) {
      const why = await (want.kind === 'crl'
        ? this.#crls.fetch({ url, issuer: request })
        : this.#ocsp.fetch(url, want.about, request));
      if (why === undefined) return [];
      problems.push(`${kind} ${url}: ${why}`);
    }
    return problems.length > 0 ? problems : [`${kind}: nobody says where to look`];
  }
}
