/**
 * Certificates, X.509 v3 (RFC 5280 §4.1), and v1 for authorities of old:
 *
 *     SEQUENCE                            the certificate
 *       SEQUENCE                          what is signed
 *         [0] INTEGER                     version, 2 for v3
 *         INTEGER                         serial number
 *         AlgorithmIdentifier             as below
 *         Name                            issuer
 *         SEQUENCE { Time, Time }         not before, not after
 *         Name                            subject
 *         SubjectPublicKeyInfo
 *         [1], [2]                        unique identifiers, which nobody has
 *         [3] Extensions
 *       AlgorithmIdentifier
 *       BIT STRING                        signature
 */

import { type PublicKey, parseSpki, type Wrong } from '../../crypto/signature/public-key.ts';
import { sha256 } from '../../crypto/signed.ts';
import { context, DER, DerCursor, primitive } from './der-cursor.ts';
import { type Extensions, NO_EXTENSIONS, readExtensions } from './extensions.ts';
import { isEmptyName, isEqual, nameKey, nameText, readName } from './name.ts';

/** As a CERT payload carries them; no certificate for IKE comes near. */
export const MOST_CERTIFICATE_OCTETS = 65_535;
/** RFC 5280 §4.1.2.2. */
export const MOST_SERIAL_OCTETS = 20;

/** What a certificate says. All octets are views of `der`. */
interface Fields {
  readonly der: Uint8Array;
  readonly signedPart: Uint8Array;
  readonly version: 1 | 3;
  readonly serial: Uint8Array;
  /** AlgorithmIdentifier. */
  readonly algorithm: Uint8Array;
  readonly issuer: Uint8Array;
  /** s since 1970, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions: Extensions;
  readonly signature: Uint8Array;
}

/** The octets of `der` belong to it from now on. What is wrong completes "it is no certificate: …". */
export function parseCertificate(der: Uint8Array): Certificate | Wrong {
  if (der.length > MOST_CERTIFICATE_OCTETS) return { wrong: `it has more than ${MOST_CERTIFICATE_OCTETS} octets` };
  const r = new DerCursor(der);
  const outer = r.open(DER.SEQUENCE, 'certificate');
  const from = r.at;
  const signed = r.open(DER.SEQUENCE, 'tbsCertificate');
  const version = readVersion(r);
  const serial = r.unsigned(MOST_SERIAL_OCTETS, 'serialNumber');
  const inner = r.element(DER.SEQUENCE, 'signature');
  const issuer = readName(r, 'issuer');
  if (isEmptyName(issuer)) r.fail('issuer', 'it is empty');
  const validity = r.open(DER.SEQUENCE, 'validity');
  const notBefore = r.time('notBefore');
  const notAfter = r.time('notAfter');
  r.close(validity, 'validity');
  const subject = readName(r, 'subject');
  const spki = r.element(DER.SEQUENCE, 'subjectPublicKeyInfo');
  if (version === 3) {
    r.skipIf(primitive(1), 'issuerUniqueID');
    r.skipIf(primitive(2), 'subjectUniqueID');
  }
  const extensions = version === 3 && r.tag === context(3) ? readAll(r) : NO_EXTENSIONS;
  r.close(signed, 'tbsCertificate');
  const signedPart = der.subarray(from, r.at);
  const algorithm = r.element(DER.SEQUENCE, 'signatureAlgorithm');
  const signature = r.bitString('signatureValue');
  r.close(outer, 'certificate');
  if (!r.isDone) r.fail('certificate', 'something follows it');
  if (!isEqual(inner, algorithm)) r.fail('signatureAlgorithm', 'it is not the one that is signed');
  if (isEmptyName(subject) && extensions.altNames.length === 0) r.fail('subject', 'there is no name at all');
  if (r.wrong !== undefined) return { wrong: r.wrong };
  // biome-ignore format: one line for each would say no more
  return new Certificate({
    der, signedPart, version, serial, algorithm, issuer, notBefore, notAfter, subject, spki, extensions, signature,
  });
}

export class Certificate implements Fields {
  readonly der: Uint8Array;
  readonly signedPart: Uint8Array;
  readonly version: 1 | 3;
  readonly serial: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly issuer: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions: Extensions;
  readonly signature: Uint8Array;
  #key: PublicKey | Wrong | undefined = undefined;
  #fingerprint: Uint8Array | undefined = undefined;
  #keyFingerprint: Uint8Array | undefined = undefined;

  constructor(fields: Fields) {
    this.der = fields.der;
    this.signedPart = fields.signedPart;
    this.version = fields.version;
    this.serial = fields.serial;
    this.algorithm = fields.algorithm;
    this.issuer = fields.issuer;
    this.notBefore = fields.notBefore;
    this.notAfter = fields.notAfter;
    this.subject = fields.subject;
    this.spki = fields.spki;
    this.extensions = fields.extensions;
    this.signature = fields.signature;
  }

  /** As `nameKey` writes them. */
  get subjectKey(): string {
    return nameKey(this.subject);
  }

  get issuerKey(): string {
    return nameKey(this.issuer);
  }

  /** Issuer and subject are the same name, as of a root or of a key that replaces another. RFC 5280 §3.2. */
  get isSelfIssued(): boolean {
    return isEqual(this.subject, this.issuer) || this.subjectKey === this.issuerKey;
  }

  get key(): PublicKey | Wrong {
    this.#key ??= parseSpki(this.spki);
    return this.#key;
  }

  /** SHA-256 over the whole. */
  get fingerprint(): Uint8Array {
    this.#fingerprint ??= sha256(this.der);
    return this.#fingerprint;
  }

  /** The same over `spki`. */
  get keyFingerprint(): Uint8Array {
    this.#keyFingerprint ??= sha256(this.spki);
    return this.#keyFingerprint;
  }

  /** For people: its subject, or the number that its issuer gave it. */
  get text(): string {
    return isEmptyName(this.subject)
      ? `number ${Buffer.from(this.serial).toString('hex')} of ${nameText(this.issuer)}`
      : nameText(this.subject);
  }
}

/** Absent for v1. Nobody makes v2. */
function readVersion(r: DerCursor): 1 | 3 {
  if (r.tag !== context(0)) return 1;
  const outer = r.open(context(0), 'version');
  const version = r.small('version') + 1;
  r.close(outer, 'version');
  if (version !== 3) r.fail('version', `it is ${version}`);
  return 3;
}

function readAll(r: DerCursor): Extensions {
  const outer = r.open(context(3), 'extensions');
  const extensions = readExtensions(r);
  r.close(outer, 'extensions');
  return extensions;
}
