/** Everything that `--status` says of the daemon, above its connections. */
import type { DaemonInfo } from './rows.ts';
import { BLANK } from './text.ts';

export function daemonLines(info: DaemonInfo): string[] {
  return [
    `using kernel interface: ${info.dataPlane}`,
    BLANK,
    ...info.interfaces.map(({ name, transport, endpoint }) => `interface ${name} ${transport} ${endpoint}`),
    BLANK,
    `fips mode=${info.fips};`,
    `SElinux=${info.selinux}`,
    `seccomp=${info.seccomp}`,
    BLANK,
    'config setup options:',
    BLANK,
    ...setupLines(info),
    ...(info.setup.myid === undefined ? [] : [`%myid = ${info.setup.myid}`]),
    `debug:${info.debug.length > 0 ? ` ${info.debug.join('+')}` : ''}`,
    BLANK,
    `nat-traversal: keep-alive=${info.keepAlive}, nat-ikeport=${info.natIkePort}`,
    'virtual-private (%priv):',
    ...subnets('allowed', info.virtualPrivate.allowed),
    ...subnets('excluded', info.virtualPrivate.excluded),
    BLANK,
    ...algorithmLines(info),
    BLANK,
    'stats db_ops: {curr_cnt, total_cnt, maxsz} :context={0,0,0} trans={0,0,0} attrs={0,0,0} ',
    BLANK,
  ];
}

const subnets = (what: string, list: readonly string[]) =>
  list.length ? [`- ${what} subnets: ${list.join(', ')}`] : [];

/** What each line is made of: the name it prints, and the keyword it comes from where that differs. */
const SETUP_LINES: readonly (readonly (string | readonly [shown: string, keyword: string])[])[] = [
  ['configdir', 'configfile', ['secrets', 'secretsfile'], 'ipsecdir'],
  ['nssdir', 'dumpdir', 'statsbin'],
  ['dnssec-rootkey-file', ['dnssec-trusted', 'dnssec-anchors']],
  ['sbindir', 'libexecdir'],
  ['pluto_version', ['pluto_vendorid', 'myvendorid'], 'audit-log'],
  ['nhelpers', 'uniqueids', 'dnssec-enable', 'shuntlifetime', ['expire-lifetime', 'xfrmlifetime']],
  ['logfile', ['logappend', 'logappend'], 'logip', 'logtime'],
  [
    ['ddos-cookies-threshold', 'ddos-ike-threshold'],
    ['ddos-max-halfopen', 'max-halfopen-ike'],
    'ddos-mode',
    'ikev1-policy',
  ],
  [
    ['ikebuf', 'ike-socket-bufsize'],
    ['msg_errqueue', 'ike-socket-errqueue'],
    'crl-strict',
    'crlcheckinterval',
    'listen',
    'nflog-all',
  ],
  ['ocsp-enable', 'ocsp-strict', 'ocsp-timeout', ['ocsp-uri', 'ocsp-uri']],
  [['ocsp-trust-name', 'ocsp-trustname']],
  ['ocsp-cache-size', 'ocsp-cache-min-age', 'ocsp-cache-max-age', 'ocsp-method'],
  ['global-redirect', 'global-redirect-to'],
  // Ours alone; after what libreswan prints.
  ['max-halfopen-per-source', 'ddos-delay', 'metrics-listen', 'redirect-grace'],
];

function setupLines({ setup, version }: DaemonInfo): string[] {
  const said: Readonly<Record<string, string>> = { pluto_version: version, ...setup };
  return SETUP_LINES.map((line) =>
    line
      .map((item) => (typeof item === 'string' ? ([item, item] as const) : item))
      .map(([shown, keyword]) => `${shown}=${said[keyword] || '<unset>'}`)
      .join(', '),
  );
}

function algorithmLines({ algorithms }: DaemonInfo): string[] {
  return [
    'Kernel algorithms supported:',
    BLANK,
    ...algorithms.espEncrypt.map(
      (a) => `algorithm ESP encrypt: name=${a.name}, keysizemin=${a.keyMin}, keysizemax=${a.keyMax}`,
    ),
    ...algorithms.espAuth.map((a) => `algorithm AH/ESP auth: name=${a.name}, key-length=${a.keyLength}`),
    BLANK,
    'IKE algorithms supported:',
    BLANK,
    ...algorithms.ikeEncrypt.map(
      (a) =>
        `algorithm IKE encrypt: v1id=${a.v1Id}, v1name=${a.v1Name}, v2id=${a.v2Id}, v2name=${a.v2Name}, blocksize=${a.blockSize}, keydeflen=${a.keyDefault}`,
    ),
    ...algorithms.ikePrf.map((a) => `algorithm IKE PRF: name=${a.name}, hashlen=${a.hashLength}`),
    ...algorithms.ikeDh.map((a) => `algorithm IKE DH Key Exchange: name=${a.name}, bits=${a.bits}`),
  ];
}
