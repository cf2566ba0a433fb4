/** What the daemon has been told beyond its configuration, and holds until it is told otherwise or ends. */
import type { Id } from '../net/id.ts';

export interface Standing {
  /** What `%myid` stands for in connections added from now on; undefined: our end's address. */
  myId: Id | undefined;
  /** Undefined: as the configuration says. */
  globalRedirect: 'yes' | 'no' | 'auto' | undefined;
  /** Addresses and host names. */
  globalRedirectTo: readonly string[];
  /** Where the peers of a connection are to go, by its name. */
  readonly redirects: Map<string, readonly string[]>;
}

export const nothingStanding = (): Standing => ({
  myId: undefined,
  globalRedirect: undefined,
  globalRedirectTo: [],
  redirects: new Map(),
});
