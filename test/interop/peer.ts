/** What a scenario may ask of either end of the wire, whichever implementation stands there. */
import type { Host } from '../support/netns.ts';
import type { InstalledSa } from './peers/shim-log.ts';
import type { Ends, Tunnel } from './tunnel.ts';

/** `conn`: `net` unless said. */
export interface Peer {
  readonly name: string;
  /** Initiates it and waits until it is up; throws with the peer's own words when it does not come up. */
  readonly up: (conn?: string) => Promise<void>;
  /** True while it has an established IKE SA and an installed Child SA of it. */
  readonly isUp: (conn?: string) => Promise<boolean>;
  readonly rekeyChild: (conn?: string) => Promise<void>;
  readonly rekeyIke: (conn?: string) => Promise<void>;
  readonly deleteChild: (conn?: string) => Promise<void>;
  readonly deleteIke: (conn?: string) => Promise<void>;
  /** What it says of its newest ISAKMP SA: `AES_CBC_256-SHA2_256-MODP2048`; undefined without one. */
  readonly agreed: (conn: string) => Promise<string | undefined>;
  /** SAs it has told the kernel to install so far, and not yet to delete; empty where it carries ESP itself. */
  readonly installed: () => Promise<readonly InstalledSa[]>;
  readonly log: () => Promise<string>;
  /** Ends it in good order: it tells its peer. */
  readonly stop: () => Promise<void>;
  /** Ends it as a power cut would. */
  readonly kill: () => Promise<void>;
}

export interface Place {
  readonly side: 'west' | 'east';
  readonly host: Host;
  /** Its files; exists, and is its own. */
  readonly directory: string;
  readonly tunnel: Tunnel;
  readonly ends: Ends;
}

/** Starts an implementation with `net` loaded; gives it back once it listens. */
export type StartPeer = (place: Place) => Promise<Peer>;
