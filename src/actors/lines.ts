/** How a line about a connection or a state begins, in the log and on whack's terminal. */

import type { Policy } from '../ike/policy.ts';
import type { Address } from '../net/address.ts';

/** `"west-east"`, or `"roadwarrior"[3] 192.0.2.7` for an instance. */
export const connPrefix = (policy: Pick<Policy, 'name' | 'instance'>, peer?: Address): string =>
  policy.instance === undefined ? `"${policy.name}"` : `"${policy.name}"[${policy.instance}] ${peer ?? ''}`.trimEnd();

/** `"west-east" #2`. */
export const statePrefix = (policy: Pick<Policy, 'name' | 'instance'>, serial: number, peer?: Address): string =>
  `${connPrefix(policy, peer)} #${serial}`;
