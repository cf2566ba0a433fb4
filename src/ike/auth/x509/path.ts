/**
 * The way from a peer's certificate to an authority that is believed, RFC 5280 §6 and RFC 4158: depth first, over what
 * the peer has sent and what is on the shelf. The search is bounded in depth, in certificates and in signatures, since
 * a stranger draws the map.
 */
import type { Wrong } from '../../crypto/signature/public-key.ts';
import type { Certificate } from './certificate.ts';
import { isEqual, nameText } from './name.ts';
import { misnamed } from './name-constraints.ts';
import { lacksPolicy } from './policies.ts';
import { unsigned } from './signatures.ts';
import type { Trust } from './trust-reader.ts';
import { unfitIssuer, unfitLeaf } from './usage.ts';

/** From the leaf to the authority that is believed, both included. */
export const MOST_IN_CHAIN = 7;
/** Issuers tried, over all branches. */
const MOST_TRIES = 32;

/** The leaf first, an authority that is believed last. */
export type Chain = readonly Certificate[];

interface Refused extends Wrong {
  /** A certificate is out of its time. */
  readonly isLate?: true;
}

/** `sent`: what came along with the leaf. What is wrong names the certificate that it is wrong with. */
export function findChain(
  leaf: Certificate,
  sent: readonly Certificate[],
  trust: Trust,
  at: number,
): { readonly chain: Chain } | Refused {
  const wrong = unfitLeaf(leaf, at);
  if (wrong !== undefined) return refusedAs(told(leaf, wrong), isLate(leaf, at));
  const search = new Search(sent, trust, at);
  const chain = search.climb([leaf], 0);
  return chain ? { chain } : refusedAs(search.wrong, search.isLate);
}

const refusedAs = (wrong: string, late: boolean): Refused => (late ? { wrong, isLate: true } : { wrong });

const isLate = ({ notBefore, notAfter }: Certificate, at: number): boolean => at < notBefore || at > notAfter;

/** The words of every refusal. */
export const told = (certificate: Certificate, wrong: string): string => `certificate "${certificate.text}": ${wrong}`;

interface Candidate {
  readonly certificate: Certificate;
  readonly isAnchor: boolean;
}

class Search {
  /** Of the way that led farthest. */
  wrong = '';
  /** It is out of its time. */
  isLate = false;
  readonly #sent: readonly Certificate[];
  readonly #trust: Trust;
  readonly #at: number;
  #triesLeft = MOST_TRIES;
  #farthest = 0;

  constructor(sent: readonly Certificate[], trust: Trust, at: number) {
    this.#sent = sent;
    this.#trust = trust;
    this.#at = at;
  }

  /** `below`: authorities in `chain` that count for pathLenConstraint, those that are not self-issued. */
  climb(chain: Chain, below: number): Chain | undefined {
    const child = chain[chain.length - 1];
    const candidates = this.#issuersOf(child, chain);
    if (candidates.length === 0) {
      const unknown = `its issuer "${nameText(child.issuer)}" is not known`;
      this.#note(chain.length, told(child, child.isSelfIssued ? 'it is self-signed, and not trusted here' : unknown));
    }
    for (const { certificate, isAnchor } of candidates) {
      if (this.#triesLeft-- <= 0) {
        this.#note(Number.POSITIVE_INFINITY, told(child, `none of ${MOST_TRIES} ways up leads to an authority`));
        return undefined;
      }
      const longer = [...chain, certificate];
      const unfit = unfitIssuer(certificate, isAnchor, below, this.#at);
      const forged = unfit === undefined ? unsigned(child, child.fingerprint, certificate) : undefined;
      if (unfit !== undefined) this.#note(longer.length, told(certificate, unfit), isLate(certificate, this.#at));
      else if (forged !== undefined) this.#note(chain.length + 0.5, told(child, forged));
      else if (isAnchor) {
        const wrong = unfitWhole(longer);
        if (wrong === undefined) return longer;
        this.#note(longer.length + 1, wrong);
      } else if (longer.length >= MOST_IN_CHAIN) {
        this.#note(
          longer.length,
          told(certificate, `with it there are ${MOST_IN_CHAIN} certificates and no authority`),
        );
      } else {
        const found = this.climb(longer, below + (certificate.isSelfIssued ? 0 : 1));
        if (found) return found;
      }
    }
    return undefined;
  }

  /** The most promising first: authorities, then those whose key is the one that the child names. */
  #issuersOf(child: Certificate, chain: Chain): Candidate[] {
    const { issuerKey } = child;
    const { authorityKeyId } = child.extensions;
    const found: Candidate[] = [];
    const offer = (candidate: Candidate): void => {
      const { certificate, isAnchor } = candidate;
      if (found.some((known) => isSame(known.certificate, certificate))) return;
      if (isAnchor || chain.every((before) => !isSame(before, certificate))) found.push(candidate);
    };
    this.#trust.certificates(issuerKey).forEach(offer);
    for (const certificate of this.#sent)
      if (certificate.subjectKey === issuerKey) offer({ certificate, isAnchor: false });
    const rank = ({ certificate, isAnchor }: Candidate): number => {
      const { subjectKeyId } = certificate.extensions;
      const isOther = authorityKeyId && subjectKeyId && !isEqual(authorityKeyId, subjectKeyId);
      return (isOther ? 2 : 0) + (isAnchor ? 0 : 1);
    };
    return found.length < 2 ? found : found.sort((a, b) => rank(a) - rank(b));
  }

  #note(reached: number, wrong: string, late = false): void {
    if (reached <= this.#farthest) return;
    this.isLate = late;
    this.#farthest = reached;
    this.wrong = wrong;
  }
}

const isSame = (a: Certificate, b: Certificate): boolean => a === b || isEqual(a.fingerprint, b.fingerprint);

/** What only the whole chain tells: RFC 5280 §6.1.3 (b) to (f). */
function unfitWhole(chain: Chain): string | undefined {
  const wrong = misnamed(chain);
  if (wrong) return told(wrong.certificate, wrong.why);
  const lacking = lacksPolicy(chain);
  return lacking && told(lacking, 'it has none of the policies that an authority above requires (policyConstraints)');
}
