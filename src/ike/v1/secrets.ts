/** Pre-shared keys as phase 1 looks them up. RFC 2409 §5.4: in Main Mode before the peer has said who it is. */
import { Id } from '../../net/id.ts';
import type { V1Policy } from './policy.ts';
import type { Turn } from './turn.ts';

/** Fresh octets, which the caller wipes; before the peer has said who it is, by its address. */
export function secretFor({ sa, env }: Turn, policy: V1Policy, peerId?: Id): Uint8Array | undefined {
  const remote = peerId ?? policy.remoteId ?? Id.ofAddress(sa.peer.address);
  const psk = env.directory.psk(policy.localId, remote, sa.local.address, sa.peer.address);
  return psk && Uint8Array.from(psk);
}
