/**
 * Inner addresses, RFC 7296 §2.19: what IKEv2 has for them beside `../cp.ts`. cp-server.ts leases, cp-client.ts asks; cp-news.ts
 * answers questions later on.
 *
 *     IDi, AUTH, CP(CFG_REQUEST), SA, TSi, TSr  ──►
 *                                               ◄──  IDr, AUTH, CP(CFG_REPLY), SA, TSi, TSr
 */
import { Selector } from '../../net/selector.ts';
import { Subnet } from '../../net/subnet.ts';
import { allowed, type CpAttribute } from '../cp.ts';
import type { ChildPolicy, Policy } from '../policy.ts';
import type { Payload } from '../wire/index.ts';
import { type IkeSa, NONE } from './ike-sa.ts';

export const configuration = (cfgType: number, attributes: readonly CpAttribute[]): Payload => ({
  type: 'CP',
  critical: false,
  cfgType,
  attributes,
});

/** What we ask for: before an address is leased, anything that one might be. RFC 7296 §2.19. */
export function wanted(sa: Pick<IkeSa, 'leases'>, policy: Policy): Pick<ChildPolicy, 'local' | 'remote'> {
  const { cp, child } = policy;
  if (!cp || (cp.role === 'server' && sa.leases.length === 0)) return child;
  if (sa.leases.length > 0) return allowed(sa, policy);
  const anything = cp.role === 'client' ? cp.families : NONE;
  return { local: anything.map((family) => Selector.ofSubnet(Subnet.all(family))), remote: child.remote };
}

/** What the peer may answer to that: who has been leased nothing is granted nothing. */
export const expected = (sa: Pick<IkeSa, 'leases'>, policy: Policy): Pick<ChildPolicy, 'local' | 'remote'> =>
  policy.cp?.role === 'client' ? allowed(sa, policy) : wanted(sa, policy);
