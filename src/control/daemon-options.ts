import type { Lookups } from '../conf/lookups.ts';

/**
 * What the pluto command line settles before the daemon starts. Undefined means "not said": the daemon then
 * takes it from `config setup`, and from the default only if that is silent too.
 */
export interface DaemonOptions {
  /** Stay in the foreground and print the "Pluto initialized" line on stdout. */
  readonly nofork: boolean;
  /** Log to stderr rather than to syslog. */
  readonly stderrlog: boolean;
  /** Log to this file rather than to syslog. */
  readonly logfile?: string;
  readonly logTime?: boolean;
  readonly logAppend?: boolean;
  readonly logIp?: boolean;
  readonly logFormat?: 'text' | 'json';
  readonly auditLog?: boolean;

  /** Only its `config setup` section is read by `pluto --config`. */
  readonly configFile: string;
  /** True when `--config` was given: `config setup` is then read even if the file has no conns to load. */
  readonly readsConfig: boolean;
  /** Holds `pluto.pid` (the lock) and `pluto.ctl` (the control socket). */
  readonly rundir: string;
  readonly coredir?: string;
  /** A glob. */
  readonly secretsFile?: string;
  readonly ipsecdir?: string;
  readonly nssdir?: string;
  readonly statsbin?: string;

  readonly uniqueIds?: boolean;
  readonly vendorId?: string;
  readonly virtualPrivate?: string;
  /** NAT keepalives, seconds. */
  readonly keepAlive?: number;
  readonly ddosMode?: 'busy' | 'unlimited';
  /** IKE port, FreeS/WAN's `--ikeport`; 500. */
  readonly ikePort?: number;
  /** Addresses or interfaces to listen on, comma separated; all of them. */
  readonly listen?: string;
  readonly listenTcp?: boolean;
  readonly listenUdp?: boolean;
  /** Octets. */
  readonly ikeSocketBufsize?: number;
  readonly ikeSocketErrqueue?: boolean;
  /** Of CRL and OCSP servers and of DNS. */
  readonly lookups?: Partial<Lookups>;
  /** −1: libreswan's rule (CPUs if fewer than four, else one less); 0: inline. */
  readonly nhelpers?: number;
  /** `9109`, `127.0.0.1:9109`: where metrics are served. */
  readonly metricsListen?: string;
  /** Seconds. */
  readonly expireShuntInterval?: number;
  readonly ikev1Policy?: 'accept' | 'reject' | 'drop';
  readonly globalRedirect?: 'yes' | 'no' | 'auto';
  readonly globalRedirectTo?: string;
  /** Which data plane to insist on; undefined probes xfrm, then userspace, then none. */
  readonly dataPlane?: 'xfrm' | 'userspace' | 'none';
  /** `--debug` classes in the order given; `no-` before a class clears it, `none` clears all. */
  readonly debug: readonly string[];
  /** `--impair` behaviours in the order given. */
  readonly impair: readonly string[];
  /** Run the algorithms' known answers and leave. */
  readonly selftest: boolean;
}

export const DEFAULT_RUNDIR = '/run/pluto';
export const DEFAULT_CONFIG = '/etc/ipsec.conf';

/** The control socket of a daemon with this run directory. */
export function controlSocket(rundir: string = DEFAULT_RUNDIR): string {
  return `${rundir}/pluto.ctl`;
}

/** Who has which address of which pool. */
export function leaseFile(rundir: string = DEFAULT_RUNDIR): string {
  return `${rundir}/pluto.leases`;
}

/** The lock file, which holds the daemon's process id. */
export function lockFile(rundir: string = DEFAULT_RUNDIR): string {
  return `${rundir}/pluto.pid`;
}

/** Exit statuses of `pluto`. */
export const PLUTO_EXIT = { ok: 0, failure: 1, locked: 10 } as const;
