/**
 * Where the other implementations live: Debian's packages, unpacked (never installed, no service started) in a
 * cache of their own that a second run finds again.
 *
 *   $PLUTO_PEERS, or $XDG_CACHE_HOME/pluto-peers, or ~/.cache/pluto-peers
 *     strongswan/  libreswan/    one prefix each, with `.version` once complete
 *     freeradius/  unbound/  eapoltest/  vpnc/  ike-scan/  the same
 *     lib/                       shared libraries that this machine has not installed
 *     xfrm-shim.so               see xfrm-shim.c
 *     why                        one line, when the last attempt to fill the cache failed
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type PeerName = 'strongswan' | 'libreswan';
/** Peers, and servers that we ask. */
export type Unpacked = PeerName | 'freeradius' | 'unbound' | 'eapoltest' | 'vpnc' | 'ike-scan';

export const cache =
  process.env.PLUTO_PEERS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'pluto-peers');
export const shim = join(cache, 'xfrm-shim.so');
export const whyFile = join(cache, 'why');
const triplet = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch as string] ?? process.arch;
export const libraryPath = [
  join(cache, 'strongswan/usr/lib/ipsec'),
  join(cache, 'freeradius/usr/lib/freeradius'),
  join(cache, `lib/usr/lib/${triplet}`),
  join(cache, `lib/lib/${triplet}`),
].join(':');

/** A file of a peer's packages, by the path that Debian gives it. */
export function file(peer: Unpacked, path: string): string {
  return join(cache, peer, path);
}

/** `5.9.8-5+deb12u6`; undefined until the peer is unpacked. */
export function version(peer: Unpacked): string | undefined {
  const stamp = file(peer, '.version');
  return existsSync(stamp) ? readFileSync(stamp, 'utf8').trim() : undefined;
}

/** Why a peer cannot run here; undefined when it can. */
export function lacksPeer(peer: Unpacked): string | undefined {
  if (version(peer) !== undefined && existsSync(shim)) return undefined;
  const why = existsSync(whyFile) ? readFileSync(whyFile, 'utf8').trim() : 'sh scripts/setup test has not run';
  return `${peer} is not unpacked: ${why}`;
}
