/** `config setup`, complete with its defaults and frozen. Times are milliseconds. */
import type { Subnet } from '../net/subnet.ts';
import type { RadiusSetup } from './build-radius.ts';
import type { Value } from './keyword.ts';
import type { Lookups } from './lookups.ts';

export interface Setup {
  /** Debug classes in order, `no-` before one clears it. */
  readonly plutodebug: readonly string[];
  /** Absent: syslog. */
  readonly logfile: string | undefined;
  readonly logtime: boolean;
  readonly logappend: boolean;
  readonly logformat: 'text' | 'json';
  readonly logip: boolean;
  readonly auditLog: boolean;
  /** `daemon.error`: facility and level. */
  readonly syslog: string;
  readonly dumpdir: string;
  readonly ipsecdir: string;
  readonly nssdir: string;
  /** A glob. */
  readonly secretsfile: string;
  readonly statsbin: string | undefined;

  /** Addresses and interfaces; empty: all. */
  readonly listen: readonly string[];
  readonly listenTcp: boolean;
  readonly listenUdp: boolean;
  /** Octets; 0: the system's. */
  readonly ikeSocketBufsize: number;
  readonly ikeSocketErrqueue: boolean;
  /** Undefined: the daemon counts the processors; 0: inline. */
  readonly nhelpers: number | undefined;
  /** `xfrm`, `userspace`, `none`; undefined: the first that works. */
  readonly protostack: 'xfrm' | 'userspace' | 'none' | undefined;

  readonly uniqueids: boolean;
  readonly vendorId: string | undefined;
  readonly virtualPrivate: readonly VirtualPrivate[];
  readonly keepAliveMs: number;
  readonly ddosMode: 'auto' | 'busy' | 'unlimited';
  readonly ddosIkeThreshold: number;
  readonly maxHalfopenIke: number;
  /** 0: any number. */
  readonly maxHalfopenPerSource: number;
  /** 0: never. */
  readonly ddosDelayMs: number;
  readonly ikev1Policy: 'accept' | 'reject' | 'drop';
  readonly globalRedirect: 'yes' | 'no' | 'auto';
  readonly globalRedirectTo: readonly string[];
  readonly redirectGraceMs: number;
  readonly shuntLifetimeMs: number;
  readonly xfrmLifetimeMs: number;

  /** Absent: no server. */
  readonly radius: RadiusSetup | undefined;

  readonly lookups: Lookups;

  /** Where, for `parseMetricsListen`; undefined: nowhere. */
  readonly metricsListen: string | undefined;
  /** Connections that have series of their own. */
  readonly metricsConnections: number;

  /** Keywords that are given but have no effect yet, by their name. */
  readonly later: ReadonlyMap<string, Value> | undefined;
}

/** `%v4:10.0.0.0/8`, or `%v4:!10.1.0.0/16` to take one out again. */
export interface VirtualPrivate {
  readonly subnet: Subnet;
  readonly excluded: boolean;
}
