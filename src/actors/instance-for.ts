/** `--initiate --remote-host A`: a template's peer, named by who asks instead of by the peer's first packet. */
import type { Address } from '../net/address.ts';
import { Endpoint } from '../net/endpoint.ts';
import { Id } from '../net/id.ts';
import type { Entry } from './registry.ts';
import type { World } from './world.ts';

/** The instance, made if there is none yet; the connection itself where its peer is that one anyway. */
export function instanceFor({ registry }: World, entry: Entry, peer: Address): Entry | { readonly why: string } {
  const { policy, conn, side } = entry;
  // Whoever is told to initiate this says why it cannot.
  if (!policy || policy.remoteHost?.equals(peer)) return entry;
  if (policy.remoteHost) return { why: `"${conn.name}": --remote-host ${peer} is not its peer ${policy.remoteHost}` };
  if (policy.localHost && policy.localHost.family !== peer.family)
    return { why: `"${conn.name}": --remote-host ${peer} is not of the family of ${policy.localHost}` };
  // A word for whoever it is, or nobody at all (RFC 7619).
  const isAnybody =
    (side === 'left' ? conn.right : conn.left).idText !== undefined || policy.theirs[0].ways.every((w) => w === 'null');
  const peerId = policy.remoteId ?? (isAnybody ? undefined : Id.ofAddress(peer));
  const instance = registry.owner(registry.instantiate(policy, peerId, new Endpoint(peer, policy.remotePort)));
  return instance ?? { why: `"${conn.name}": cannot be instantiated for ${peer}` };
}
