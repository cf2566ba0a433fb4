/** Whether certificates of a chain have been revoked, by OCSP and by CRL, and what must be looked up to tell. */
import type { Wrong } from '../../crypto/signature/public-key.ts';
import type { Want } from '../../questions.ts';
import { writeCertId, writeOcspRequest } from './cert-id.ts';
import type { Certificate } from './certificate.ts';
import { statusByCrl } from './crl-status.ts';
import { urlsOf } from './distribution-point.ts';
import { MOST_URLS } from './extensions.ts';
import { latin1 } from './name.ts';
import { statusByOcsp } from './ocsp-status.ts';
import { type Chain, told } from './path.ts';
import type { Trust } from './trust-reader.ts';

export interface RevocationRules {
  /** A certificate of which nothing is known is refused. */
  readonly crlStrict: boolean;
  /** CRLs that are not at hand may be looked up. */
  readonly crlFetch: boolean;
  /** Responders are asked. */
  readonly ocsp: boolean;
  /** A certificate with a responder that gives no answer is refused, and one without either unless a CRL knows it. */
  readonly ocspStrict: boolean;
  /** All that was wanted has been looked up. */
  readonly hasLooked: boolean;
  /** In place of the responders that certificates name. */
  readonly ocspUri: string | undefined;
  /** s since 1970. */
  readonly at: number;
}

/** What is to be looked up before the chain can be believed: nothing, as a rule. Or why it is not believed. */
export function checkRevocation(
  chain: Chain,
  sent: readonly Uint8Array[],
  trust: Trust,
  rules: RevocationRules,
): { readonly wants: readonly Want[] } | (Wrong & { readonly isRevoked?: true }) {
  const wants: Want[] = [];
  for (const [i, certificate] of chain.slice(0, -1).entries()) {
    const doubt = checkOne(certificate, chain[i + 1], sent, trust, rules, wants);
    if (doubt) return { ...doubt, wrong: told(certificate, doubt.wrong) };
  }
  return { wants };
}

interface Doubt extends Wrong {
  readonly isRevoked?: true;
}

/** Why it is refused; undefined if it is not, or not before what has been added to `wants` has been looked up. */
function checkOne(
  certificate: Certificate,
  issuer: Certificate,
  sent: readonly Uint8Array[],
  trust: Trust,
  rules: RevocationRules,
  wants: Want[],
): Doubt | undefined {
  const certId = writeCertId(certificate, issuer);
  const ocsp = statusByOcsp(certificate, issuer, [...sent, ...trust.responses(latin1(certId))], trust, rules.at);
  if (ocsp.is === 'revoked') return { wrong: ocsp.why, isRevoked: true };
  const crl = statusByCrl(certificate, issuer, trust, rules.at);
  // Which response comes along is the peer's choice: one of before the revocation may be within its time.
  if (crl.is === 'revoked' && (ocsp.is !== 'good' || ocsp.since <= crl.since))
    return { wrong: crl.why, isRevoked: true };
  if (ocsp.is === 'good') return undefined;

  const responders = rules.ocspUri === undefined ? certificate.extensions.ocspUrls : [rules.ocspUri];
  const isAsked = rules.ocsp && responders.length > 0;
  const points = urlsOf(certificate.extensions.crlPoints).slice(0, MOST_URLS);
  if (!rules.hasLooked) {
    // There is one look: the CRL is wanted as well, for when the responder has no answer.
    const wanted = wants.length;
    if (isAsked) wants.push({ kind: 'ocsp', urls: responders, request: writeOcspRequest(certId), about: certId });
    if (crl.is === 'unknown' && rules.crlFetch && points.length > 0 && !(isAsked && rules.ocspStrict))
      wants.push({ kind: 'crl', urls: points, request: issuer.der, about: certificate.issuer });
    if (wants.length > wanted) return undefined;
  }
  if (isAsked && rules.ocspStrict) return { wrong: ocsp.why };
  if (crl.is === 'good') return undefined;
  if (rules.crlStrict) return { wrong: isAsked ? `${ocsp.why}, and ${crl.why}` : crl.why };
  return rules.ocsp && rules.ocspStrict ? { wrong: `it names no OCSP responder, and ${crl.why}` } : undefined;
}
