/** What is fetched, as it must be before anybody sees it: a CRL that parses, an OCSP response that says something. */
import { parseCertificate } from '../../ike/auth/x509/certificate.ts';
import { type Crl, parseCrl } from '../../ike/auth/x509/crl.ts';
import { DER, DerCursor } from '../../ike/auth/x509/der-cursor.ts';
import { unsigned } from '../../ike/auth/x509/signatures.ts';
import { type Failure, fetchHttp, type HttpPorts, type HttpQuery, type HttpResult } from './http.ts';

export interface CrlFound {
  readonly ok: true;
  readonly der: Uint8Array;
  /** s since 1970. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

export interface OcspFound {
  readonly ok: true;
  readonly der: Uint8Array;
}

export const MOST_CRL_OCTETS = 16 << 20;
export const MOST_OCSP_OCTETS = 64 << 10;
/** s; clocks differ, but a list of tomorrow would keep every good one from taking its place. */
const MOST_AHEAD = 3600;
/** Characters of a request in a URL, above which it is a POST. RFC 6960 §A.1. */
const LONGEST_GET = 255;

/**
 * A list that `issuer`, a certificate in DER, has signed: another would keep the good one from its place, and a server
 * without TLS can be anybody. `at`: s since 1970. Never rejects.
 */
export async function fetchCrl({ url, issuer, within, at }: CrlQuery, ports: HttpPorts): Promise<CrlFound | Failure> {
  const query = { url, within, headers: {}, mostOctets: MOST_CRL_OCTETS };
  const result = await fetchHttp(query, ports);
  if (!result.ok) return result;
  const der = unarmoured(result.body);
  if (!der) return malformed('it is neither a CRL in DER nor one in PEM');
  const crl = parseCrl(der);
  if ('wrong' in crl) return malformed(`it is no CRL: ${crl.wrong}`);
  const { thisUpdate, nextUpdate } = crl;
  if (thisUpdate > at + MOST_AHEAD) return malformed('it is dated in the future');
  const wrong = notOf(issuer, crl);
  if (wrong !== undefined) return malformed(wrong);
  return { ok: true, der, thisUpdate, nextUpdate };
}

export interface CrlQuery {
  readonly url: string;
  readonly issuer: Uint8Array;
  /** ms. */
  readonly within: number;
  readonly at: number;
}

function notOf(issuer: Uint8Array, crl: Crl): string | undefined {
  const certificate = parseCertificate(issuer);
  if ('wrong' in certificate) return `its issuer's certificate is none: ${certificate.wrong}`;
  if (certificate.subjectKey !== crl.issuerKey) return `it is not of "${certificate.text}", whose list is wanted`;
  const wrong = unsigned(crl, crl.fingerprint, certificate);
  return wrong && `"${certificate.text}" has not signed it: ${wrong}`;
}

/** By GET where that is wanted and short enough; where the server does not take that, by POST. Never rejects. */
export async function fetchOcsp(
  { url, request, method, within }: OcspQuery,
  ports: HttpPorts,
): Promise<OcspFound | Failure> {
  const until = ports.clock.now() + within;
  const common = { within, mostOctets: MOST_OCSP_OCTETS };
  const inUrl = encodeURIComponent(Buffer.from(request).toString('base64'));
  if (method === 'get' && inUrl.length < LONGEST_GET) {
    const got = ocspIn(await fetchHttp({ ...common, url: `${url.replace(/\/$/, '')}/${inUrl}`, headers: {} }, ports));
    if (got.ok || (got.kind !== 'answer' && got.kind !== 'malformed')) return got;
  }
  const post: HttpQuery = {
    ...common,
    within: Math.max(1, until - ports.clock.now()),
    url,
    body: request,
    headers: { 'Content-Type': 'application/ocsp-request' },
  };
  return ocspIn(await fetchHttp(post, ports));
}

export interface OcspQuery {
  readonly url: string;
  /** DER. */
  readonly request: Uint8Array;
  readonly method: 'get' | 'post';
  /** ms. */
  readonly within: number;
}

/** RFC 6960 §4.2.1. What it says and who has signed it is looked at where it is believed. */
function ocspIn(result: HttpResult): OcspFound | Failure {
  if (!result.ok) return result;
  const r = new DerCursor(result.body);
  const outer = r.open(DER.SEQUENCE, 'OCSPResponse');
  const [status] = r.contents(DER.ENUMERATED, 'responseStatus');
  if (status === 0) r.any('responseBytes');
  r.close(outer, 'OCSPResponse');
  if (r.wrong !== undefined || !r.isDone)
    return malformed(`it is no OCSP response: ${r.wrong ?? 'something follows it'}`);
  if (status !== 0) return { ok: false, kind: 'answer', why: `the responder says ${STATUS[status] ?? status}` };
  return { ok: true, der: result.body };
}

const STATUS: Readonly<Record<number, string>> = {
  1: 'malformedRequest',
  2: 'internalError',
  3: 'tryLater',
  5: 'sigRequired',
  6: 'unauthorized: it does not know this issuer',
};

const malformed = (why: string): Failure => ({ ok: false, kind: 'malformed', why });

const PEM_BEGIN = '-----BEGIN X509 CRL-----';
const PEM_END = '-----END X509 CRL-----';

/** DER as it is; of PEM the first CRL. */
function unarmoured(body: Uint8Array): Uint8Array | undefined {
  if (body[0] === DER.SEQUENCE) return body;
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
  const from = text.indexOf(PEM_BEGIN);
  const to = text.indexOf(PEM_END, from);
  if (from < 0 || to < 0) return undefined;
  return Uint8Array.from(Buffer.from(text.slice(from + PEM_BEGIN.length, to), 'base64'));
}
