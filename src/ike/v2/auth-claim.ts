/** What the peer says that proves it, and what may come of looking at it. RFC 7296 §2.15, RFC 7427, RFC 7619. */
import type { Id } from '../../net/id.ts';
import { isEap, waysText } from '../auth-ways.ts';
import type { AuthCheck } from '../crypto/job.ts';
import { parseAuth } from '../crypto/signature/auth.ts';
import { refusal } from '../crypto/signature/choice.ts';
import type { Scheme } from '../crypto/signature/scheme.ts';
import { explainWay } from '../explain/proofs.ts';
import type { Policy } from '../policy.ts';
import type { Refusal } from '../refusal.ts';
import { AUTH_METHOD, find, type Payload } from '../wire/index.ts';
import type { ChildOffer } from './ike-sa.ts';

/** How the peer wants to have proven itself; nothing is verified yet. */
export type Claim =
  | { readonly t: 'secret' | 'null'; readonly data: Uint8Array }
  | { readonly t: 'signature'; readonly scheme: Scheme; readonly signature: Uint8Array }
  /** It will. */
  | { readonly t: 'eap' }
  | { readonly t: 'unknown'; readonly wrong: string };

export function claimIn(payloads: readonly Payload[]): Claim {
  const auth = find(payloads, 'AUTH');
  if (!auth) return { t: 'eap' };
  const { method, data } = auth;
  if (method === AUTH_METHOD.SHARED_KEY_MIC) return { t: 'secret', data };
  if (method === AUTH_METHOD.NULL) return { t: 'null', data };
  const parsed = parseAuth(method, data);
  return 'wrong' in parsed ? { t: 'unknown', wrong: parsed.wrong } : { t: 'signature', ...parsed };
}

const claimText = (claim: Claim): string =>
  claim.t === 'signature' ? claim.scheme.name : (OTHER_CLAIMS[claim.t] ?? `authby=${claim.t}`);
const OTHER_CLAIMS: Readonly<Record<string, string | undefined>> = { eap: 'EAP', unknown: 'what we do not know' };

/** Why the policy does not let a peer prove itself so; undefined if it does. */
export function notAllowed(policy: Policy, round: number, claim: Claim): Refusal | undefined {
  const ways = policy.theirs[round]?.ways ?? [];
  const refused = (detail = ''): Refusal => ({
    wrong: `peer authenticates by ${claimText(claim)}, we want ${waysText(ways)}${detail && `: ${detail}`}`,
    kind: 'method',
    why: () => explainWay(claimText(claim), ways, policy.name),
  });
  switch (claim.t) {
    case 'unknown':
      return refused(claim.wrong);
    case 'eap':
      return ways.some(isEap) ? undefined : refused();
    case 'signature': {
      const wrong = refusal({ ways, sha1: policy.sha1 }, claim.scheme);
      return wrong === undefined ? undefined : refused(wrong);
    }
    default:
      return ways.includes(claim.t) ? undefined : refused();
  }
}

export interface Checking {
  readonly policy: Policy;
  readonly round: number;
  readonly peerId: Id;
  readonly claim: Claim;
  readonly payloads: readonly Payload[];
  /** What the same helper is to sign for us if the peer convinces it. */
  readonly sign: AuthCheck['sign'];
  readonly offer?: ChildOffer | undefined;
}
