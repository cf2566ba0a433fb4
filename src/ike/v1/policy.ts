import type { Policy, V1Terms } from '../policy.ts';

/** A connection with `keyexchange=ikev1`. */
export interface V1Policy extends Policy {
  readonly v1: V1Terms;
}

/** The directory has connections of both versions. */
export const isV1 = (policy: Policy): policy is V1Policy => policy.v1 !== undefined;

/** Whether there is more to settle between phase 1 and Quick Mode. A server that is asked has nothing to begin. */
export const hasToSettle = ({ cp, v1 }: V1Policy): boolean =>
  v1.xauth !== undefined || cp?.role === 'client' || (cp?.role === 'server' && v1.modeConfig === 'push');
