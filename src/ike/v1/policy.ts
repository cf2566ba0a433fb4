import type { Policy } from '../policy.ts';

/** What of a connection IKEv1 alone asks for; all else is shared with IKEv2. */
interface V1Terms {
  /** As initiator begin with Aggressive Mode; as responder answer it. RFC 2409 §5.4. */
  readonly aggressive: boolean;
  /** `nat-ikev1-method=`: which forms of NAT traversal are offered and understood. */
  readonly nat: 'both' | 'rfc' | 'drafts' | 'none';
  /** `dpdtimeout=`, ms: how long a peer may be silent when it is asked. RFC 3706. */
  readonly dpdTimeout: number;
  /** An ISAKMP SA alone: without `--encrypt` and `--authenticate` there is nothing to protect. */
  readonly isAlone: boolean;
}

/** A connection with `keyexchange=ikev1`. */
export interface V1Policy extends Policy {
  readonly v1: V1Terms;
}

/** The directory has connections of both versions. */
export const isV1 = (policy: Policy): policy is V1Policy => 'v1' in policy;
