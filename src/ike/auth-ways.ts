/** The words of `authby=` and `leftauth=` as IKE_AUTH uses them. */
import type { SignatureWay } from './crypto/signature/choice.ts';
import type { AuthWay, EapWay } from './policy.ts';

export const isEap = (way: AuthWay): way is EapWay => way.startsWith('eap');

export const isSignature = (way: AuthWay): way is SignatureWay =>
  way !== 'secret' && way !== 'null' && way !== 'never' && !isEap(way);

/** Those that prove both ends and make a key, so that nothing else need prove the responder. RFC 5998 §4. */
const SAFE_ALONE: readonly EapWay[] = ['eap-tls', 'eap-ttls', 'eap-peap'];

export function safeAlone(ways: readonly AuthWay[]): readonly EapWay[] {
  const eap = ways.filter(isEap);
  return eap.includes('eap') ? SAFE_ALONE : eap.filter((way) => SAFE_ALONE.includes(way));
}

/** As `authby=` says it: `rsasig`, `ecdsa`, `secret`. */
export const waysText = (ways: readonly AuthWay[]): string =>
  [...new Set(ways.map(familyOf))].join(' or ') || 'nothing';

function familyOf(way: AuthWay): string {
  if (way.startsWith('rsa')) return 'authby=rsasig';
  if (way.startsWith('ecdsa')) return 'authby=ecdsa';
  return isEap(way) ? way.toUpperCase() : `authby=${way}`;
}
