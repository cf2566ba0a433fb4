/** What a certificate may be used for: by date, RFC 5280 §4.1.2.5, and by its extensions, §4.2.1. */
import type { Certificate } from './certificate.ts';
import { KEY_USAGE, pkix } from './extensions.ts';
import { keyOf } from './signatures.ts';

/** Why `certificate` cannot be a peer's at `at` (s since 1970); completes 'certificate "…": '. */
export function unfitLeaf(certificate: Certificate, at: number): string | undefined {
  const { keyUsage, extendedKeyUsage } = certificate.extensions;
  const wrong = unfit(certificate, at);
  if (wrong !== undefined) return wrong;
  if (keyUsage !== undefined && (keyUsage & (KEY_USAGE.digitalSignature | KEY_USAGE.nonRepudiation)) === 0)
    return 'its key may not sign (keyUsage has neither digitalSignature nor nonRepudiation)';
  return isForIke(extendedKeyUsage) ? undefined : 'it is not for IKE (extKeyUsage)';
}

/** Why it cannot have issued others; `below`: how many authorities there are between it and the leaf. */
export function unfitIssuer(
  certificate: Certificate,
  isAnchor: boolean,
  below: number,
  at: number,
): string | undefined {
  const { basicConstraints, keyUsage, extendedKeyUsage } = certificate.extensions;
  // RFC 5280 §6.1.4 (k): of v1, which cannot say what it is, those that are believed anyway.
  const isCa = basicConstraints?.isCa ?? (isAnchor && certificate.version === 1);
  if (!isCa) return 'it is no authority (basicConstraints)';
  const wrong = unfit(certificate, at);
  if (wrong !== undefined) return wrong;
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE.keyCertSign) === 0)
    return 'it may not sign certificates (keyUsage has no keyCertSign)';
  const most = basicConstraints?.pathLength;
  if (most !== undefined && below > most)
    return `it allows ${most} authorities below it (pathLenConstraint), and there are ${below}`;
  // RFC 5280 has purposes for leaves alone; an authority that names some is taken at its word, as browsers do.
  return isAnchor || isForIke(extendedKeyUsage) ? undefined : 'it is not for IKE (extKeyUsage)';
}

/** What any certificate must be. */
function unfit(certificate: Certificate, at: number): string | undefined {
  const { notBefore, notAfter, extensions } = certificate;
  if (at < notBefore) return `not valid before ${dateText(notBefore)}`;
  if (at > notAfter) return `expired ${dateText(notAfter)}`;
  if (extensions.unknownCritical !== undefined)
    return `it has a critical extension that is unknown (${extensions.unknownCritical})`;
  const key = keyOf(certificate);
  return 'wrong' in key ? key.wrong : undefined;
}

/** `2026-11-21 12:00:00 UTC` */
export const dateText = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** RFC 4945 §5.1.3.12, and what libreswan takes besides: purposes of TLS, and those for IPsec that came before. */
const isForIke = (purposes: readonly string[] | undefined): boolean =>
  purposes === undefined || purposes.some((purpose) => FOR_IKE.has(purpose));

const FOR_IKE: ReadonlySet<string> = new Set([
  '\x55\x1d\x25\x00', // anyExtendedKeyUsage
  pkix(3, 17), // ipsecIKE
  pkix(3, 1), // serverAuth
  pkix(3, 2), // clientAuth
  pkix(3, 5), // ipsecEndSystem
  pkix(3, 6), // ipsecTunnel
  pkix(3, 7), // ipsecUser
  '\x2b\x06\x01\x05\x05\x08\x02\x02', // iKEIntermediate
]);
