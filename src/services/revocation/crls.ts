/** CRLs as they are fetched: each of a URL once however many ask, and again before its list runs out. */
import { createHash } from 'node:crypto';
import { dateText } from '../../ike/auth/x509/usage.ts';
import type { CrlFound } from '../fetch/documents.ts';
import type { Failure } from '../fetch/http.ts';
import { Recent } from '../recent.ts';
import { Turns } from '../turns.ts';
import type { RevocationOptions } from './revocation.ts';

/** Where a list is, and whose it must be. */
export interface CrlPlace {
  readonly url: string;
  /** The certificate whose key must have signed it, in DER. */
  readonly issuer: Uint8Array;
}

/** ms. A server that has no news, or nothing to say at all, is left alone for so long. */
const AFTER_SUCCESS = 60_000;
const AFTER_FAILURE = 30_000;
/** Places whose outcome is remembered, and whose lists are fetched again in time. */
const MOST_PLACES = 1024;
const AT_ONCE = 16;
const MOST_WAITING = 1024;

export class Crls {
  readonly #options: RevocationOptions;
  readonly #recent: Recent<CrlFound | Failure>;
  readonly #turns = new Turns(AT_ONCE, MOST_WAITING);
  /** Lists that have been fetched, and when they run out: s since 1970. */
  readonly #fetched = new Map<string, CrlPlace & { readonly nextUpdate: number }>();

  constructor(options: RevocationOptions) {
    this.#options = options;
    this.#recent = new Recent({
      keep: ({ ok }) => (ok ? AFTER_SUCCESS : AFTER_FAILURE),
      most: MOST_PLACES,
      now: options.now,
    });
  }

  get figures() {
    return this.#recent.figures;
  }

  /** Why the list is not on the shelf now; undefined if it is. */
  async fetch(place: CrlPlace): Promise<string | undefined> {
    const result = await this.#recent.ask(keyOf(place), () => this.#fetch(place));
    return result.ok ? undefined : result.why;
  }

  /** Those whose lists run out before `at`, in s since 1970. */
  runningOut(at: number): readonly CrlPlace[] {
    return [...this.#fetched.values()].filter(({ nextUpdate }) => nextUpdate < at);
  }

  /** Its list has been fetched since the start. */
  knows(place: CrlPlace): boolean {
    return this.#fetched.has(keyOf(place));
  }

  /** Those of `places`, however lately that was done. Why each of those that failed did. */
  async again(places: Iterable<CrlPlace>): Promise<Refreshed> {
    const all = [...new Map([...places].map((place) => [keyOf(place), place])).values()];
    const outcomes = await Promise.all(
      all.map((place) => {
        this.#recent.forget(keyOf(place));
        return this.fetch(place);
      }),
    );
    const problems = outcomes.flatMap((why, i) => (why === undefined ? [] : [`CRL ${all[i].url}: ${why}`]));
    return { fetched: all.length - problems.length, problems };
  }

  async #fetch(place: CrlPlace): Promise<CrlFound | Failure> {
    const { lookups, shelf, log, count, save } = this.#options;
    const { url, issuer } = place;
    const found = (await this.#turns.take(() => lookups.crl(url, issuer))) ?? TOO_MANY;
    count(`crl.${found.ok ? 'fetched' : found.kind}`);
    if (!found.ok) {
      log('warn', `CRL ${url}: ${found.why}`);
      return found;
    }
    const { der, nextUpdate } = found;
    const put = shelf.putCrl(der);
    if ('wrong' in put) {
      log('warn', `CRL ${url}: ${put.wrong}`);
      return { ok: false, kind: 'local', why: put.wrong };
    }
    // Whoever is in between may answer with a list of before a revocation: it must not be what the next start reads.
    if (put.isOlder) {
      count('crl.older');
      log('warn', `CRL ${url}: it is of ${dateText(found.thisUpdate)}, older than the one that is here; left aside`);
      return { ...found, der: NOTHING };
    }
    log('info', `fetched CRL ${url}: ${der.length} octets, good until ${dateText(nextUpdate)}`);
    const key = keyOf(place);
    if (this.#fetched.size < MOST_PLACES || this.#fetched.has(key)) {
      this.#fetched.set(key, { url, issuer, nextUpdate });
      save?.(url, der);
    }
    // What is remembered is that it went well.
    return { ...found, der: NOTHING };
  }
}

export interface Refreshed {
  readonly fetched: number;
  readonly problems: readonly string[];
}

const keyOf = ({ url, issuer }: CrlPlace): string => `${url} ${createHash('sha256').update(issuer).digest('base64')}`;

const NOTHING = new Uint8Array(0);
const TOO_MANY: Failure = { ok: false, kind: 'local', why: `${MOST_WAITING} fetches wait already` };
