/**
 * Certificates in PKCS #7, RFC 2315 §7 and §9: signed data that signs nothing, as Windows sends a chain with IKEv1.
 *
 *     SEQUENCE                            ContentInfo
 *       OBJECT IDENTIFIER                 signedData
 *       [0] SEQUENCE                      SignedData
 *         INTEGER                         version
 *         SET                             digest algorithms, none
 *         SEQUENCE                        what is signed, nothing
 *         [0]                             certificates
 *         [1]                             CRLs, which are left where they are
 *         SET                             who has signed, nobody
 */
import type { Wrong } from '../../crypto/signature/public-key.ts';
import { parseCertificate } from './certificate.ts';
import { context, DER, DerCursor } from './der-cursor.ts';

/** 1.2.840.113549.1.7.2. */
const SIGNED_DATA = '\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02';

/** Views of `octets`: up to `most` certificates, those that are no authority's first. What is wrong completes "cannot be read: …". */
export function certificatesIn(octets: Uint8Array, most: number): readonly Uint8Array[] | Wrong {
  const r = new DerCursor(octets);
  const outer = r.open(DER.SEQUENCE, 'ContentInfo');
  if (r.oid('contentType') !== SIGNED_DATA) r.fail('contentType', 'it is not signedData');
  const content = r.open(context(0), 'content');
  const signed = r.open(DER.SEQUENCE, 'SignedData');
  r.small('version');
  r.skip('digestAlgorithms');
  r.skip('contentInfo');
  const found: Uint8Array[] = [];
  if (r.tag === context(0)) {
    const certificates = r.open(context(0), 'certificates');
    while (!r.isDone && found.length < most) found.push(r.element(DER.SEQUENCE, 'certificate'));
    if (!r.isDone) r.fail('certificates', `there are more than ${most}`);
    r.close(certificates, 'certificates');
  }
  r.skipIf(context(1), 'crls');
  r.skip('signerInfos');
  r.close(signed, 'SignedData');
  r.close(content, 'content');
  r.close(outer, 'ContentInfo');
  if (!r.isDone) r.fail('ContentInfo', 'something follows it');
  if (r.wrong !== undefined) return { wrong: r.wrong };
  // A SET has its elements in the order of their octets, and who looks at a chain wants the peer's own first.
  const [others, authorities] = [found.filter((der) => !isAuthority(der)), found.filter(isAuthority)];
  return [...others, ...authorities];
}

function isAuthority(der: Uint8Array): boolean {
  const certificate = parseCertificate(der);
  return !('wrong' in certificate) && certificate.extensions.basicConstraints?.isCa === true;
}
