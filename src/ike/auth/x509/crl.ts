/**
 * CRLs, RFC 5280 §5.1:
 *
 *     SEQUENCE                            the CRL
 *       SEQUENCE                          what is signed
 *         INTEGER                         version, 1 for v2; v1 has none
 *         AlgorithmIdentifier             as below
 *         Name                            issuer
 *         Time                            this update
 *         Time                            next update
 *         SEQUENCE OF SEQUENCE            entries: serial number, Time, extensions; absent if there are none
 *         [0] Extensions
 *       AlgorithmIdentifier
 *       BIT STRING                        signature
 *
 * Of the entries, of which there may be a million, nothing is read here: `revoked.ts`.
 */
import type { Wrong } from '../../crypto/signature/public-key.ts';
import { type Signed, sha256 } from '../../crypto/signed.ts';
import { MOST_SERIAL_OCTETS } from './certificate.ts';
import { context, DER, DerCursor, primitive } from './der-cursor.ts';
import { readPointName } from './distribution-point.ts';
import { dotted, EXTENSION, eachExtension, readAuthorityKeyId } from './extensions.ts';
import type { GeneralName } from './general-name.ts';
import { isEmptyName, isEqual, latin1, nameKey, readName } from './name.ts';
import { type Revoked, readRevoked } from './revoked.ts';

export const MOST_CRL_OCTETS = 64 << 20;

/** What a CRL says. Octets are views of `der`. */
interface Fields extends Signed {
  readonly der: Uint8Array;
  readonly issuer: Uint8Array;
  /** As `nameKey` writes it. */
  readonly issuerKey: string;
  /** s since 1970, both inclusive. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** What is in the SEQUENCE OF entries. */
  readonly entries: Uint8Array;
  /** Absent in v1. */
  readonly number: Uint8Array | undefined;
  readonly authorityKeyId: Uint8Array | undefined;
  readonly scope: CrlScope;
  /** The same for a CRL and those that will come in its place: issuer, issuer's key, and scope. */
  readonly series: string;
}

/** Which certificates of the issuer's it is about. RFC 5280 §5.2.5. */
export interface CrlScope {
  /** Those with one of these as a distribution point; undefined: with any, or with none. */
  readonly names: readonly GeneralName[] | undefined;
  readonly only: 'user' | 'ca' | 'attribute' | undefined;
  /** It is no list of all reasons: bits, as `DerCursor.bits` has them. */
  readonly reasons: number | undefined;
}

/** All but its entries and its signature is looked at. */
export function parseCrl(der: Uint8Array): Crl | Wrong {
  if (der.length > MOST_CRL_OCTETS) return { wrong: `it has more than ${MOST_CRL_OCTETS} octets` };
  const r = new DerCursor(der);
  const outer = r.open(DER.SEQUENCE, 'CRL');
  const from = r.at;
  const signed = r.open(DER.SEQUENCE, 'tbsCertList');
  const isV2 = r.tag === DER.INTEGER;
  if (isV2 && r.small('version') !== 1) r.fail('version', 'it is not 2');
  const inner = r.element(DER.SEQUENCE, 'signature');
  const issuer = readName(r, 'issuer');
  if (isEmptyName(issuer)) r.fail('issuer', 'it is empty');
  const thisUpdate = r.time('thisUpdate');
  // RFC 5280 §5.1.2.5 wants it there: without it nobody could say that the list is out of date.
  const nextUpdate = r.time('nextUpdate');
  const entries = r.tag === DER.SEQUENCE ? r.contents(DER.SEQUENCE, 'revokedCertificates') : new Uint8Array(0);
  const extensions = isV2 && r.tag === context(0) ? readCrlExtensions(r) : NO_EXTENSIONS;
  r.close(signed, 'tbsCertList');
  const signedPart = der.subarray(from, r.at);
  const algorithm = r.element(DER.SEQUENCE, 'signatureAlgorithm');
  const signature = r.bitString('signatureValue');
  r.close(outer, 'CRL');
  if (!r.isDone) r.fail('CRL', 'something follows it');
  if (!isEqual(inner, algorithm)) r.fail('signatureAlgorithm', 'it is not the one that is signed');
  if (r.wrong !== undefined) return { wrong: r.wrong };
  const { number, authorityKeyId, scope, scopeOctets } = extensions;
  const issuerKey = nameKey(issuer);
  const series = [issuerKey, latin1(authorityKeyId ?? NONE), latin1(scopeOctets)].join('/');
  return new Crl({
    ...{ der, signedPart, algorithm, signature, issuer, issuerKey, thisUpdate, nextUpdate, entries },
    ...{ number, authorityKeyId, scope, series },
  });
}

export class Crl implements Fields {
  readonly der: Uint8Array;
  readonly signedPart: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly issuer: Uint8Array;
  readonly issuerKey: string;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: Uint8Array;
  readonly number: Uint8Array | undefined;
  readonly authorityKeyId: Uint8Array | undefined;
  readonly scope: CrlScope;
  readonly series: string;
  #fingerprint: Uint8Array | undefined = undefined;
  #revoked: Revoked | Wrong | undefined = undefined;

  constructor(fields: Fields) {
    this.der = fields.der;
    this.signedPart = fields.signedPart;
    this.algorithm = fields.algorithm;
    this.signature = fields.signature;
    this.issuer = fields.issuer;
    this.issuerKey = fields.issuerKey;
    this.thisUpdate = fields.thisUpdate;
    this.nextUpdate = fields.nextUpdate;
    this.entries = fields.entries;
    this.number = fields.number;
    this.authorityKeyId = fields.authorityKeyId;
    this.scope = fields.scope;
    this.series = fields.series;
  }

  /** SHA-256 over the whole. */
  get fingerprint(): Uint8Array {
    this.#fingerprint ??= sha256(this.der);
    return this.#fingerprint;
  }

  /** Its entries, read when somebody looks for one. */
  get revoked(): Revoked | Wrong {
    this.#revoked ??= readRevoked(this.entries);
    return this.#revoked;
  }
}

interface CrlExtensions extends Pick<Fields, 'number' | 'authorityKeyId' | 'scope'> {
  readonly scopeOctets: Uint8Array;
}

const NONE = new Uint8Array(0);
const NO_EXTENSIONS: CrlExtensions = {
  number: undefined,
  authorityKeyId: undefined,
  scope: { names: undefined, only: undefined, reasons: undefined },
  scopeOctets: NONE,
};

/** RFC 5280 §5.2. */
function readCrlExtensions(r: DerCursor): CrlExtensions {
  let { number, authorityKeyId, scope, scopeOctets } = NO_EXTENSIONS;
  const outer = r.open(context(0), 'crlExtensions');
  eachExtension(r, (oid, isCritical) => {
    const from = r.at;
    if (oid === EXTENSION.crlNumber) number = r.unsigned(MOST_SERIAL_OCTETS, 'cRLNumber');
    else if (oid === EXTENSION.authorityKeyId) authorityKeyId = readAuthorityKeyId(r);
    else if (oid === EXTENSION.issuingPoint) {
      scope = readScope(r);
      scopeOctets = r.octets.subarray(from, r.at);
    } else if (oid === EXTENSION.deltaCrl) r.fail('deltaCRLIndicator', 'it is a delta CRL, and whole ones are wanted');
    else if (isCritical) r.fail(`extension ${dotted(oid)}`, 'it is critical and unknown');
    else r.rest();
  });
  r.close(outer, 'crlExtensions');
  return { number, authorityKeyId, scope, scopeOctets };
}

function readScope(r: DerCursor): CrlScope {
  const what = 'issuingDistributionPoint';
  const outer = r.open(DER.SEQUENCE, what);
  const names = r.tag === context(0) ? (readPointName(r, what) ?? []) : undefined;
  const flag = (n: number): boolean => {
    if (r.tag !== primitive(n)) return false;
    if (!r.boolean(what, primitive(n))) r.fail(what, 'a default is written out');
    return true;
  };
  const onlyUser = flag(1);
  const onlyCa = flag(2);
  const reasons = r.tag === primitive(3) ? r.bits(what, primitive(3)) : undefined;
  if (flag(4)) r.fail(what, 'it is an indirect CRL');
  const onlyAttribute = flag(5);
  r.close(outer, what);
  if (Number(onlyUser) + Number(onlyCa) + Number(onlyAttribute) > 1) r.fail(what, 'it is about no certificates at all');
  return { names, only: onlyUser ? 'user' : onlyCa ? 'ca' : onlyAttribute ? 'attribute' : undefined, reasons };
}
