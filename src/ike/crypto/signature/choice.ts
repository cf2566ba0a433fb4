/**
 * What we sign with, and what we take from the peer, by `authby=` and our key:
 *
 *     rsa-sha2_256 …      RSASSA-PSS with that hash
 *     rsasig-v1.5         PKCS#1 v1.5: method 1 with SHA-1, and method 14 with the hashes of rsa-sha2_…
 *     ecdsa-sha2_256 …    ECDSA with that hash: method 14 on any curve, methods 9 to 11 on the curve as strong
 *     eddsa               Ed25519, Ed448
 */

import type { SigningKey } from './private-key.ts';
import type { Wrong } from './public-key.ts';
import { digitalSignature, type Hash, SCHEMES, type Scheme, SHA2 } from './scheme.ts';
import { misfit } from './sign.ts';

export interface SignaturePolicy {
  /** Others than signatures are for others to look at. */
  readonly ways: readonly string[];
  /** SHA-1 in method 14 as well; RFC 8247 §3.2 says MUST NOT. */
  readonly sha1: boolean;
}

/** As `authby=` amounts to. */
export type SignatureWay = `rsa-sha2_${256 | 384 | 512}` | `ecdsa-sha2_${256 | 384 | 512}` | 'rsasig-v1.5' | 'eddsa';

export interface Choosing {
  readonly key: Pick<SigningKey, 'kind' | 'bits'>;
  readonly policy: SignaturePolicy;
  /** The peer's SIGNATURE_HASH_ALGORITHMS; undefined: it has sent none, and does not know method 14. */
  readonly peerHashes: ReadonlySet<Hash> | undefined;
  /** What the peer has signed with already: it can do that for sure. */
  readonly like?: Scheme;
}

/** What we sign with; or that there is nothing that our key can, we may, and the peer knows. */
export function chooseScheme({ key, policy, peerHashes, like }: Choosing): Scheme | Wrong {
  const fits = (scheme: Scheme) =>
    misfit(key, scheme) === undefined &&
    isAllowed(policy, scheme) &&
    (scheme.method !== 14 || peerHashes?.has(scheme.hash) === true);
  const found = like && fits(like) ? like : PREFERENCE.find(fits);
  if (found) return found;
  const able = SCHEMES.filter((scheme) => misfit(key, scheme) === undefined && isAllowed(policy, scheme));
  if (able.length === 0) return { wrong: `authby= allows nothing that ${key.bits} bits of ${key.kind} can sign` };
  if (peerHashes === undefined) return { wrong: 'the peer has sent no SIGNATURE_HASH_ALGORITHMS' };
  const theirs = peerHashes.size > 0 ? [...peerHashes].join('+') : 'none that we know';
  return {
    wrong: `the peer's hash algorithms are ${theirs}, ours ${[...new Set(able.map(({ hash }) => hash))].join('+')}`,
  };
}

/** Why what the peer has signed with is not taken, before its signature is looked at; undefined if it is. */
export const refusal = (policy: SignaturePolicy, scheme: Scheme): string | undefined =>
  isAllowed(policy, scheme) ? undefined : `authby= does not allow ${scheme.name}`;

/** What we announce as SIGNATURE_HASH_ALGORITHMS; with nothing in it nothing is announced. */
export function ourHashes(policy: SignaturePolicy): readonly Hash[] {
  const used = new Set<Hash>();
  for (const scheme of SCHEMES) if (scheme.method === 14 && isAllowed(policy, scheme)) used.add(scheme.hash);
  return HASHES.filter((hash) => used.has(hash));
}

/** As libreswan announces them. */
const HASHES: readonly Hash[] = ['SHA1', 'SHA2_256', 'SHA2_384', 'SHA2_512', 'IDENTITY'];

/** libreswan's: PSS before PKCS#1 v1.5, the strongest hash first, and the methods of old last. */
const PREFERENCE: readonly Scheme[] = [
  ...(['pss', 'pkcs1', 'der'] as const).flatMap((form) =>
    ([...SHA2, 'SHA1'] as const).map((hash) => digitalSignature(form, hash)!),
  ),
  ...SCHEMES.filter(({ form }) => form === 'eddsa' || form === 'raw'),
  ...SCHEMES.filter(({ method }) => method === 1),
];

function isAllowed({ ways, sha1 }: SignaturePolicy, { code, method, form, hash }: Scheme): boolean {
  const has = (way: SignatureWay) => ways.includes(way);
  if (method === 1) return has('rsasig-v1.5');
  if (form === 'pkcs1' && !has('rsasig-v1.5')) return false;
  if (hash === 'SHA1' && !sha1) return false;
  return (hash === 'SHA1' && form === 'pkcs1') || WAYS[code].some(has);
}

/** By scheme: any of these allows it. */
const WAYS: readonly (readonly SignatureWay[])[] = SCHEMES.map(({ type, hash }) => {
  if (type === 'EdDSA') return ['eddsa'];
  const hashes = hash === 'SHA1' ? SHA2 : SHA2.filter((one) => one === hash);
  return hashes.map(
    (one): SignatureWay => `${type === 'RSA' ? 'rsa' : 'ecdsa'}-${one.toLowerCase() as Lowercase<typeof one>}`,
  );
});
