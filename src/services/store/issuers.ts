/** Who has issued what, among the certificates that we have: by name, key identifier and signature. RFC 5280 §6.1. */
import { X509Certificate } from 'node:crypto';
import type { TrustedCertificate } from '../../ike/auth/x509/trust-shelf.ts';
import type { Id } from '../../net/id.ts';
import type { StoredCertificate } from './stored-certificate.ts';

/** More is no chain. */
const MOST_LINKS = 8;

export class Issuers {
  /** Those that are trusted, in no order. */
  readonly authorities: readonly StoredCertificate[];
  /** All of them for the trust shelf, once they are linked. */
  readonly trusted: TrustedCertificate[] = [];
  readonly #all: readonly StoredCertificate[];
  readonly #bySubject = new Map<string, StoredCertificate[]>();
  readonly #chains = new WeakMap<StoredCertificate, readonly StoredCertificate[]>();

  constructor(authorities: readonly StoredCertificate[], between: readonly StoredCertificate[]) {
    this.authorities = authorities;
    this.#all = [...authorities, ...between];
  }

  /**
   * A certificate a step. Chains end with authorities that sign themselves, or whose issuer is not among the authorities:
   * others must have been issued by those, and not been revoked since.
   */
  *linking(): Generator<undefined, void> {
    for (const certificate of this.#all) {
      yield undefined;
      const name = certificate.fields().subjectKey;
      const known = this.#bySubject.get(name);
      if (known) known.push(certificate);
      else this.#bySubject.set(name, [certificate]);
    }
    const authorities = new Set(this.authorities);
    for (const certificate of this.#all) {
      yield undefined;
      const isAnchor = authorities.has(certificate) && !this.of(certificate).some((issuer) => authorities.has(issuer));
      this.trusted.push({ der: certificate.der, isAnchor });
    }
  }

  /** Of the certificate at this place in `trusted`. */
  pathOf(at: number): string {
    return this.#all[at].path;
  }

  /** From its issuer upwards. */
  of(certificate: StoredCertificate): readonly StoredCertificate[] {
    const known = this.#chains.get(certificate);
    if (known) return known;
    const chain: StoredCertificate[] = [];
    for (let at = certificate; !at.isSelfIssued && chain.length < MOST_LINKS; at = chain[chain.length - 1]) {
      const issuer = this.#issuerOf(at);
      if (issuer === undefined || chain.includes(issuer)) break;
      chain.push(issuer);
    }
    this.#chains.set(certificate, chain);
    return chain;
  }

  isBelow(certificate: StoredCertificate, ca: Id): boolean {
    const chain = this.of(certificate);
    const last = chain.at(-1) ?? certificate;
    const names = [
      ...chain.map(({ subject }) => subject),
      last.issuer,
      ...(certificate.isCa ? [certificate.subject] : []),
    ];
    return names.some((name) => ca.matches(name.key) !== undefined);
  }

  /** One that has the name, and whose key has signed it; of several the one that lasts longest. */
  #issuerOf(certificate: StoredCertificate): StoredCertificate | undefined {
    const { issuerKey, extensions } = certificate.fields();
    const { authorityKeyId } = extensions;
    const named = this.#bySubject.get(issuerKey) ?? [];
    const fit = named.filter((candidate) => {
      const { subjectKeyId } = candidate.fields().extensions;
      return !authorityKeyId || !subjectKeyId || Buffer.compare(authorityKeyId, subjectKeyId) === 0;
    });
    return fit.sort((a, b) => b.notAfter - a.notAfter).find((candidate) => hasSigned(candidate, certificate));
  }
}

function hasSigned(issuer: StoredCertificate, certificate: StoredCertificate): boolean {
  try {
    return new X509Certificate(certificate.der).verify(new X509Certificate(issuer.der).publicKey);
  } catch {
    return false;
  }
}
