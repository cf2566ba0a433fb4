import type { Id } from '../../net/id.ts';
import type { Selector } from '../../net/selector.ts';
import type { ChildSuite } from '../crypto/keys.ts';
import type { Policy } from '../policy.ts';

/**
 * A Child SA as its IKE SA knows it: enough to rekey and to delete it. Keys and counters live in the data plane.
 *
 *   up ──► rekeying ──► deleting ──► (gone)      ours: we asked for the replacement, then for the deletion
 *    └───► replaced ─────────────► (gone)        theirs: we answered, the peer will ask for the deletion
 */
export interface Child {
  readonly serial: number;
  readonly policy: Policy;
  readonly suite: ChildSuite;
  readonly spiIn: number;
  readonly spiOut: number;
  readonly mode: 'tunnel' | 'transport';
  readonly selectorsLocal: readonly Selector[];
  readonly selectorsRemote: readonly Selector[];
  readonly peerId: Id;
  state: 'up' | 'rekeying' | 'replaced' | 'deleting';
  /** Its outbound half waits for the peer to delete what it replaces. */
  awaitsOutbound: boolean;
  /** The serial of the child that takes this one's place, once there is one. */
  replacedBy: number | undefined;
  /** Id of the request that we granted it to; -1 if we asked for it. */
  grantedTo: number;
  /** ms of `Env.now`: an IKE SA that inherits the child arms its timers from these. */
  rekeyAt: number;
  expireAt: number;
}

/**
 * Whether the peer has the child too. One that we granted it knows when it has our answer: its next request tells,
 * or that it would have given up on the SA by now. Until then it may say in good faith that there is no such child.
 */
export function isConfirmed(
  sa: { readonly expectedRequestId: number; readonly policy: Policy },
  child: Child,
  now: number,
) {
  const grantedAt = child.expireAt - child.policy.child.lifetime;
  return (
    child.grantedTo < 0 || sa.expectedRequestId > child.grantedTo + 1 || now > grantedAt + sa.policy.retransmitTimeout
  );
}
