/** Whose traffic a connection's children are for, once Mode Config has had its say. */
import { Selector } from '../../net/selector.ts';
import { Subnet } from '../../net/subnet.ts';
import { allowed } from '../cp.ts';
import type { ChildPolicy, Policy } from '../policy.ts';
import type { IsakmpSa } from './isakmp-sa.ts';

type Nets = Pick<ChildPolicy, 'local' | 'remote'>;

/** Undefined: the connection leases addresses, or wants one, and there is none yet. */
export function netsOf(sa: Pick<IsakmpSa, 'leases' | 'behindPeer'>, policy: Policy): Nets | undefined {
  const { cp } = policy;
  if (!cp) return policy.child;
  if (sa.leases.length === 0) return undefined;
  const { local, remote } = allowed(sa, policy);
  const isSplit = cp.role === 'client' && sa.behindPeer.length > 0 && remote.every(isEverything);
  return { local, remote: isSplit ? sa.behindPeer : remote };
}

export const isEverything = (selector: Selector): boolean =>
  selector.equals(Selector.ofSubnet(Subnet.all(selector.family)));
