/** Starting a peer's daemon where its compiled-in paths lead to its unpacked packages. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../support/netns.ts';
import type { Command, Running } from '../../support/process.ts';
import { file, libraryPath, type PeerName, shim } from './prefix.ts';

const home: Readonly<Record<PeerName, string>> = { strongswan: '/usr/lib/ipsec', libreswan: '/usr/libexec/ipsec' };

/**
 * The command in a mount namespace of its own, in which the peer's folder is where it was compiled to be and
 * /run is empty. Every step execs: the pid is the daemon's.
 */
export function athome(peer: PeerName, command: Command, env: Readonly<Record<string, string>> = {}): Command {
  const at = home[peer];
  mkdirSync(at, { recursive: true });
  const settle = 'mount --bind "$1" "$2" && mount -t tmpfs -o size=16m tmpfs /run && shift 2 && exec "$@"';
  return [
    ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', settle, 'sh', file(peer, at), at],
    ...['env', `LD_LIBRARY_PATH=${libraryPath}`, ...Object.entries(env).map(([key, value]) => `${key}=${value}`)],
    ...command,
  ];
}

/** Where a daemon under the shim writes what it told its kernel. */
export const shimLog = (directory: string): string => join(directory, 'xfrm.log');

/**
 * The environment that puts a daemon under the shim: its kernel then takes any SA and forgets to encrypt. `ahead`:
 * seconds that its clock is put forward.
 */
export function underShim(directory: string, ahead = 0): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: shim,
    XFRM_SHIM_LOG: shimLog(directory),
    XFRM_SHIM_CTL: join(directory, 'xfrm.ctl'),
    XFRM_SHIM_CLOCK: `${ahead}`,
  };
}

export function startAtHome(
  peer: PeerName,
  host: Host,
  directory: string,
  command: Command,
  env: Readonly<Record<string, string>>,
): Running {
  return host.start(athome(peer, command, env), { copy: join(directory, 'out') });
}
