/** What the CRLs at hand say of a certificate, RFC 5280 §6.3.3, without deltas and without indirect CRLs. */
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { KEY_USAGE } from './extensions.ts';
import type { GeneralName } from './general-name.ts';
import { isEqual } from './name.ts';
import { unsigned } from './signatures.ts';
import type { Trust } from './trust-reader.ts';
import { dateText } from './usage.ts';

export type Status =
  /** `since`: when that was said, s since 1970. */
  | { readonly is: 'good'; readonly since: number }
  /** `why` completes 'certificate "…": '. */
  | { readonly is: 'revoked'; readonly since: number; readonly why: string }
  | { readonly is: 'unknown'; readonly why: string };

/** Lists and answers may be from a clock that is ahead of ours by so many s. */
export const MOST_AHEAD = 300;

/** Of all reasons but the unused first. */
const ALL_REASONS = 0x1fe;

/** `issuer` has signed `certificate`. An entry counts also on a list that is out of date. */
export function statusByCrl(certificate: Certificate, issuer: Certificate, trust: Trust, at: number): Status {
  const crls = trust.crls(certificate.issuerKey);
  let reasons = 0;
  let since = Number.POSITIVE_INFINITY;
  let why = 'its issuer has no CRL here';
  for (const crl of crls) {
    const wrong = unfitCrl(crl, issuer, at) ?? unscoped(crl, certificate);
    if (wrong !== undefined) {
      why = `its CRL ${wrong}`;
      continue;
    }
    const { revoked } = crl;
    if ('wrong' in revoked) {
      why = `its CRL cannot be read: ${revoked.wrong}`;
      continue;
    }
    const entry = revoked.find(certificate.serial);
    if (entry) return { is: 'revoked', since: crl.thisUpdate, why: `revoked ${dateText(entry.at)} (${entry.reason})` };
    if (at > crl.nextUpdate) why = `its CRL is out of date since ${dateText(crl.nextUpdate)}`;
    else {
      reasons |= crl.scope.reasons ?? ALL_REASONS;
      since = Math.min(since, crl.thisUpdate);
    }
  }
  if ((reasons & ALL_REASONS) === ALL_REASONS) return { is: 'good', since };
  return { is: 'unknown', why: reasons === 0 ? why : 'its CRL is not about all reasons' };
}

function unfitCrl(crl: Crl, issuer: Certificate, at: number): string | undefined {
  const { keyUsage, subjectKeyId } = issuer.extensions;
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE.crlSign) === 0)
    return `is from "${issuer.text}", which may not sign CRLs (keyUsage has no cRLSign)`;
  if (crl.authorityKeyId && subjectKeyId && !isEqual(crl.authorityKeyId, subjectKeyId))
    return 'is signed with another key of its issuer';
  if (crl.thisUpdate > at + MOST_AHEAD) return `is not valid before ${dateText(crl.thisUpdate)}`;
  const wrong = unsigned(crl, crl.fingerprint, issuer);
  return wrong && `is not to be believed: ${wrong}`;
}

/** §6.3.3 (b) (2). */
function unscoped({ scope }: Crl, { extensions }: Certificate): string | undefined {
  const isCa = extensions.basicConstraints?.isCa === true;
  if (scope.only !== undefined && scope.only !== (isCa ? 'ca' : 'user'))
    return `is about ${scope.only} certificates only`;
  const { names } = scope;
  if (names === undefined) return undefined;
  const points = extensions.crlPoints.filter(({ isIndirect }) => !isIndirect);
  const isOneOf = (name: GeneralName): boolean =>
    names.some(({ type, value }) => type === name.type && isEqual(value, name.value));
  return points.some((point) => point.names?.some(isOneOf)) ? undefined : 'is of another distribution point';
}
