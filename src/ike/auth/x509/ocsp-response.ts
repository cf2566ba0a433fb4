/**
 * OCSP responses, RFC 6960 §4.2.1:
 *
 *     SEQUENCE                            OCSPResponse
 *       ENUMERATED                        0: there is an answer
 *       [0] SEQUENCE                      its kind and, in an OCTET STRING, the answer:
 *         SEQUENCE                        BasicOCSPResponse
 *           SEQUENCE                      what is signed
 *             [1] Name | [2] KeyHash      the responder
 *             GeneralizedTime             when it was made
 *             SEQUENCE OF                 CertID, status, this update, next update, extensions
 *             [1] Extensions
 *           AlgorithmIdentifier
 *           BIT STRING                    signature
 *           [0] SEQUENCE OF Certificate   the responder's
 */
import type { Wrong } from '../../crypto/signature/public-key.ts';
import type { Signed } from '../../crypto/signed.ts';
import { type CertId, readCertId } from './cert-id.ts';
import { MOST_SERIAL_OCTETS } from './certificate.ts';
import { context, DER, DerCursor, primitive } from './der-cursor.ts';
import { dotted, eachExtension } from './extensions.ts';
import { nameKey, readName } from './name.ts';

/** Larger ones are no answer to a question about one certificate. */
export const MOST_OCSP_OCTETS = 65_535;

/** Octets are views of what was parsed. */
export interface OcspResponse extends Signed {
  readonly der: Uint8Array;
  readonly responder: { readonly nameKey: string } | { readonly keyHash: Uint8Array };
  /** s since 1970. */
  readonly producedAt: number;
  readonly answers: readonly OcspAnswer[];
  /** DER. */
  readonly certificates: readonly Uint8Array[];
}

export interface OcspAnswer {
  readonly id: CertId;
  readonly status: 'good' | 'revoked' | 'unknown';
  /** With `revoked`. */
  readonly revokedAt: number;
  readonly thisUpdate: number;
  /** Undefined: there is always something newer. */
  readonly nextUpdate: number | undefined;
}

/** What is wrong completes "it is no answer: …". Its signature is not looked at. */
export function parseOcspResponse(der: Uint8Array): OcspResponse | Wrong {
  if (der.length > MOST_OCSP_OCTETS) return { wrong: `it has more than ${MOST_OCSP_OCTETS} octets` };
  const r = new DerCursor(der);
  const outer = r.open(DER.SEQUENCE, 'OCSPResponse');
  const status = r.small('responseStatus', DER.ENUMERATED);
  if (r.wrong === undefined && status !== 0) return { wrong: `the responder says ${STATUS[status] ?? status}` };
  const bytes = r.open(context(0), 'responseBytes');
  const inBytes = r.open(DER.SEQUENCE, 'responseBytes');
  if (r.oid('responseType') !== BASIC) r.fail('responseType', 'it is not a basic one');
  const octets = r.open(DER.OCTET_STRING, 'response');
  const response = readBasic(r);
  r.close(octets, 'response');
  r.close(inBytes, 'responseBytes');
  r.close(bytes, 'responseBytes');
  r.close(outer, 'OCSPResponse');
  if (!r.isDone) r.fail('OCSPResponse', 'something follows it');
  return r.wrong === undefined ? { der, ...response } : { wrong: r.wrong };
}

/** 1.3.6.1.5.5.7.48.1.1 */
const BASIC = '\x2b\x06\x01\x05\x05\x07\x30\x01\x01';
const STATUS: readonly (string | undefined)[] = [
  ...['successful', 'malformedRequest', 'internalError', 'tryLater', undefined, 'sigRequired', 'unauthorized'],
];
const MOST_ANSWERS = 64;
const MOST_CERTIFICATES = 8;

function readBasic(r: DerCursor): Omit<OcspResponse, 'der'> {
  const outer = r.open(DER.SEQUENCE, 'BasicOCSPResponse');
  const from = r.at;
  const signed = r.open(DER.SEQUENCE, 'tbsResponseData');
  const responder = readResponder(r);
  const producedAt = r.time('producedAt');
  const answers: OcspAnswer[] = [];
  const list = r.open(DER.SEQUENCE, 'responses');
  while (!r.isDone) {
    if (answers.length === MOST_ANSWERS) r.fail('responses', `there are more than ${MOST_ANSWERS}`);
    answers.push(readAnswer(r));
  }
  r.close(list, 'responses');
  readNoExtensions(r, 'responseExtensions');
  r.close(signed, 'tbsResponseData');
  const signedPart = r.octets.subarray(from, r.at);
  const algorithm = r.element(DER.SEQUENCE, 'signatureAlgorithm');
  const signature = r.bitString('signature');
  const certificates: Uint8Array[] = [];
  if (r.tag === context(0)) {
    const some = r.open(context(0), 'certs');
    const all = r.open(DER.SEQUENCE, 'certs');
    while (!r.isDone) {
      if (certificates.length === MOST_CERTIFICATES) r.fail('certs', `there are more than ${MOST_CERTIFICATES}`);
      certificates.push(r.element(DER.SEQUENCE, 'certs'));
    }
    r.close(all, 'certs');
    r.close(some, 'certs');
  }
  r.close(outer, 'BasicOCSPResponse');
  return { responder, producedAt, answers, signedPart, algorithm, signature, certificates };
}

/** Version 1 is not written down. */
function readResponder(r: DerCursor): OcspResponse['responder'] {
  const what = 'responderID';
  const isByName = r.tag === context(1);
  const outer = r.open(isByName ? context(1) : context(2), what);
  const name = isByName ? readName(r, what) : undefined;
  const keyHash = isByName ? undefined : r.contents(DER.OCTET_STRING, what);
  r.close(outer, what);
  return name ? { nameKey: nameKey(name) } : { keyHash: keyHash! };
}

function readAnswer(r: DerCursor): OcspAnswer {
  const outer = r.open(DER.SEQUENCE, 'SingleResponse');
  const id = readCertId(r, MOST_SERIAL_OCTETS);
  const { tag } = r;
  let revokedAt = 0;
  if (tag === context(1)) {
    const info = r.open(tag, 'certStatus');
    revokedAt = r.time('revocationTime');
    r.skipIf(context(0), 'revocationReason');
    r.close(info, 'certStatus');
  } else if (r.contents(tag, 'certStatus').length > 0 || (tag !== primitive(0) && tag !== primitive(2)))
    r.fail('certStatus', 'it is neither good, revoked nor unknown');
  const thisUpdate = r.time('thisUpdate');
  let nextUpdate: number | undefined;
  if (r.tag === context(0)) {
    const next = r.open(context(0), 'nextUpdate');
    nextUpdate = r.time('nextUpdate');
    r.close(next, 'nextUpdate');
  }
  readNoExtensions(r, 'singleExtensions');
  r.close(outer, 'SingleResponse');
  const status = tag === primitive(0) ? 'good' : tag === primitive(2) ? 'unknown' : 'revoked';
  return { id, status, revokedAt, thisUpdate, nextUpdate };
}

/** None of them is needed: those that must be understood make the answer one that is not. */
function readNoExtensions(r: DerCursor, what: string): void {
  if (r.tag !== context(1)) return;
  const outer = r.open(context(1), what);
  eachExtension(r, (oid, isCritical) => {
    if (isCritical) r.fail(`extension ${dotted(oid)}`, 'it is critical and unknown');
    else r.rest();
  });
  r.close(outer, what);
}
