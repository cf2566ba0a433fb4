import type { Policy, V1Terms } from '../policy.ts';

/** A connection with `keyexchange=ikev1`. */
export interface V1Policy extends Policy {
  readonly v1: V1Terms;
}

/** The directory has connections of both versions. */
export const isV1 = (policy: Policy): policy is V1Policy => policy.v1 !== undefined;
