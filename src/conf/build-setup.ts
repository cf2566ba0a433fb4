import { parseSubnet } from './address-text.ts';
import type { Value } from './keyword.ts';
import { SETUP_KEYWORDS } from './keywords-setup.ts';
import { shown } from './printable.ts';
import type { Reporter } from './report.ts';
import type { Setting, Settings } from './sections.ts';
import type { Setup, VirtualPrivate } from './setup.ts';
import { laterOf, Taken } from './taken.ts';

/** `config setup` with its defaults; without settings it is what an empty file means. */
export function buildSetup(settings: Settings, reporter: Reporter): Setup {
  for (const setting of settings.values()) reporter.later(setting);
  const s = new Taken(settings, SETUP_DEFAULTS);
  return Object.freeze({
    plutodebug: s.list('plutodebug'),
    logfile: s.text('logfile'),
    logtime: s.flag('logtime'),
    logappend: s.flag('logappend'),
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
    virtualPrivate: virtualPrivate(settings.get('virtual-private'), reporter),
    keepAliveMs: s.number('keep-alive')!,
    ddosMode: s.word<Setup['ddosMode']>('ddos-mode')!,
    ddosIkeThreshold: s.number('ddos-ike-threshold')!,
    maxHalfopenIke: s.number('max-halfopen-ike')!,
    ikev1Policy: s.word<Setup['ikev1Policy']>('ikev1-policy')!,
    shuntLifetimeMs: s.number('shuntlifetime')!,
    xfrmLifetimeMs: s.number('xfrmlifetime')!,
    later: laterOf(settings),
  });
}

const SETUP_DEFAULTS: ReadonlyMap<string, Value> = Taken.defaults(SETUP_KEYWORDS);

function virtualPrivate(setting: Setting | undefined, reporter: Reporter): readonly VirtualPrivate[] {
  if (setting === undefined || !Array.isArray(setting.value)) return [];
  const nets: VirtualPrivate[] = [];
  for (const text of setting.value as readonly string[]) {
    const match = /^%v([46]):(!?)(.+)$/.exec(text);
    const parsed = match ? parseSubnet(match[3]) : undefined;
    if (match && parsed && parsed.subnet.family === Number(match[1])) {
      nets.push({ subnet: parsed.subnet, excluded: match[2] === '!' });
      continue;
    }
    const { file, line, key } = setting;
    const problem = `${key}=: expected %v4:SUBNET, %v6:SUBNET or %v4:!SUBNET, got ${shown(text)}`;
    reporter.add({ severity: 'error', file, line, section: 'config setup', keyword: key, text: problem });
  }
  return Object.freeze(nets);
}
