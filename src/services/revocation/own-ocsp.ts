/**
 * What authorities say of our own certificates, for peers that ask us for it: RFC 4806. Fetched when it is first asked
 * for and again when half of its time is over; the old answer serves until it runs out. Whether it is signed as it must
 * be is looked at by the peer.
 */
import { isIdOf, writeCertId, writeOcspRequest } from '../../ike/auth/x509/cert-id.ts';
import { type Certificate, parseCertificate } from '../../ike/auth/x509/certificate.ts';
import { latin1 } from '../../ike/auth/x509/name.ts';
import { parseOcspResponse } from '../../ike/auth/x509/ocsp-response.ts';
import { MOST_AGE } from '../../ike/auth/x509/ocsp-status.ts';
import { dateText } from '../../ike/auth/x509/usage.ts';
import type { Question, Reply } from '../../ike/questions.ts';
import type { Answerer } from '../answerer.ts';
import type { Lookups } from '../fetch/lookups.ts';
import { Recent } from '../recent.ts';

export interface OwnOcspOptions {
  readonly lookups: Pick<Lookups, 'ocsp'>;
  /** The issuer of a certificate of ours, both in DER. */
  readonly issuerOf: (certificate: Uint8Array) => Uint8Array | undefined;
  /** In place of the responder that the certificate names. */
  readonly ocspUri: string | undefined;
  /** ms, monotonic. */
  readonly now: () => number;
  /** ms since 1970. */
  readonly wall: () => number;
  readonly log: (level: 'warn' | 'debug', text: string) => void;
  /** One more of these: `ownOcsp.fetched`, `ownOcsp.late`, ... */
  readonly count: (what: string) => void;
}

/** Octets: what is larger is more than all other certificates of the message. */
const MOST_OCTETS = 16_384;
/** Certificates of ours. */
const MOST_ANSWERS = 1024;
/** ms. */
const AFTER_FAILURE = 30_000;
const LEAST_KEPT = 60_000;

interface Subject {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly url: string;
  /** CertID in DER. */
  readonly id: Uint8Array;
}

interface Outcome {
  readonly der: Uint8Array | undefined;
  /** ms that it is good for. */
  readonly keep: number;
}

export class OwnOcsp implements Answerer<'ownOcsp'> {
  readonly #options: OwnOcspOptions;
  readonly #recent: Recent<Outcome>;
  /** The last good one of each CertID, and when it runs out: s since 1970. */
  readonly #last = new Map<string, { readonly der: Uint8Array; readonly until: number }>();
  readonly #subjects = new WeakMap<Uint8Array, Subject>();

  constructor(options: OwnOcspOptions) {
    this.#options = options;
    this.#recent = new Recent({ keep: ({ keep }) => keep, most: MOST_ANSWERS, now: options.now });
  }

  /** Within the deadline of one lookup. No response: there is no responder, or it has said nothing that is of use. */
  async answer({ certificate }: Extract<Question, { t: 'ownOcsp' }>): Promise<Reply> {
    const subject = this.#subjectOf(certificate);
    if (!subject) return { t: 'ownOcsp', response: undefined };
    const { der } = await this.#recent.ask(latin1(subject.id), () => this.#fetch(subject));
    return { t: 'ownOcsp', response: der };
  }

  get size(): number {
    return this.#last.size;
  }

  /** How many there were. */
  purge(): number {
    const { size } = this.#last;
    this.#last.clear();
    this.#recent.clear();
    return size;
  }

  #subjectOf(der: Uint8Array): Subject | undefined {
    const known = this.#subjects.get(der);
    if (known) return known;
    const { issuerOf, ocspUri } = this.#options;
    const above = issuerOf(der);
    const [certificate, issuer] = [parseCertificate(der), above && parseCertificate(above)];
    if ('wrong' in certificate || !issuer || 'wrong' in issuer) return undefined;
    const url = ocspUri ?? certificate.extensions.ocspUrls.at(0);
    if (url === undefined) return undefined;
    const subject = { certificate, issuer, url, id: writeCertId(certificate, issuer) };
    this.#subjects.set(der, subject);
    return subject;
  }

  async #fetch(subject: Subject): Promise<Outcome> {
    const { lookups, wall, log, count } = this.#options;
    const { url, id } = subject;
    const key = latin1(id);
    const found = await lookups.ocsp(url, writeOcspRequest(id));
    const at = Math.floor(wall() / 1000);
    const good = found.ok ? validity(found.der, subject, at) : { wrong: found.why };
    count(`ownOcsp.${found.ok ? ('wrong' in good ? 'unusable' : 'fetched') : found.kind}`);
    if (found.ok && !('wrong' in good)) {
      log('debug', `OCSP ${url}: "${subject.certificate.text}", ours, is good until ${dateText(good.until)}`);
      if (!this.#last.has(key) && this.#last.size >= MOST_ANSWERS) this.#last.delete(this.#last.keys().next().value!);
      this.#last.set(key, { der: found.der, until: good.until });
      return { der: found.der, keep: Math.max(LEAST_KEPT, (good.until - at) * 500) };
    }
    const why = 'wrong' in good ? good.wrong : '';
    log('warn', `OCSP ${url}: of "${subject.certificate.text}", ours: ${why}`);
    const last = this.#last.get(key);
    return { der: last && last.until >= at ? last.der : undefined, keep: AFTER_FAILURE };
  }
}

/** When it runs out, s since 1970; or why a peer could not use it. */
function validity(
  der: Uint8Array,
  { certificate, issuer }: Subject,
  at: number,
): { readonly until: number } | { readonly wrong: string } {
  if (der.length > MOST_OCTETS) return { wrong: `the answer has more than ${MOST_OCTETS} octets` };
  const response = parseOcspResponse(der);
  if ('wrong' in response) return { wrong: `it is no answer: ${response.wrong}` };
  const answer = response.answers.find(({ id }) => isIdOf(id, certificate, issuer));
  if (!answer) return { wrong: 'the answer is about another certificate' };
  const { status, revokedAt, thisUpdate, nextUpdate = thisUpdate + MOST_AGE } = answer;
  if (status === 'revoked') return { wrong: `it was revoked ${dateText(revokedAt)}` };
  if (status === 'unknown') return { wrong: 'the responder does not know it' };
  return at > nextUpdate ? { wrong: `the answer is out of date since ${dateText(nextUpdate)}` } : { until: nextUpdate };
}
