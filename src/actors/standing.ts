/** What the daemon has been told beyond its configuration, and holds until it is told otherwise or ends. */
import type { Setup } from '../conf/setup.ts';
import type { DaemonOptions } from '../control/daemon-options.ts';
import { parseGateways } from '../net/gateways.ts';
import type { Id } from '../net/id.ts';

export interface Standing {
  /** What `%myid` stands for in connections added from now on; undefined: our end's address. */
  myId: Id | undefined;
  /** Undefined: as the configuration says. */
  globalRedirect: 'yes' | 'no' | 'auto' | undefined;
  /** Addresses and host names. */
  globalRedirectTo: readonly string[];
  /** How many have been sent to another gateway: they are named by turns. */
  redirected: number;
  /** ms that a peer which has been sent elsewhere may stay. */
  redirectGrace: number;
}

/** What the command line says, else the configuration. */
export function standFor(
  standing: Standing,
  options: Pick<DaemonOptions, 'globalRedirect' | 'globalRedirectTo'>,
  setup: Pick<Setup, 'globalRedirect' | 'globalRedirectTo' | 'redirectGraceMs'>,
): void {
  const said = options.globalRedirectTo === undefined ? undefined : parseGateways(options.globalRedirectTo);
  standing.globalRedirect = options.globalRedirect ?? setup.globalRedirect;
  standing.globalRedirectTo = said && 'to' in said ? said.to : setup.globalRedirectTo;
  standing.redirectGrace = setup.redirectGraceMs;
}

export const nothingStanding = (): Standing => ({
  myId: undefined,
  globalRedirect: undefined,
  globalRedirectTo: [],
  redirected: 0,
  redirectGrace: 60_000,
});
