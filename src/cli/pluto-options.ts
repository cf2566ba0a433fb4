/** pluto's options: libreswan 5.2's, and FreeS/WAN's that still mean something. */
import { byName, type OptionRow } from './options.ts';

export type PlutoGroup = 'running' | 'files' | 'logging' | 'ike' | 'network' | 'certificates' | 'testing';

export interface PlutoOption extends OptionRow {
  readonly group: PlutoGroup;
  readonly isNumber?: true;
  /** May be said several times. */
  readonly isList?: true;
  /** Understood, but nothing comes of it yet. */
  readonly isLater?: true;
}

type Extra = Partial<PlutoOption>;
const LATER = { isLater: true } as const;
const OLD = { isObsolete: true } as const;

const options = (group: PlutoGroup) => ({
  flag: (name: string, help: string, extra: Extra = {}): PlutoOption => ({ name, group, arg: 'none', help, ...extra }),
  text: (name: string, argName: string, help: string, extra: Extra = {}): PlutoOption => ({
    name,
    group,
    arg: 'required',
    argName,
    help,
    ...extra,
  }),
  number: (name: string, argName: string, help: string, extra: Extra = {}): PlutoOption => ({
    name,
    group,
    arg: 'required',
    argName,
    help,
    isNumber: true,
    ...extra,
  }),
});

const r = options('running');
const f = options('files');
const l = options('logging');
const i = options('ike');
const w = options('network');
const c = options('certificates');
const t = options('testing');

/** FreeS/WAN has an option to a class; those that are off or on as a whole first. */
export const FREESWAN_DEBUG: readonly string[] = [
  ...['none', 'all', 'raw', 'crypt', 'parsing', 'emitting'],
  ...['control', 'lifecycle', 'klips', 'dns', 'oppo', 'private'],
];
const FREESWAN_HELP: Readonly<Record<string, string>> = { none: 'nothing', all: 'everything but messages and keys' };

export const PLUTO_OPTIONS: ReadonlyMap<string, PlutoOption> = byName<PlutoOption>([
  r.flag('help', 'this text'),
  r.flag('version', 'what this is'),
  r.flag('nofork', 'stay in the foreground'),
  r.number('nhelpers', 'N', 'helper threads; -1: by the number of CPUs, 0: none'),
  r.text('metrics-listen', 'ADDRESS:PORT', 'serve metrics for Prometheus; PORT alone: on this machine'),
  r.flag('use-xfrm', 'data plane: the kernel'),
  r.flag('use-userspace', 'data plane: ESP in pluto itself'),
  r.flag('noklips', 'data plane: none, only negotiate'),
  r.flag('use-pfkeyv2', 'data plane of the BSDs', LATER),
  r.number('seedbits', 'N', 'entropy to ask for', LATER),
  r.flag('seccomp-enabled', 'kill on unexpected system calls', LATER),
  r.flag('seccomp-tolerant', 'log unexpected system calls', LATER),

  f.text('config', 'FILE', 'read its config setup section'),
  f.text('rundir', 'DIR', 'for pluto.pid and pluto.ctl'),
  f.text('ctlbase', 'PATH', 'the control socket without .ctl', OLD),
  f.text('coredir', 'DIR', 'where to dump core'),
  f.text('dumpdir', 'DIR', '', { sameAs: 'coredir' }),
  f.text('secretsfile', 'GLOB', 'instead of /etc/ipsec.secrets'),
  f.text('ipsecdir', 'DIR', 'instead of /etc/ipsec.d'),
  f.text('foodgroupsdir', 'DIR', '', { sameAs: 'ipsecdir', ...OLD }),
  f.text('nssdir', 'DIR', 'certificates and keys'),
  f.text('statsbin', 'FILE', 'told of tunnels that come and go', LATER),

  l.flag('stderrlog', 'log to stderr'),
  l.text('logfile', 'FILE', 'log to a file'),
  l.flag('log-no-time', 'no time in the log'),
  l.flag('log-no-append', 'begin the log file anew'),
  l.flag('log-no-ip', 'no peer addresses in the log'),
  l.text('logformat', 'text|json', 'a JSON object to a line, or text', { words: ['text', 'json'] }),
  l.flag('log-no-audit', 'no audit messages'),
  l.text('debug', 'CLASS,...', 'what to log more of', { isList: true }),
  ...FREESWAN_DEBUG.map((word) => l.flag(`debug-${word}`, FREESWAN_HELP[word] ?? '', FREESWAN_HELP[word] ? {} : OLD)),

  i.flag('uniqueids', 'one IKE SA per identity'),
  i.text('vendorid', 'TEXT', 'to send instead of ours'),
  i.text('virtual-private', 'LIST', 'what vhost: and vnet: may be'),
  i.number('keep-alive', 'SECONDS', 'NAT keepalives; 20'),
  i.flag('force-busy', 'always demand cookies'),
  i.flag('force-unlimited', 'never demand cookies'),
  i.flag('ikev1-accept', 'answer IKEv1, and take its connections'),
  i.flag('ikev1-reject', 'answer IKEv1 with a refusal'),
  i.flag('ikev1-drop', 'ignore IKEv1'),
  i.text('global-redirect', 'yes|no|auto', 'send initiators elsewhere', { words: ['yes', 'no', 'auto'] }),
  i.text('global-redirect-to', 'GATEWAY,...', 'where to'),
  i.number('expire-shunt-interval', 'SECONDS', 'how often bare shunts are looked at', LATER),
  i.text('ikev1-secctx-attr-type', 'N', '', OLD),

  w.text('listen', 'ADDRESS,...', 'addresses or interfaces; all'),
  w.number('ikeport', 'PORT', 'instead of 500'),
  w.flag('listen-tcp', 'listen on TCP 4500 as well', LATER),
  w.flag('no-listen-udp', 'do not listen on UDP', LATER),
  w.number('ike-socket-bufsize', 'OCTETS', 'of each socket'),
  w.flag('ike-socket-no-errqueue', 'do not ask for ICMP errors'),
  w.number('nflog-all', 'GROUP', 'netfilter log group', LATER),
  w.text('interface', 'IF', '', { isList: true, ...OLD }),

  c.flag('crl-strict', 'no certificate without a CRL'),
  c.number('crlcheckinterval', 'SECONDS', 'how often CRLs are fetched'),
  c.text('curl-iface', 'IF', 'to fetch through'),
  c.number('curl-timeout', 'SECONDS', 'for a fetch; 5'),
  c.flag('ocsp-enable', 'ask OCSP'),
  c.flag('ocsp-strict', 'no certificate without OCSP'),
  c.text('ocsp-uri', 'URI', 'default responder'),
  c.number('ocsp-timeout', 'SECONDS', 'for an answer; 2'),
  c.text('ocsp-trustname', 'NAME', 'certificate whose OCSP answers are believed'),
  c.number('ocsp-cache-size', 'N', 'answers kept; 1000'),
  c.number('ocsp-cache-min-age', 'SECONDS', '3600'),
  c.number('ocsp-cache-max-age', 'SECONDS', '86400'),
  c.text('ocsp-method', 'get|post', 'of the request', { words: ['get', 'post'] }),
  c.text('dnssec-rootkey-file', 'FILE', 'DNSSEC trust anchor', LATER),
  c.text('dnssec-trusted', 'FILE', 'further trust anchors', LATER),
  c.flag('no-dnssec', 'take keys from DNS that nobody has validated'),

  t.flag('selftest', 'try the algorithms and leave'),
  t.text('impair', 'BEHAVIOUR', 'misbehave on purpose', { isList: true }),
  t.flag('leak-detective', '', OLD),
  t.flag('efence-protect', '', OLD),
]);

export const PLUTO_GROUPS: Readonly<Record<PlutoGroup, string>> = {
  running: 'Running:',
  files: 'Files:',
  logging: 'Logging:',
  ike: 'IKE:',
  network: 'Network:',
  certificates: 'Certificates and DNS:',
  testing: 'Testing:',
};
