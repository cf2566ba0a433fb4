/** How OCSP names a certificate, RFC 6960 §4.1.1: by digests over its issuer's name and key, and its serial number. */
import { joined, sha1 } from '../../crypto/misc.ts';
import { der, derInteger, TAG } from '../../crypto/signature/der.ts';
import { sha256 } from '../../crypto/signed.ts';
import type { Certificate } from './certificate.ts';
import { DER, DerCursor } from './der-cursor.ts';
import { isEqual } from './name.ts';

export interface CertId {
  /** AlgorithmIdentifier's OID, a character for each octet. */
  readonly hash: string;
  readonly issuerName: Uint8Array;
  readonly issuerKey: Uint8Array;
  readonly serial: Uint8Array;
}

/** CertID in DER with SHA-1, which every responder knows; it keeps nobody out and lets nobody in. */
export function writeCertId({ serial }: Certificate, issuer: Certificate): Uint8Array {
  const known = ISSUERS.get(issuer) ?? writeIssuer(issuer);
  ISSUERS.set(issuer, known);
  return der(TAG.SEQUENCE, known, derInteger(serial));
}

/** What CertIDs of all that it has issued begin with. */
function writeIssuer(issuer: Certificate): Uint8Array {
  const nameHash = der(DER.OCTET_STRING, sha1(issuer.subject));
  const keyHash = der(DER.OCTET_STRING, sha1(keyBits(issuer)));
  return joined(SHA1, nameHash, keyHash);
}

const ISSUERS = new WeakMap<Certificate, Uint8Array>();

/** OCSPRequest in DER for one certificate, without a nonce: the answer may have been made before. */
export const writeOcspRequest = (certId: Uint8Array): Uint8Array =>
  der(TAG.SEQUENCE, der(TAG.SEQUENCE, der(TAG.SEQUENCE, der(TAG.SEQUENCE, certId))));

/** Whether `id` is that of `certificate`, with either of the hashes that are in use. */
export function isIdOf(id: CertId, certificate: Certificate, issuer: Certificate): boolean {
  const hash = HASHES.get(id.hash);
  return (
    hash !== undefined &&
    isEqual(id.serial, certificate.serial) &&
    isEqual(id.issuerName, hash(issuer.subject)) &&
    isEqual(id.issuerKey, hash(keyBits(issuer)))
  );
}

/** KeyHash of RFC 6960 §4.2.1, SHA-1 over the key's BIT STRING. */
export const responderKeyHash = (certificate: Certificate): Uint8Array => sha1(keyBits(certificate));

/** What is in the BIT STRING of `subjectPublicKeyInfo`. */
function keyBits({ spki }: Certificate): Uint8Array {
  const r = new DerCursor(spki);
  r.open(DER.SEQUENCE, 'subjectPublicKeyInfo');
  r.skip('algorithm');
  return r.bitString('subjectPublicKey');
}

const SHA1_OID = '\x2b\x0e\x03\x02\x1a';
const HASHES: ReadonlyMap<string, (octets: Uint8Array) => Uint8Array> = new Map([
  [SHA1_OID, (octets: Uint8Array) => sha1(octets)],
  ['\x60\x86\x48\x01\x65\x03\x04\x02\x01', sha256],
]);
const SHA1 = der(TAG.SEQUENCE, der(DER.OID, Buffer.from(SHA1_OID, 'latin1')), der(DER.NULL));

/** As it stands in a response. */
export function readCertId(r: DerCursor, mostSerialOctets: number): CertId {
  const what = 'certID';
  const outer = r.open(DER.SEQUENCE, what);
  const algorithm = r.open(DER.SEQUENCE, what);
  const hash = r.oid(what);
  r.skipIf(DER.NULL, what);
  r.close(algorithm, what);
  const issuerName = r.contents(DER.OCTET_STRING, what);
  const issuerKey = r.contents(DER.OCTET_STRING, what);
  const serial = r.unsigned(mostSerialOctets, what);
  r.close(outer, what);
  return { hash, issuerName, issuerKey, serial };
}
