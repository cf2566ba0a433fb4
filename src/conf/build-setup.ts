import { Address } from '../net/address.ts';
import { parseSubnet } from './address-text.ts';
import { knownClasses } from './build-debug.ts';
import { radius } from './build-radius.ts';
import { gateways } from './gateway-list.ts';
import type { Value } from './keyword.ts';
import { SETUP_KEYWORDS } from './keywords-setup.ts';
import { buildLookups } from './lookups.ts';
import { OPEN_METRICS, parseMetricsListen } from './metrics-listen.ts';
import { shown } from './printable.ts';
import type { Problem } from './problem.ts';
import type { Reporter } from './report.ts';
import type { Setting, Settings } from './sections.ts';
import type { Setup, VirtualPrivate } from './setup.ts';
import { laterOf, Taken } from './taken.ts';

/** `config setup` with its defaults; without settings it is what an empty file means. */
export function buildSetup(settings: Settings, reporter: Reporter): Setup {
  for (const setting of settings.values()) reporter.later(setting, 'config setup');
  const complain: Complain = ({ file, line, key }, severity, text) =>
    reporter.add({ severity, file, line, section: 'config setup', keyword: key, text: `${key}=: ${text}` });
  const s = new Taken(settings, SETUP_DEFAULTS);
  checkListen(settings.get('listen'), complain);
  checkSyslog(settings.get('syslog'), complain);
  checkOdds(settings, s, complain);
  return Object.freeze({
    plutodebug: knownClasses(settings.get('plutodebug'), (setting, text) => complain(setting, 'warning', text)),
    logfile: s.text('logfile'),
    logtime: s.flag('logtime'),
    logappend: s.flag('logappend'),
    logformat: s.word<Setup['logformat']>('logformat')!,
    logip: s.flag('logip'),
    auditLog: s.flag('audit-log'),
    syslog: s.text('syslog')!,
    dumpdir: s.text('dumpdir')!,
    ipsecdir: s.text('ipsecdir')!,
    nssdir: s.text('nssdir')!,
    secretsfile: s.text('secretsfile')!,
    statsbin: s.text('statsbin'),
    listen: s.list('listen'),
    listenTcp: s.flag('listen-tcp'),
    listenUdp: s.flag('listen-udp'),
    ikeSocketBufsize: s.number('ike-socket-bufsize')!,
    ikeSocketErrqueue: s.flag('ike-socket-errqueue'),
    nhelpers: s.number('nhelpers'),
    protostack: s.word<'xfrm' | 'userspace' | 'none'>('protostack'),
    uniqueids: s.flag('uniqueids'),
    vendorId: s.text('myvendorid'),
    virtualPrivate: virtualPrivate(settings.get('virtual-private'), complain),
    keepAliveMs: keepAlive(settings.get('keep-alive'), complain),
    ddosMode: s.word<Setup['ddosMode']>('ddos-mode')!,
    ddosIkeThreshold: s.number('ddos-ike-threshold')!,
    maxHalfopenIke: s.number('max-halfopen-ike')!,
    maxHalfopenPerSource: s.number('max-halfopen-per-source')!,
    ddosDelayMs: s.number('ddos-delay')!,
    ikev1Policy: s.word<Setup['ikev1Policy']>('ikev1-policy')!,
    globalRedirect: s.word<Setup['globalRedirect']>('global-redirect')!,
    globalRedirectTo: gateways(settings.get('global-redirect-to'), (setting, text) => complain(setting, 'error', text)),
    redirectGraceMs: s.number('redirect-grace')!,
    shuntLifetimeMs: s.number('shuntlifetime')!,
    xfrmLifetimeMs: s.number('xfrmlifetime')!,
    radius: radius(settings, s, complain),
    lookups: buildLookups(settings, s, (setting, text) => complain(setting, 'error', text)),
    metricsListen: metricsListen(settings.get('metrics-listen'), complain),
    metricsConnections: s.number('metrics-connections')!,
    later: laterOf(settings),
  });
}

const SETUP_DEFAULTS: ReadonlyMap<string, Value> = Taken.defaults(SETUP_KEYWORDS);

/** A problem with one value, or one word of a list. */
type Complain = (setting: Setting, severity: Problem['severity'], text: string) => void;

function virtualPrivate(setting: Setting | undefined, complain: Complain): readonly VirtualPrivate[] {
  const nets: VirtualPrivate[] = [];
  for (const text of wordsOf(setting)) {
    const match = /^%v([46]):(!?)(.+)$/.exec(text);
    const parsed = match ? parseSubnet(match[3]) : undefined;
    if (match && parsed && parsed.subnet.family === Number(match[1])) {
      nets.push({ subnet: parsed.subnet, excluded: match[2] === '!' });
    } else complain(setting!, 'error', `expected %v4:SUBNET, %v6:SUBNET or %v4:!SUBNET, got ${shown(text)}`);
  }
  return Object.freeze(nets);
}

/** Whole addresses, as nobody is listened to at a short form such as 10.1.1, and names that interfaces can have. */
function checkListen(setting: Setting | undefined, complain: Complain): void {
  for (const text of wordsOf(setting)) {
    if (Address.parse(text) || isInterface(text.replace(/^%/, ''))) continue;
    complain(setting!, 'error', `expected addresses or names of interfaces, got ${shown(text)}`);
  }
}

const FACILITIES: ReadonlySet<string> = new Set(
  'auth authpriv cron daemon ftp kern lpr mail news syslog user uucp local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  ),
);
const LEVELS: ReadonlySet<string> = new Set(
  'emerg panic alert crit err error warning warn notice info debug'.split(' '),
);

function checkSyslog(setting: Setting | undefined, complain: Complain): void {
  if (!setting) return;
  const [facility, level, ...more] = setting.raw.toLowerCase().split('.');
  if (FACILITIES.has(facility) && level !== undefined && LEVELS.has(level) && more.length === 0) return;
  complain(setting, 'warning', `expected FACILITY.LEVEL such as daemon.error, got ${shown(setting.raw)}`);
}

function metricsListen(setting: Setting | undefined, complain: Complain): string | undefined {
  if (!setting || setting.raw === '%none') return undefined;
  const parsed = parseMetricsListen(setting.raw);
  if ('fault' in parsed) {
    complain(setting, 'error', `${parsed.fault}, got ${shown(setting.raw)}`);
    return undefined;
  }
  if (parsed.isOpen) complain(setting, 'warning', OPEN_METRICS);
  return setting.raw;
}

/** Less would keep the network busy, more keeps no NAT's mapping. */
function keepAlive(setting: Setting | undefined, complain: Complain): number {
  const value = Number(setting?.value ?? SETUP_DEFAULTS.get('keep-alive'));
  if (value >= 1000 && value <= 86_400_000) return value;
  if (setting) complain(setting, 'warning', 'expected 1s to 1d, ignored');
  return Number(SETUP_DEFAULTS.get('keep-alive'));
}

/** What is allowed, and not what anybody means. */
function checkOdds(settings: Settings, s: Taken, complain: Complain): void {
  const warn = (key: string, isOdd: boolean, text: string) => {
    const setting = settings.get(key);
    if (setting && isOdd) complain(setting, 'warning', text);
  };
  const nflog = s.number('nflog-all');
  warn('nflog-all', nflog !== undefined && (nflog < 1 || nflog > 65535), 'expected 1 to 65535');
  warn('curl-iface', !isInterface(s.text('curl-iface') ?? ''), 'expected the name of an interface');
  warn('ocsp-uri', !/^https?:\/\/\S+$/i.test(s.text('ocsp-uri') ?? ''), 'expected http://... or https://...');
  const [least, most] = [s.number('ocsp-cache-min-age')!, s.number('ocsp-cache-max-age')!];
  warn('ocsp-cache-min-age', least > most, 'it is more than ocsp-cache-max-age=');
  const [cookies, refusals] = [s.number('ddos-ike-threshold')!, s.number('max-halfopen-ike')!];
  warn('ddos-ike-threshold', cookies > refusals, 'max-halfopen-ike= is less: cookies are never asked for');
  const isNowhere = s.word('global-redirect') !== 'no' && s.text('global-redirect-to') === undefined;
  warn('global-redirect', isNowhere, 'global-redirect-to= is missing');
  warn('listen-udp', !s.flag('listen-udp') && !s.flag('listen-tcp'), 'nothing is listened to without listen-tcp=yes');
}

const isInterface = (text: string): boolean => /^[A-Za-z][A-Za-z0-9._@-]{0,14}$/.test(text);

const wordsOf = (setting: Setting | undefined): readonly string[] =>
  setting !== undefined && Array.isArray(setting.value) ? setting.value : [];
