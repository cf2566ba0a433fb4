/** The daemon as `--status` shows it: what it was told, and what is in force. */
import type { Setup } from '../conf/setup.ts';
import type { DaemonOptions } from '../control/daemon-options.ts';
import type { DaemonInfo, InterfaceRow } from '../control/status/rows.ts';
import { version } from '../control/version.ts';
import { ENCRS, GROUPS, INTEGS, PRFS } from '../ike/crypto/algorithms.ts';
import { NAT_PORT } from '../ike/v2/sa-init.ts';
import type { DataPlane } from '../kernel/port.ts';
import type { GateLimits } from './switchboard.ts';

export interface DaemonFacts {
  readonly options: DaemonOptions;
  readonly setup: Setup;
  readonly plane: DataPlane['name'];
  readonly limits: GateLimits;
  readonly interfaces: readonly InterfaceRow[];
  readonly startTime: Date;
  readonly keepAliveMs: number;
  readonly debug: readonly string[];
}

export function daemonInfo(facts: DaemonFacts): DaemonInfo {
  const { setup, plane, interfaces, startTime, keepAliveMs, debug } = facts;
  const subnets = (excluded: boolean) =>
    setup.virtualPrivate.filter((v) => v.excluded === excluded).map((v) => `${v.subnet}`);
  return {
    pid: process.pid,
    version: version(),
    startTime: Math.floor(startTime.getTime() / 1000),
    dataPlane: plane,
    interfaces,
    fips: 'disabled',
    selinux: 'disabled',
    seccomp: 'disabled',
    setup: inForce(facts),
    debug,
    keepAlive: keepAliveMs / 1000,
    natIkePort: NAT_PORT,
    virtualPrivate: { allowed: subnets(false), excluded: subnets(true) },
    algorithms: ALGORITHMS,
  };
}

/** By keyword, as text: the command line's word where it has one, else `config setup`'s. */
function inForce({ options, setup, limits }: DaemonFacts): Record<string, string> {
  const yes = (flag: boolean) => (flag ? 'yes' : 'no');
  const values: Record<string, string | undefined> = {
    configdir: '/etc',
    configfile: options.configFile,
    secretsfile: options.secretsFile ?? setup.secretsfile,
    ipsecdir: options.ipsecdir ?? setup.ipsecdir,
    nssdir: options.nssdir ?? setup.nssdir,
    dumpdir: options.coredir ?? setup.dumpdir,
    statsbin: options.statsbin ?? setup.statsbin,
    myvendorid: options.vendorId ?? setup.vendorId,
    'audit-log': yes(options.auditLog ?? setup.auditLog),
    nhelpers: `${options.nhelpers ?? setup.nhelpers ?? -1}`,
    uniqueids: yes(options.uniqueIds ?? setup.uniqueids),
    shuntlifetime: `${setup.shuntLifetimeMs / 1000}s`,
    xfrmlifetime: `${setup.xfrmLifetimeMs / 1000}s`,
    logfile: options.logfile ?? setup.logfile,
    logappend: yes(options.logAppend ?? setup.logappend),
    logip: yes(options.logIp ?? setup.logip),
    logtime: yes(options.logTime ?? setup.logtime),
    'ddos-ike-threshold': `${limits.cookiesFrom}`,
    'max-halfopen-ike': `${limits.maxHalfOpen}`,
    'ddos-mode': limits.mode,
    'ikev1-policy': options.ikev1Policy ?? setup.ikev1Policy,
    'ike-socket-bufsize': `${options.ikeSocketBufsize ?? setup.ikeSocketBufsize}`,
    'ike-socket-errqueue': yes(options.ikeSocketErrqueue ?? setup.ikeSocketErrqueue),
    listen: options.listen ?? (setup.listen.join(',') || '<any>'),
  };
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

const ALGORITHMS: DaemonInfo['algorithms'] = {
  espEncrypt: ENCRS.filter((a) => a.esp).map(({ name, keyBits, defaultKeyBits }) => ({
    name,
    keyMin: Math.min(...keyBits, defaultKeyBits),
    keyMax: Math.max(...keyBits, defaultKeyBits),
  })),
  espAuth: INTEGS.filter((a) => a.id !== 0).map((a) => ({ name: a.name, keyLength: a.keyOctets * 8 })),
  ikeEncrypt: ENCRS.filter((a) => a.ike).map((a) => ({
    v1Id: -1,
    v1Name: 'n/a',
    v2Id: a.id,
    v2Name: a.name,
    blockSize: a.blockOctets,
    keyDefault: a.defaultKeyBits,
  })),
  ikePrf: PRFS.map((a) => ({ name: a.name, hashLength: a.outOctets })),
  ikeDh: GROUPS.filter((a) => a.id !== 0).map((a) => ({ name: a.name, bits: a.publicOctets * 8 })),
};
