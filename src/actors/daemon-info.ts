/** The daemon as `--status` shows it: what it was told, and what is in force. */
import { dirname, join } from 'node:path';
import { SETUP_KEYWORDS } from '../conf/keywords-setup.ts';
import { lookupTexts } from '../conf/lookups.ts';
import type { Setup } from '../conf/setup.ts';
import { defaultOf } from '../conf/values.ts';
import type { DaemonOptions } from '../control/daemon-options.ts';
import { installation } from '../control/installation.ts';
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
    ...Object.fromEntries(WITHOUT_EFFECT.map((keyword) => [keyword, laterText(setup, keyword)])),
    ...lookupTexts(setup.lookups),
    configdir: dirname(options.configFile),
    sbindir: join(installation(), 'bin'),
    libexecdir: join(installation(), 'bin'),
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
    'max-halfopen-per-source': `${limits.maxPerSource}`,
    'ddos-delay': `${limits.delay}ms`,
    'metrics-listen': options.metricsListen ?? setup.metricsListen,
    'redirect-grace': `${setup.redirectGraceMs / 1000}s`,
    'global-redirect': options.globalRedirect ?? setup.globalRedirect,
    'global-redirect-to': options.globalRedirectTo ?? (setup.globalRedirectTo.join(',') || undefined),
    'ikev1-policy': options.ikev1Policy ?? setup.ikev1Policy,
    'ike-socket-bufsize': `${options.ikeSocketBufsize ?? setup.ikeSocketBufsize}`,
    'ike-socket-errqueue': yes(options.ikeSocketErrqueue ?? setup.ikeSocketErrqueue),
    listen: options.listen ?? (setup.listen.join(',') || '<any>'),
  };
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Keywords of `config setup` that are shown, and do nothing yet. */
const WITHOUT_EFFECT: readonly string[] = ['dnssec-rootkey-file', 'dnssec-anchors', 'nflog-all'];

const KEYWORDS = new Map(SETUP_KEYWORDS.map((keyword) => [keyword.name, keyword]));

/** As it was given, or its default; whole seconds without a unit, as libreswan prints them. */
function laterText({ later }: Setup, name: string): string | undefined {
  const keyword = KEYWORDS.get(name);
  const value = later?.get(name) ?? (keyword && defaultOf(keyword));
  if (value === undefined) return name === 'nflog-all' ? '0' : undefined;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return keyword?.type.t === 'duration' ? `${Number(value) / 1000}` : `${value}`;
}

/** By their IKEv2 transform ids: what IKEv1 calls the same (RFC 2409 appendix A, IANA). */
const V1_ENCRYPTION: Readonly<Record<number, readonly [id: number, name: string]>> = {
  3: [5, 'OAKLEY_3DES_CBC'],
  12: [7, 'OAKLEY_AES_CBC'],
  13: [13, 'OAKLEY_AES_CTR'],
  23: [8, 'OAKLEY_CAMELLIA_CBC'],
};
/** Where libreswan prints IANA's name and not that of `ike=`. */
const V2_NAMES: Readonly<Record<number, string>> = {
  3: '3DES',
  14: 'AES_CCM_A',
  15: 'AES_CCM_B',
  16: 'AES_CCM_C',
  18: 'AES_GCM_A',
  19: 'AES_GCM_B',
  20: 'AES_GCM_C',
};

const byName = <A extends { readonly name: string }>(rows: readonly A[]): readonly A[] =>
  [...rows].sort((a, b) => (a.name < b.name ? -1 : 1));

const ALGORITHMS: DaemonInfo['algorithms'] = {
  espEncrypt: byName(ENCRS.filter((a) => a.esp)).map(({ name, keyBits, defaultKeyBits }) => ({
    name,
    keyMin: Math.min(...keyBits, defaultKeyBits),
    keyMax: Math.max(...keyBits, defaultKeyBits),
  })),
  espAuth: byName(INTEGS.filter((a) => a.id !== 0)).map((a) => ({ name: a.name, keyLength: a.keyOctets * 8 })),
  ikeEncrypt: ENCRS.filter((a) => a.ike).map((a) => ({
    v1Id: V1_ENCRYPTION[a.id]?.[0] ?? -1,
    v1Name: V1_ENCRYPTION[a.id]?.[1] ?? 'n/a',
    v2Id: a.id,
    v2Name: V2_NAMES[a.id] ?? a.name,
    // The cipher's own, also in modes that need no padding.
    blockSize: a.blockOctets === 1 ? 16 : a.blockOctets,
    keyDefault: a.defaultKeyBits,
  })),
  ikePrf: PRFS.map((a) => ({ name: a.name, hashLength: a.outOctets })),
  ikeDh: GROUPS.filter((a) => a.id !== 0).map((a) => ({ name: a.name, bits: a.publicOctets * 8 })),
};
