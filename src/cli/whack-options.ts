/**
 * whack's options: libreswan 5.2's and FreeS/WAN's. Those that describe a connection come from the keyword table
 * (whack-keywords.ts); those that say what to do are here.
 */
import { byName, type OptionRow } from './options.ts';
import { KEYWORD_OPTIONS } from './whack-keywords.ts';
import type { WhackGroup, WhackOption } from './whack-option.ts';

type Row = Omit<WhackOption, 'group' | 'topic'>;
const group = (group: WhackGroup, topic: string, ...all: readonly Row[]): readonly WhackOption[] =>
  all.map((row) => ({ ...row, group, topic }));

const flag = (name: string, help: string): Row => ({ name, arg: 'none', help });
const arg = (name: string, argName: string, help: string): Row => ({ name, arg: 'required', argName, help });
const same = (name: string, sameAs: string, arg: OptionRow['arg'] = 'none'): Row => ({ name, arg, sameAs });
const old = (row: Row): Row => ({ ...row, isObsolete: true });
/** Has no keyword, and changes nothing. */
const ignored = (row: Row, why: string): Row => ({ ...old(row), ignored: why });

const NORMAL: readonly WhackOption[] = [
  ...group(
    'normal',
    'Whom to ask, and how',
    flag('help', 'this text'),
    flag('version', 'which version this is'),
    arg('label', 'TEXT', 'to begin error messages with'),
    arg('rundir', 'DIR', 'where the daemon keeps pluto.ctl'),
    old(arg('ctlbase', 'PATH', 'path of the control socket without .ctl')),
    arg('ctlsocket', 'FILE', 'the control socket'),
    arg('optionsfrom', 'FILE', 'read more options from here'),
    flag('json', 'reports as JSON'),
    arg('name', 'CONN', 'the connection meant'),
  ),
  ...group(
    'normal',
    'What to do with a connection (--name CONN)',
    flag('route', 'trap traffic and negotiate when it comes'),
    same('ondemand', 'route'),
    flag('unroute', 'undo --route'),
    flag('initiate', 'bring the connection up and watch it'),
    flag('asynchronous', 'with --initiate: do not wait'),
    arg('remote-host', 'ADDRESS', 'with --initiate: the peer, for a template'),
    arg('username', 'NAME', 'with --initiate: XAUTH user'),
    old(same('xauthuser', 'username', 'required')),
    old(same('xauthname', 'username', 'required')),
    arg('xauthpass', 'PASSWORD', 'with --initiate: their password'),
    flag('down', 'take the connection down'),
    old(same('terminate', 'down')),
    flag('delete', 'take it down and forget it; beside a connection: replace'),
    flag('rekey-ike', 'replace the IKE SA now'),
    flag('rekey-child', 'replace the Child SA now'),
    flag('delete-ike', 'delete the IKE SA'),
    flag('delete-child', 'delete the Child SA'),
    flag('down-ike', 'delete the IKE SA and let it stay down'),
    flag('down-child', 'delete the Child SA and let it stay down'),
    flag('suspend', 'forget the SAs, keep what resumes them'),
  ),
  ...group(
    'normal',
    'What to do otherwise',
    flag('deleteid', 'delete connections whose peer is called --name'),
    flag('deleteuser', 'delete connections whose user is called --name'),
    arg('deletestate', '#N', 'delete one SA'),
    arg('crash', 'ADDRESS', 'forget the SAs with this peer: it has crashed'),
    arg('oppohere', 'ADDRESS', 'negotiate for a packet from here'),
    arg('oppothere', 'ADDRESS', 'to there'),
    arg('oppoproto', 'N', 'its protocol; 1'),
    arg('opposport', 'N', 'its source port; 8'),
    arg('oppodport', 'N', 'its destination port; 0'),
    arg('global-redirect', 'yes|no|auto', 'send every new peer elsewhere'),
    arg('global-redirect-to', 'GATEWAY,...', 'where to'),
    arg('keyid', 'ID', 'whose public keys to change'),
    flag('addkey', 'keep those there are'),
    arg('pubkeyrsa', 'KEY', 'RFC 3110 key in 0x, 0s or 0t'),
    arg('myid', 'ID', 'what %myid stands for'),
  ),
  ...group(
    'normal',
    'The daemon',
    flag('listen', 'find interfaces, read secrets, accept IKE'),
    flag('unlisten', 'ignore IKE'),
    arg('ike-socket-bufsize', 'OCTETS', 'buffer of every IKE socket'),
    flag('ike-socket-errqueue-toggle', 'read ICMP errors, or no longer'),
    arg('nhelpers', 'N', 'helper threads from now on; -1: by the number of CPUs, 0: none'),
    flag('ddos-busy', 'always demand cookies'),
    flag('ddos-unlimited', 'never demand cookies'),
    flag('ddos-auto', 'demand cookies under load'),
    flag('ddns', 'look up names without an address again'),
    flag('rereadsecrets', 'read the secrets again'),
    flag('rereadcerts', 'read certificates again'),
    flag('rereadgroups', 'read policy groups again'),
    flag('rereadall', 'read everything again that can be'),
    flag('fetchcrls', 'fetch revocation lists'),
    old(same('rereadcrls', 'fetchcrls')),
    flag('purgeocsp', 'forget OCSP answers'),
    flag('clearstats', 'count from 0'),
    flag('shutdown', 'end the daemon'),
    flag('leave-state', 'with --shutdown: leave SAs and policies in the kernel'),
    ignored(flag('seccomp-crashtest', ''), 'system calls are not confined'),
  ),
  ...group(
    'normal',
    'Reports',
    flag('status', 'everything'),
    flag('globalstatus', 'counters as key=value'),
    flag('trafficstatus', 'octets of each tunnel'),
    flag('shuntstatus', 'bare shunts'),
    flag('addresspoolstatus', 'leases'),
    flag('connectionstatus', 'connections'),
    flag('briefconnectionstatus', 'active connections, a line each'),
    flag('fipsstatus', 'FIPS mode'),
    flag('briefstatus', 'how many SAs'),
    flag('processstatus', 'the daemon and its children'),
    flag('showstates', 'every SA'),
    same('statestatus', 'showstates'),
  ),
];

const LIST = group(
  'list',
  'Keys, certificates and the like',
  flag('utc', 'times in UTC'),
  flag('listpubkeys', 'public keys'),
  flag('checkpubkeys', 'public keys that are about to expire'),
  flag('listcerts', 'certificates'),
  flag('listcacerts', 'certificates of authorities'),
  flag('listcrls', 'revocation lists'),
  flag('listpsks', 'preshared keys, whose they are'),
  flag('listgroups', 'policy groups'),
  flag('listevents', 'what is scheduled'),
  flag('listall', 'all of them'),
);

/** Beside an end or a connection, but no keyword. */
const ASIDE: readonly WhackOption[] = [
  ...group('end', '', ignored({ name: 'groups', arg: 'required' }, 'groups in certificates are not looked at')),
  ...group(
    'conn',
    'The connection',
    flag('to', 'parts its two ends'),
    arg('pfsgroup', 'GROUP', 'group for --pfs, put into --esp'),
    ignored(flag('initiateontraffic', ''), ''),
    ignored(flag('disablearrivalcheck', ''), 'the kernel checks where packets from a tunnel come from'),
  ),
];

/** FreeS/WAN's classes, each with an option of its own; what they are today is the daemon's to know. */
const FORMER_CLASSES = 'raw crypt parsing emitting control lifecycle klips dns oppo private'.split(' ');

const DEBUG = group(
  'debug',
  'Debugging (of the daemon; with --name, of that connection)',
  { ...arg('debug', 'CLASS,...', 'add classes; help lists them'), keyword: 'plutodebug' },
  { ...arg('no-debug', 'CLASS,...', 'take classes away') },
  { ...flag('debug-none', 'no debugging at all'), value: 'none' },
  { ...flag('debug-all', 'base, routing, cpu-usage and refcnt'), value: 'all' },
  ...FORMER_CLASSES.map((value) => ({ ...old(flag(`debug-${value}`, '')), value })),
  arg('impair', 'BEHAVIOUR', 'misbehave, for a test; help lists how'),
  arg('no-impair', 'BEHAVIOUR', 'behave again'),
  ignored(arg('magic', 'N', ''), ''),
);

export const WHACK_OPTIONS: ReadonlyMap<string, WhackOption> = byName([
  ...NORMAL,
  ...LIST,
  ...ASIDE,
  ...KEYWORD_OPTIONS,
  ...DEBUG,
]);
