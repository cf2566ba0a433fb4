/**
 * whack's options: libreswan 5.2's, in its groups. An option that describes a connection names the keyword of
 * ipsec.conf(5) it sets, so that both ways of saying it are checked by the same rows.
 */
import { byName, type OptionRow } from './options.ts';

export type WhackGroup = 'normal' | 'list' | 'end' | 'conn' | 'auth' | 'debug';

export interface WhackOption extends OptionRow {
  readonly group: WhackGroup;
  /** The keyword it sets; of an end, without `left` or `right`. */
  readonly keyword?: string;
  /** What it is set to where the option has no argument, or an optional one that is not given. */
  readonly value?: string;
  /** Put after the argument: `--rekeyfuzz 100` is `100%`. */
  readonly suffix?: string;
}

type Extra = Partial<Pick<WhackOption, 'help' | 'argName' | 'suffix' | 'words'>>;
const OBSOLETE = { isObsolete: true } as const;

const bare =
  (group: WhackGroup) =>
  (name: string, help?: string): WhackOption => ({ name, group, arg: 'none', ...(help && { help }) });
const taking =
  (group: WhackGroup) =>
  (name: string, argName: string, help?: string): WhackOption => ({
    name,
    group,
    arg: 'required',
    argName,
    ...(help && { help }),
  });
const same =
  (group: WhackGroup) =>
  (name: string, sameAs: string, arg: WhackOption['arg'] = 'none', old = false): WhackOption => ({
    name,
    group,
    arg,
    sameAs,
    ...(old && OBSOLETE),
  });
/** Sets a keyword to its argument. */
const sets =
  (group: WhackGroup) =>
  (name: string, keyword = name, extra: Extra = {}): WhackOption => ({
    name,
    group,
    arg: 'required',
    keyword,
    ...extra,
  });
/** Sets a keyword to one value. */
const means =
  (group: WhackGroup) =>
  (name: string, keyword: string, value = 'yes'): WhackOption => ({
    name,
    group,
    arg: 'none',
    keyword,
    value,
  });
/** Sets a keyword to its argument, or to yes without one. */
const yes =
  (group: WhackGroup) =>
  (name: string, keyword = name): WhackOption => ({
    name,
    group,
    arg: 'optional',
    argName: 'yes|no',
    keyword,
    value: 'yes',
  });

const n = { flag: bare('normal'), arg: taking('normal'), same: same('normal') };
const NORMAL: readonly WhackOption[] = [
  n.flag('help', 'this text'),
  n.flag('version'),
  n.arg('label', 'TEXT', 'to begin error messages with'),
  n.arg('rundir', 'DIR', 'where the daemon keeps pluto.ctl'),
  n.same('ctlbase', 'rundir', 'required', true),
  n.arg('ctlsocket', 'FILE', 'the control socket'),
  n.flag('json', 'reports as JSON'),
  n.arg('name', 'CONN', 'the connection meant'),
  n.arg('remote-host', 'ADDRESS', 'peer for a template, with --initiate'),
  n.arg('connalias', 'NAME'),
  n.arg('keyid', 'ID'),
  n.flag('addkey'),
  n.arg('pubkeyrsa', 'KEY'),
  n.flag('route', 'trap traffic and negotiate when it comes'),
  n.same('ondemand', 'route'),
  n.flag('unroute', 'undo --route'),
  n.flag('initiate', 'bring the connection up and watch it'),
  n.flag('down', 'take the connection down'),
  n.same('terminate', 'down', 'none', true),
  n.flag('delete', 'take it down and forget it'),
  n.flag('deleteid'),
  n.arg('deletestate', '#N'),
  n.flag('deleteuser'),
  n.arg('crash', 'ADDRESS'),
  n.flag('listen', 'find interfaces, read secrets, accept IKE'),
  n.flag('unlisten', 'ignore IKE'),
  n.arg('ike-socket-bufsize', 'OCTETS'),
  n.flag('ike-socket-errqueue-toggle'),
  n.arg('redirect-to', 'GATEWAY'),
  n.arg('global-redirect', 'yes|no|auto'),
  n.arg('global-redirect-to', 'GATEWAY,...'),
  n.flag('ddos-busy', 'always demand cookies'),
  n.flag('ddos-unlimited', 'never demand cookies'),
  n.flag('ddos-auto', 'demand cookies under load'),
  n.flag('ddns'),
  n.flag('rereadsecrets', 'read the secrets again'),
  { ...n.flag('rereadcrls'), isObsolete: true },
  n.flag('rereadcerts'),
  n.flag('fetchcrls'),
  n.flag('rereadall', 'read everything again that can be'),
  n.flag('purgeocsp'),
  n.flag('clearstats'),
  n.flag('status', 'everything'),
  n.flag('globalstatus', 'counters as key=value'),
  n.flag('trafficstatus', 'octets of each tunnel'),
  n.flag('shuntstatus', 'bare shunts'),
  n.flag('addresspoolstatus', 'leases'),
  n.flag('connectionstatus', 'connections'),
  n.flag('briefconnectionstatus', 'active connections, a line each'),
  n.flag('fipsstatus', 'FIPS mode'),
  n.flag('briefstatus', 'how many SAs'),
  n.flag('processstatus', 'the daemon and its children'),
  n.flag('showstates', 'every SA'),
  n.same('statestatus', 'showstates'),
  n.flag('seccomp-crashtest'),
  n.flag('shutdown', 'end the daemon'),
  n.flag('leave-state', 'with --shutdown: leave SAs and policies in the kernel'),
  n.arg('username', 'NAME'),
  n.same('xauthuser', 'username', 'required', true),
  n.same('xauthname', 'username', 'required', true),
  n.arg('xauthpass', 'PASSWORD'),
  n.arg('oppohere', 'ADDRESS'),
  n.arg('oppothere', 'ADDRESS'),
  n.arg('oppoproto', 'N'),
  n.arg('opposport', 'N'),
  n.arg('oppodport', 'N'),
  n.flag('asynchronous', 'with --initiate: do not wait'),
  n.flag('rekey-ike', 'replace the IKE SA now'),
  n.flag('rekey-child', 'replace the Child SA now'),
  n.flag('delete-ike', 'delete the IKE SA'),
  n.flag('delete-child', 'delete the Child SA'),
  n.flag('down-ike', 'delete the IKE SA and let it stay down'),
  n.flag('down-child', 'delete the Child SA and let it stay down'),
  n.flag('suspend'),
];

const LIST: readonly WhackOption[] = [
  'utc',
  'checkpubkeys',
  'listpubkeys',
  'listcerts',
  'listcacerts',
  'listcrls',
  'listpsks',
  'listevents',
  'listall',
].map((name) => bare('list')(name));

const e = { sets: sets('end'), means: means('end'), yes: yes('end'), same: same('end') };
const END: readonly WhackOption[] = [
  e.sets('host', '', { argName: 'ADDRESS' }),
  e.sets('id', 'id', { argName: 'ID' }),
  e.sets('cert'),
  e.sets('ckaid'),
  e.sets('ca'),
  taking('end')('groups', 'GROUP,...'),
  e.sets('ikeport', 'ikeport', { argName: 'PORT' }),
  e.sets('nexthop', 'nexthop', { argName: 'ADDRESS' }),
  e.sets('client', 'subnet', { argName: 'SUBNET' }),
  e.same('subnet', 'client', 'required'),
  e.sets('clientprotoport', 'protoport', { argName: 'PROTOCOL/PORT' }),
  e.means('dnskeyondemand', 'pubkey', '%dnsondemand'),
  e.sets('sourceip', 'sourceip', { argName: 'ADDRESS' }),
  e.same('srcip', 'sourceip', 'required', true),
  e.sets('vtiip', 'vti'),
  e.sets('interface-ip'),
  e.same('interfaceip', 'interface-ip', 'required', true),
  e.sets('authby', 'auth', { argName: 'psk|null|rsasig|rsa|ecdsa|eaponly' }),
  e.sets('autheap', 'autheap', { argName: 'none|tls' }),
  e.sets('updown', 'updown', { argName: 'COMMAND' }),
  e.means('xauthserver', 'xauthserver'),
  e.same('xauth', 'xauthserver'),
  e.means('xauthclient', 'xauthclient'),
  e.yes('modecfgserver'),
  e.yes('modecfgclient'),
  e.yes('cat'),
  e.sets('addresspool', 'addresspool', { argName: 'RANGE' }),
  e.same('modeconfigserver', 'modecfgserver'),
  e.same('modeconfigclient', 'modecfgclient'),
  e.sets('sendcert', 'sendcert', { argName: 'yes|always|no|never|ifasked' }),
];

const c = { flag: bare('conn'), sets: sets('conn'), means: means('conn'), yes: yes('conn'), same: same('conn') };
const CONN: readonly WhackOption[] = [
  c.flag('to', 'parts the two ends'),
  c.yes('session-resumption'),
  c.yes('intermediate'),
  c.means('encrypt', 'phase2', 'esp'),
  c.means('authenticate', 'phase2', 'ah'),
  c.yes('compress'),
  c.yes('overlapip'),
  c.means('tunnel', 'type', 'tunnel'),
  c.means('transport', 'type', 'transport'),
  c.means('tunnelipv4', 'clientaddrfamily', 'ipv4'),
  c.means('tunnelipv6', 'clientaddrfamily', 'ipv6'),
  c.yes('ms-dh-downgrade'),
  c.yes('pfs-rekey-workaround'),
  c.yes('dns-match-id'),
  c.means('allow-cert-without-san-id', 'require-id-on-certificate', 'no'),
  c.yes('sha2-truncbug'),
  c.same('sha2_truncbug', 'sha2-truncbug', 'none', true),
  c.yes('aggressive'),
  c.same('aggrmode', 'aggressive', 'none', true),
  { ...c.flag('initiateontraffic'), isObsolete: true },
  c.means('pass', 'type', 'passthrough'),
  c.means('drop', 'type', 'drop'),
  c.means('reject', 'type', 'reject'),
  c.means('negopass', 'negotiationshunt', 'passthrough'),
  c.means('failnone', 'failureshunt', 'none'),
  c.means('failpass', 'failureshunt', 'passthrough'),
  c.means('faildrop', 'failureshunt', 'drop'),
  c.means('failreject', 'failureshunt', 'reject'),
  c.means('dontrekey', 'rekey', 'no'),
  c.means('reauth', 'reauth'),
  c.sets('encaps', 'encapsulation', { argName: 'yes|no|auto' }),
  c.same('encapsulation', 'encaps', 'optional'),
  c.yes('iptfs'),
  c.yes('iptfs-fragmentation'),
  c.sets('iptfs-packet-size'),
  c.sets('iptfs-max-queue-size'),
  c.sets('iptfs-init-delay'),
  c.sets('iptfs-reorder-window'),
  c.sets('iptfs-drop-time'),
  c.means('no-nat_keepalive', 'nat-keepalive', 'no'),
  { ...c.sets('ikev1_natt', 'nat-ikev1-method'), isObsolete: true },
  c.same('ikev1-natt', 'ikev1_natt', 'required'),
  c.means('initialcontact', 'initial-contact'),
  { ...c.means('cisco_unity', 'cisco-unity'), isObsolete: true },
  c.same('cisco-unity', 'cisco_unity'),
  c.means('fake-strongswan', 'fake-strongswan'),
  c.yes('mobike'),
  c.sets('dpddelay', 'dpddelay', { argName: 'SECONDS' }),
  c.sets('dpdtimeout', 'dpdtimeout', { argName: 'SECONDS' }),
  c.sets('dpdaction'),
  c.sets('send-redirect', 'send-redirect', { argName: 'yes|no|auto' }),
  c.sets('accept-redirect', 'accept-redirect', { argName: 'yes|no' }),
  c.sets('accept-redirect-to'),
  c.sets('xauthby', 'xauthby', { argName: 'file|pam|alwaysok' }),
  c.sets('xauthfail', 'xauthfail', { argName: 'hard|soft' }),
  c.yes('modecfgpull'),
  c.sets('modecfgdns'),
  c.sets('modecfgdomains'),
  c.sets('modecfgbanner'),
  c.sets('metric', 'metric', { argName: 'N' }),
  c.sets('mtu', 'mtu', { argName: 'OCTETS' }),
  c.sets('priority', 'priority', { argName: 'N' }),
  c.sets('tfc', 'tfc', { argName: 'OCTETS' }),
  c.means('send-no-esp-tfc', 'send-no-esp-tfc'),
  c.yes('pfs'),
  c.sets('reqid', 'reqid', { argName: '1..16383' }),
  c.sets('nflog-group', 'nflog', { argName: '1..65535' }),
  c.sets('conn-mark', 'mark'),
  c.sets('conn-mark-in', 'mark-in'),
  c.sets('conn-mark-out', 'mark-out'),
  { ...c.sets('vti-iface', 'vti-interface'), isObsolete: true },
  c.same('vti-interface', 'vti-iface', 'required'),
  c.yes('vti-routing'),
  c.yes('vti-shared'),
  c.sets('ipsec-interface'),
  c.sets('sendca', 'sendca', { argName: 'none|issuer|all' }),
  c.means('ipv4', 'hostaddrfamily', 'ipv4'),
  c.means('ipv6', 'hostaddrfamily', 'ipv6'),
  c.sets('ikelifetime', 'ikelifetime', { argName: 'SECONDS' }),
  c.sets('ipsec-lifetime', 'ipsec-lifetime', { argName: 'SECONDS' }),
  c.same('ipseclifetime', 'ipsec-lifetime', 'required', true),
  c.sets('ipsec-max-bytes', 'ipsec-max-bytes', { argName: 'N' }),
  c.sets('ipsec-max-packets', 'ipsec-max-packets', { argName: 'N' }),
  c.sets('retransmit-timeout', 'retransmit-timeout', { argName: 'SECONDS' }),
  c.sets('retransmit-interval', 'retransmit-interval', { argName: 'MILLISECONDS' }),
  c.sets('rekeymargin', 'rekeymargin', { argName: 'SECONDS' }),
  c.same('rekeywindow', 'rekeymargin', 'required'),
  c.sets('rekeyfuzz', 'rekeyfuzz', { argName: 'PERCENT', suffix: '%' }),
  c.sets('keyingtries', 'keyingtries', { argName: 'N' }),
  c.sets('replay-window', 'replay-window', { argName: 'PACKETS' }),
  c.sets('ike', 'ike', { argName: 'PROPOSALS' }),
  c.same('ikealg', 'ike', 'required'),
  taking('conn')('pfsgroup', 'GROUP'),
  c.sets('esp', 'esp', { argName: 'PROPOSALS' }),
  c.sets('remote-peer-type', 'remote-peer-type', { argName: 'cisco' }),
  c.sets('nic-offload', 'nic-offload', { argName: 'no|crypto|packet|yes' }),
  c.means('ikev1', 'keyexchange', 'ikev1'),
  c.same('ikev1-allow', 'ikev1', 'none', true),
  c.means('ikev2', 'keyexchange', 'ikev2'),
  c.same('ikev2-allow', 'ikev2', 'none', true),
  c.same('ikev2-propose', 'ikev2', 'none', true),
  c.yes('allow-narrowing', 'narrowing'),
  c.same('narrowing', 'allow-narrowing', 'required'),
  { ...c.means('ikefrag-allow', 'fragmentation', 'yes'), isObsolete: true },
  { ...c.means('ikefrag-force', 'fragmentation', 'force'), isObsolete: true },
  c.sets('fragmentation', 'fragmentation', { argName: 'yes|no|force' }),
  c.means('ikepad', 'ikepad'),
  { ...c.means('no-esn', 'esn', 'no'), isObsolete: true },
  { ...c.yes('esn'), argName: 'yes|no|either' },
  c.yes('decap-dscp'),
  c.yes('encap-dscp'),
  c.yes('nopmtudisc'),
  c.yes('ignore-peer-dns'),
  c.sets('tcp', 'enable-tcp', { argName: 'yes|no|fallback' }),
  c.sets('tcp-remote-port', 'tcp-remoteport', { argName: 'PORT' }),
  { ...c.yes('nm_configured', 'nm-configured'), isObsolete: true },
  c.same('nm-configured', 'nm_configured', 'optional'),
  c.sets('policylabel', 'policy-label'),
];

/** Words of `authby=`, gathered: they may stand together. */
const AUTH: readonly WhackOption[] = [
  means('auth')('psk', 'authby', 'secret'),
  means('auth')('auth-never', 'authby', 'never'),
  means('auth')('auth-null', 'authby', 'null'),
  means('auth')('rsasig', 'authby', 'rsasig'),
  means('auth')('ecdsa', 'authby', 'ecdsa'),
  same('auth')('ecdsa-sha2', 'ecdsa'),
  ...[
    'ecdsa-sha2_256',
    'ecdsa-sha2_384',
    'ecdsa-sha2_512',
    'rsa-sha1',
    'rsa-sha2',
    'rsa-sha2_256',
    'rsa-sha2_384',
    'rsa-sha2_512',
  ].map((name) => means('auth')(name, 'authby', name)),
];

const DEBUG: readonly WhackOption[] = [
  bare('debug')('debug-none', 'no debugging at all'),
  bare('debug')('debug-all', 'all classes but the private one'),
  taking('debug')('debug', 'CLASS,...', 'add classes'),
  taking('debug')('no-debug', 'CLASS,...', 'take classes away'),
  taking('debug')('impair', 'BEHAVIOUR'),
  taking('debug')('no-impair', 'BEHAVIOUR'),
  taking('debug')('magic', 'N'),
];

export const WHACK_OPTIONS: ReadonlyMap<string, WhackOption> = byName([
  ...NORMAL,
  ...LIST,
  ...END,
  ...CONN,
  ...AUTH,
  ...DEBUG,
]);

export const WHACK_GROUPS: Readonly<Record<WhackGroup, string>> = {
  normal: 'What to do',
  list: 'Listings',
  end: 'An end of a connection (before or after --to)',
  conn: 'A connection',
  auth: 'How its ends prove who they are',
  debug: 'Debugging',
};
