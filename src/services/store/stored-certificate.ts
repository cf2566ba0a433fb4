/** A certificate of the store: its octets off the heap, and the little of it that it is found by. */

import { type Certificate, parseCertificate } from '../../ike/auth/x509/certificate.ts';
import { type GeneralName, NAME } from '../../ike/auth/x509/general-name.ts';
import { misfitOf } from '../../ike/auth/x509/identity.ts';
import { sha1 } from '../../ike/crypto/misc.ts';
import type { Wrong } from '../../ike/crypto/signature/public-key.ts';
import { readDn } from '../../net/dn-der.ts';
import { ID_TYPES, Id } from '../../net/id.ts';
import { factsOf, type SpkiFacts } from './spki-facts.ts';

/** Where an element is in the octets: `from * 65536 + length`, for no certificate is longer. */
type Span = number;

/** Where it comes from. */
type Origin = Pick<StoredCertificate, 'path' | 'nickname' | 'readAt'>;

export class StoredCertificate {
  /** The file's name without its ending; undefined for those behind the first in a file. */
  readonly nickname: string | undefined;
  readonly path: string;
  readonly der: Uint8Array;
  /** When its file was read, ms since 1970. */
  readonly readAt: number;
  /** s since 1970, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** 40 hex digits. */
  readonly ckaid: string;
  readonly isCa: boolean;
  readonly isSelfIssued: boolean;
  /** The last in its subject. */
  readonly commonName: string | undefined;
  readonly #spki: Span;

  private constructor({ path, nickname, readAt }: Origin, certificate: Certificate, ckaid: string) {
    const { der, version, extensions, subject, spki } = certificate;
    this.nickname = nickname;
    this.path = path;
    this.readAt = readAt;
    this.der = der;
    this.notBefore = certificate.notBefore;
    this.notAfter = certificate.notAfter;
    this.ckaid = ckaid;
    this.commonName = commonNameOf(subject);
    this.isSelfIssued = certificate.isSelfIssued;
    // Before version 3 nobody could say that a certificate is an authority's.
    this.isCa = extensions.basicConstraints?.isCa ?? (version === 1 && this.isSelfIssued);
    this.#spki = (spki.byteOffset - der.byteOffset) * 0x10000 + spki.length;
  }

  /** Keeps `der`. */
  static of(der: Uint8Array, origin: Origin): StoredCertificate | Wrong {
    const certificate = parseCertificate(der);
    if ('wrong' in certificate) return certificate;
    const facts = factsOf(certificate.spki);
    if (facts === undefined) return { wrong: 'its key is neither RSA, ECDSA, Ed25519 nor Ed448' };
    return new StoredCertificate(origin, certificate, Buffer.from(facts.ckaid).toString('hex'));
  }

  /** SubjectPublicKeyInfo in DER. A view. */
  get spki(): Uint8Array {
    const from = Math.floor(this.#spki / 0x10000);
    return this.der.subarray(from, from + (this.#spki % 0x10000));
  }

  get keyFacts(): SpkiFacts {
    return factsOf(this.spki)!;
  }

  /** SHA-1 over that: what a CERTREQ has. RFC 7296 §3.7. */
  get keyHash(): Uint8Array {
    return sha1(this.spki);
  }

  get subject(): Id {
    return new Id(ID_TYPES.ID_DER_ASN1_DN, this.fields().subject);
  }

  get issuer(): Id {
    return new Id(ID_TYPES.ID_DER_ASN1_DN, this.fields().issuer);
  }

  /** Read anew each time. */
  fields(): Certificate {
    const certificate = parseCertificate(this.der);
    if ('wrong' in certificate) throw new Error(`${this.path} has changed in memory: ${certificate.wrong}`);
    return certificate;
  }

  /** Its alternative names, those that IKE has identities for. */
  get names(): readonly Id[] {
    return this.fields().extensions.altNames.flatMap((name) => idOf(name) ?? []);
  }

  /** Whether it is for `id`, as a peer would see it. */
  isNamed(id: Id): boolean {
    return misfitOf(id, this.fields()) === undefined;
  }
}

/** 2.5.4.3, contents. */
const COMMON_NAME = Uint8Array.of(0x55, 4, 3);

function commonNameOf(subject: Uint8Array): string | undefined {
  const names = (readDn(subject) ?? []).flat().filter(({ type }) => Buffer.compare(type, COMMON_NAME) === 0);
  const last = names.at(-1);
  return last && Buffer.from(last.value).toString('utf8');
}

function idOf({ type, value }: GeneralName): Id | undefined {
  switch (type) {
    case NAME.dns:
      return new Id(ID_TYPES.ID_FQDN, value);
    case NAME.email:
      return new Id(ID_TYPES.ID_USER_FQDN, value);
    case NAME.ip:
      return new Id(value.length === 4 ? ID_TYPES.ID_IPV4_ADDR : ID_TYPES.ID_IPV6_ADDR, value);
    case NAME.dn:
      return new Id(ID_TYPES.ID_DER_ASN1_DN, value);
    default:
      return undefined;
  }
}
