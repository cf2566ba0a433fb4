/** OCSP responses as they are asked for and kept: `ocsp-cache-size=`, `ocsp-cache-min-age=`, `ocsp-cache-max-age=`. */
import type { OcspFound } from '../fetch/documents.ts';
import type { Failure } from '../fetch/http.ts';
import { Recent } from '../recent.ts';
import { Turns } from '../turns.ts';
import type { RevocationOptions } from './revocation.ts';

/** ms. A responder that has failed is asked again for the same certificate after so long. */
const AFTER_FAILURE = 30_000;
/** ms; who asks again although there is an answer could not use that one: it must not take an hour to get a better. */
const AFTER_UNUSABLE = 60_000;
/** With `ocsp-cache-size=0` answers still have to last for a handshake. */
const LEAST_SIZE = 16;
const LEAST_AGE = 60_000;
const AT_ONCE = 64;
const MOST_WAITING = 4096;

export class Ocsp {
  readonly #options: RevocationOptions;
  readonly #recent: Recent<OcspFound | Failure>;
  readonly #turns = new Turns(AT_ONCE, MOST_WAITING);
  /** On the shelf because of us, by CertID, oldest first. */
  readonly #kept = new Map<string, { readonly number: number; readonly at: number }>();

  constructor(options: RevocationOptions) {
    this.#options = options;
    const { ocspCacheMinAgeMs, ocspCacheSize } = options.settings;
    this.#recent = new Recent({
      keep: ({ ok }) => (ok ? Math.min(ocspCacheMinAgeMs, AFTER_UNUSABLE) : AFTER_FAILURE),
      most: Math.max(ocspCacheSize, LEAST_SIZE),
      now: options.now,
    });
  }

  get figures() {
    return this.#recent.figures;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** `about`: CertID, `request`: OCSPRequest, in DER. Why the answer is not on the shelf now; undefined if it is. */
  async fetch(url: string, about: Uint8Array, request: Uint8Array): Promise<string | undefined> {
    const certId = latin1(about);
    const result = await this.#recent.ask(`${url} ${certId}`, () => this.#fetch(url, about, request));
    return result.ok ? undefined : result.why;
  }

  /** Drops what is older than it may be. */
  sweep(): void {
    const { ocspCacheMaxAgeMs, ocspCacheSize } = this.#options.settings;
    const oldest = this.#options.now() - (ocspCacheSize === 0 ? LEAST_AGE : Math.max(ocspCacheMaxAgeMs, LEAST_AGE));
    for (const [certId, { at }] of this.#kept) {
      if (at > oldest) return;
      this.#drop(certId);
    }
  }

  /** How many there were. */
  purge(): number {
    const { size } = this.#kept;
    for (const certId of [...this.#kept.keys()]) this.#drop(certId);
    this.#recent.clear();
    return size;
  }

  async #fetch(url: string, about: Uint8Array, request: Uint8Array): Promise<OcspFound | Failure> {
    const { lookups, shelf, log, count, now } = this.#options;
    const found = (await this.#turns.take(() => lookups.ocsp(url, request))) ?? TOO_MANY;
    count(`ocsp.${found.ok ? 'fetched' : found.kind}`);
    if (!found.ok) {
      log('warn', `OCSP ${url}: ${found.why}`);
      return found;
    }
    const certId = latin1(about);
    const most = Math.max(this.#options.settings.ocspCacheSize, LEAST_SIZE);
    if (!this.#kept.has(certId) && this.#kept.size >= most) this.#drop(this.#kept.keys().next().value!);
    const put = shelf.putOcsp(about, found.der);
    if ('wrong' in put) return { ok: false, kind: 'local', why: put.wrong };
    log('debug', `OCSP ${url}: ${found.der.length} octets`);
    this.#kept.delete(certId);
    this.#kept.set(certId, { number: put.number, at: now() });
    return { ...found, der: NOTHING };
  }

  #drop(certId: string): void {
    const kept = this.#kept.get(certId);
    this.#kept.delete(certId);
    if (kept) this.#options.shelf.drop(kept.number);
  }
}

const latin1 = (octets: Uint8Array): string =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');

const NOTHING = new Uint8Array(0);
const TOO_MANY: Failure = { ok: false, kind: 'local', why: `${MOST_WAITING} requests wait already` };
