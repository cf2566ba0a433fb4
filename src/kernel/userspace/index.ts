/**
 * The data plane without a kernel's ESP: packets meet a TUN device, a native thread makes ESP of them and back
 * (src/native/userspace).
 *
 *   plane.ts     the port: SAs, policies, events
 *   convert.ts   the port's values as the engine's
 *   routes.ts    what leads protected traffic into the TUN device: a table of ours and a rule
 *   guard.ts     what keeps protected traffic from going past it: an nftables table of ours
 *   nftables.ts  the messages that guard.ts sends
 */
export { openUserspace, openUserspaceWith } from './plane.ts';
