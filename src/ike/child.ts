import type { Id } from '../net/id.ts';
import type { Selector } from '../net/selector.ts';
import type { ChildSuite } from './crypto/keys.ts';
import type { Policy } from './policy.ts';

/**
 * A Child SA (in IKEv1, a pair of IPsec SAs) as its IKE SA knows it: enough to rekey and to delete it. Keys and counters live in the data plane.
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
  /** IKEv1: the other SAs of a bundle, which come and go with these. */
  readonly ah?: { readonly spiIn: number; readonly spiOut: number };
  readonly ipcomp?: { readonly cpiIn: number; readonly cpiOut: number };
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
