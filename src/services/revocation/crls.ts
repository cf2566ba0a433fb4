/** CRLs as they are fetched: each URL once however many ask, and again before its list runs out. */
import { dateText } from '../../ike/auth/x509/usage.ts';
import type { CrlFound } from '../fetch/documents.ts';
import type { Failure } from '../fetch/http.ts';
import { Recent } from '../recent.ts';
import { Turns } from '../turns.ts';
import type { RevocationOptions } from './revocation.ts';

/** ms. A server that has no news, or nothing to say at all, is left alone for so long. */
const AFTER_SUCCESS = 60_000;
const AFTER_FAILURE = 30_000;
/** URLs whose outcome is remembered, and whose lists are fetched again in time. */
const MOST_URLS = 1024;
const AT_ONCE = 16;
const MOST_WAITING = 1024;

export class Crls {
  readonly #options: RevocationOptions;
  readonly #recent: Recent<CrlFound | Failure>;
  readonly #turns = new Turns(AT_ONCE, MOST_WAITING);
  /** s since 1970 when the list of a URL runs out. */
  readonly #nextUpdates = new Map<string, number>();

  constructor(options: RevocationOptions) {
    this.#options = options;
    this.#recent = new Recent({
      keep: ({ ok }) => (ok ? AFTER_SUCCESS : AFTER_FAILURE),
      most: MOST_URLS,
      now: options.now,
    });
  }

  get figures() {
    return this.#recent.figures;
  }

  /** Why the list is not on the shelf now; undefined if it is. */
  async fetch(url: string): Promise<string | undefined> {
    const result = await this.#recent.ask(url, () => this.#fetch(url));
    return result.ok ? undefined : result.why;
  }

  /** URLs whose lists run out before `at`, in s since 1970. */
  *runningOut(at: number): Generator<string> {
    for (const [url, nextUpdate] of this.#nextUpdates) if (nextUpdate < at) yield url;
  }

  /** Its list has been fetched since the start. */
  knows(url: string): boolean {
    return this.#nextUpdates.has(url);
  }

  /** However lately it was fetched. */
  again(url: string): Promise<string | undefined> {
    this.#recent.forget(url);
    return this.fetch(url);
  }

  async #fetch(url: string): Promise<CrlFound | Failure> {
    const { lookups, shelf, log, count, save } = this.#options;
    const found = (await this.#turns.take(() => lookups.crl(url))) ?? TOO_MANY;
    count(`crl.${found.ok ? 'fetched' : found.kind}`);
    if (!found.ok) {
      log('warn', `CRL ${url}: ${found.why}`);
      return found;
    }
    const octets = found.der.length;
    const put = shelf.putCrl(found.der);
    if ('wrong' in put) {
      log('warn', `CRL ${url}: ${put.wrong}`);
      return { ok: false, kind: 'local', why: put.wrong };
    }
    log('info', `fetched CRL ${url}: ${octets} octets, good until ${dateText(found.nextUpdate)}`);
    if (this.#nextUpdates.size < MOST_URLS || this.#nextUpdates.has(url)) {
      this.#nextUpdates.set(url, found.nextUpdate);
      save?.(url, found.der);
    }
    // What is remembered is that it went well.
    return { ...found, der: NOTHING };
  }
}

const NOTHING = new Uint8Array(0);
const TOO_MANY: Failure = { ok: false, kind: 'local', why: `${MOST_WAITING} fetches wait already` };
