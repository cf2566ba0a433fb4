/** What OCSP responses say of a certificate, and whether they are to be believed: RFC 6960 §3.2 and §4.2.2. */

import { sha256 } from '../../crypto/signed.ts';
import { isIdOf, responderKeyHash } from './cert-id.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { MOST_AHEAD, type Status } from './crl-status.ts';
import { KEY_USAGE, pkix } from './extensions.ts';
import { isEqual } from './name.ts';
import { type OcspResponse, parseOcspResponse } from './ocsp-response.ts';
import { keyOf, unsigned } from './signatures.ts';
import type { Trust } from './trust-reader.ts';
import { dateText } from './usage.ts';

/** An answer that does not say when there will be another is as old as this at most, s. */
export const MOST_AGE = 3600;

/**
 * `responses` in DER, some of which may be about others. `revoked` outweighs `good`. Whether the responder's own
 * certificate has been revoked is not asked: its authority vouches for it, and for a short time as a rule.
 */
export function statusByOcsp(
  certificate: Certificate,
  issuer: Certificate,
  responses: readonly Uint8Array[],
  trust: Trust,
  at: number,
): Status {
  let status: Status = { is: 'unknown', why: 'there is no OCSP response about it' };
  let since = 0;
  for (const der of responses) {
    const response = parseOcspResponse(der);
    if ('wrong' in response) {
      if (status.is !== 'good') status = { is: 'unknown', why: `its OCSP response cannot be used: ${response.wrong}` };
      continue;
    }
    const answer = response.answers.find(({ id }) => isIdOf(id, certificate, issuer));
    if (answer === undefined) continue;
    const wrong = unfitResponse(response, issuer, trust, at) ?? stale(answer, response.producedAt, at);
    if (wrong === undefined && answer.status === 'revoked')
      return { is: 'revoked', since: answer.thisUpdate, why: `revoked ${dateText(answer.revokedAt)} (OCSP)` };
    if (wrong === undefined && answer.status === 'good') {
      since = Math.max(since, answer.thisUpdate);
      status = { is: 'good', since };
    } else if (status.is !== 'good')
      status = { is: 'unknown', why: wrong ? `its OCSP response ${wrong}` : 'its OCSP responder does not know it' };
  }
  return status;
}

function stale(
  { thisUpdate, nextUpdate = thisUpdate + MOST_AGE }: OcspResponse['answers'][number],
  producedAt: number,
  at: number,
): string | undefined {
  if (thisUpdate > at + MOST_AHEAD || producedAt > at + MOST_AHEAD)
    return `is not valid before ${dateText(thisUpdate)}`;
  return at > nextUpdate ? `is out of date since ${dateText(nextUpdate)}` : undefined;
}

/** The issuer has signed it, or one to whom the issuer or our own configuration has given that task. */
function unfitResponse(response: OcspResponse, issuer: Certificate, trust: Trust, at: number): string | undefined {
  const fingerprint = sha256(response.der);
  let why = 'is from a responder that its issuer has not named';
  const ours = trust.responders();
  for (const signer of signersOf(response, [issuer, ...ours], trust)) {
    const judge = ours.includes(signer) ? overdue : unfitResponder;
    const wrong =
      (signer === issuer ? undefined : judge(signer, at, issuer)) ?? unsigned(response, fingerprint, signer);
    if (wrong === undefined) return undefined;
    why = `is not to be believed: ${wrong}`;
  }
  return why;
}

/** Whoever the response names: it may bring its signer's certificate along, or leave it to us to have it. */
function signersOf(
  { responder, certificates }: OcspResponse,
  known: readonly Certificate[],
  trust: Trust,
): readonly Certificate[] {
  const isResponder = (certificate: Certificate): boolean =>
    'nameKey' in responder
      ? certificate.subjectKey === responder.nameKey
      : isEqual(responderKeyHash(certificate), responder.keyHash);
  const sent = certificates.map((der) => parseCertificate(der));
  const filed = 'nameKey' in responder ? trust.certificates(responder.nameKey).map((one) => one.certificate) : [];
  return [...known, ...sent.filter((read): read is Certificate => !('wrong' in read)), ...filed].filter(isResponder);
}

/** §4.2.2.2: issued by the same authority with the same key, for this purpose. */
function unfitResponder(responder: Certificate, at: number, issuer: Certificate): string | undefined {
  const { extendedKeyUsage, keyUsage, unknownCritical } = responder.extensions;
  const key = keyOf(responder);
  if ('wrong' in key) return `of its responder, ${key.wrong}`;
  if (responder.issuerKey !== issuer.subjectKey || unsigned(responder, responder.fingerprint, issuer) !== undefined)
    return 'its responder is not of the same issuer';
  if (!extendedKeyUsage?.includes(OCSP_SIGNING)) return 'its responder may not answer (extKeyUsage has no OCSPSigning)';
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE.digitalSignature) === 0)
    return 'its responder may not sign (keyUsage has no digitalSignature)';
  if (unknownCritical !== undefined)
    return `its responder has a critical extension that is unknown (${unknownCritical})`;
  return overdue(responder, at);
}

const overdue = ({ notBefore, notAfter }: Certificate, at: number): string | undefined =>
  at < notBefore || at > notAfter ? "its responder's certificate is not valid now" : undefined;

const OCSP_SIGNING = pkix(3, 9);
