/** What the system allows a daemon, as far as tuning goes. */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg, networkInterfaces } from 'node:os';
import { Address } from '../../net/address.ts';

export interface Machine {
  readonly cpus: number;
  /** Octets, as the kernel counts them, of a socket of a daemon that is told nothing else. */
  readonly bufferNow: number;
  /** What a process without CAP_NET_ADMIN may ask for. */
  readonly bufferMost: number | undefined;
  /** Threads that ran or wanted to, over the last minute. */
  readonly load: number;
}

/** Octets, with `ike-socket-bufsize=0`: the kernel doubles what it is told. */
const DAEMON_ASKS = 4 << 20;

export function machine(): Machine {
  return {
    cpus: availableParallelism(),
    bufferNow: 2 * DAEMON_ASKS,
    bufferMost: numberIn('/proc/sys/net/core/rmem_max'),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

/** Those of this machine, by which the end of a connection is told that is ours. */
export const ownAddresses = (): readonly Address[] =>
  Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).flatMap(({ address }) => Address.parse(address) ?? []),
  );

/** Processor time of this thread, ms: time itself where the system does not tell. */
export function threadMs(): number {
  try {
    const nanos = Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ', 1)[0]);
    if (nanos > 0) return nanos / 1e6;
  } catch {
    // Not Linux, or not told.
  }
  return performance.now();
}

function numberIn(path: string): number | undefined {
  try {
    const value = Number(readFileSync(path, 'utf8').trim());
    return Number.isSafeInteger(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
