/** How the kernel finds a policy among many. */
import type { Netlink } from '../../native/index.ts';
import type { PlaneFault } from '../port.ts';
import { SPD_INFO, XFRM_MSG } from './uapi.ts';

/**
 * The kernel hashes policies by address only if their prefixes are long enough, by default only hosts; all others
 * stand in one list, and with 10,000 tunnels each change would walk it. With these thresholds the usual policy of a
 * gateway (any subnet of ours, one host of theirs) is hashed by the far, more specific, side. They hold for the whole
 * network namespace.
 */
export const hashPolicies = (netlink: Netlink): PlaneFault | undefined =>
  netlink.tell((to) => {
    to.begin(XFRM_MSG.newSpdInfo).u32(0);
    to.attribute(SPD_INFO.hashThreshold4, (v) => v.u8(0).u8(32));
    to.attribute(SPD_INFO.hashThreshold6, (v) => v.u8(0).u8(128)).end();
  });
