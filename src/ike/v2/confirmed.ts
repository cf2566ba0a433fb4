import type { Child } from '../child.ts';
import type { Policy } from '../policy.ts';

/**
 * Whether the peer has the child too. One that we granted it knows when it has our answer: its next request tells,
 * or that it would have given up on the SA by now. Until then it may say in good faith that there is no such child.
 */
export function isConfirmed(
  sa: { readonly expectedRequestId: number; readonly policy: Policy },
  child: Child,
  now: number,
) {
  const grantedAt = child.expireAt - child.policy.child.lifetime;
  return (
    child.grantedTo < 0 || sa.expectedRequestId > child.grantedTo + 1 || now > grantedAt + sa.policy.retransmitTimeout
  );
}
