/** The subcommands of `ipsec`. Parsing, help, completion, the manual and `ipsec auto` come from here. */
import type { Command, CommandGroup, CommandOption } from './ipsec-command.ts';

const operation = (name: string, help: string, more: Partial<Command> = {}): Command => ({
  name,
  group: 'connections',
  operand: 'conns',
  help,
  whack: [`--${name}`],
  isAuto: true,
  ...more,
});
const ofGroup =
  (group: CommandGroup) =>
  (name: string, help: string, more: Partial<Command> = {}): Command => ({
    name,
    group,
    operand: 'none',
    help,
    whack: [`--${name}`],
    ...more,
  });
const daemon = ofGroup('daemon');
const report = ofGroup('reports');
const list = (name: string, help: string): Command => ofGroup('lists')(name, help, { isAuto: true });
const later = (name: string, what: string): Command => ({
  name,
  group: 'other',
  operand: 'any',
  isRaw: true,
  help: '',
  later: what,
});

const KEYS_LATER = 'keys are files: newhostkey makes them, import takes them from elsewhere';

/** Of those that make a key. The last are libreswan's: scripts say them. */
const NEW_KEY: readonly CommandOption[] = [
  { name: 'output', arg: 'required', argName: 'FILE', help: 'name it in there, not in ipsec.secrets' },
  { name: 'verbose', arg: 'none', help: 'say what is being made' },
  { name: 'quiet', arg: 'none', help: 'say nothing of it' },
  { name: 'seeddev', arg: 'required', argName: 'FILE', help: 'no effect: the kernel gives the seed' },
  { name: 'seedbits', arg: 'required', argName: 'N', help: 'no effect: the kernel gives the seed' },
  { name: 'nssdir', arg: 'required', argName: 'DIR', help: 'no effect: keys are files' },
  { name: 'password', arg: 'required', argName: 'TEXT', help: 'no effect: keys are files' },
];
const CURVE: CommandOption = { name: 'curve', arg: 'required', argName: 'NAME', help: 'of an ECDSA key; secp256r1' };

export const COMMANDS: readonly Command[] = [
  // With a connection it loads it and brings it up; without one it starts the daemon.
  {
    name: 'start',
    group: 'daemon',
    operand: 'maybe-conns',
    help: 'start pluto; with CONN, load it and bring it up',
    isAuto: true,
  },
  { name: 'stop', group: 'daemon', operand: 'none', help: 'stop pluto' },
  { name: 'restart', group: 'daemon', operand: 'none', help: 'stop and start' },
  daemon('listen', 'look for interfaces again and accept IKE', { aliases: ['ready'], isAuto: true }),
  daemon('unlisten', 'ignore IKE'),
  daemon('rereadsecrets', 'read ipsec.secrets again', { aliases: ['secrets'], isAuto: true }),
  daemon('rereadgroups', 'read the policy groups again', { isAuto: true }),
  daemon('rereadcerts', 'read certificates again', { isAuto: true }),
  daemon('rereadall', 'read everything again that can be', { isAuto: true }),
  daemon('fetchcrls', 'fetch CRLs', { aliases: ['crls', 'rereadcrls'], isAuto: true }),
  daemon('purgeocsp', 'forget OCSP answers', { isAuto: true }),

  operation('add', 'load from ipsec.conf', { loads: 'add', whack: [] }),
  operation('replace', 'load in place of the one there is', { loads: 'replace', whack: [] }),
  operation('delete', 'take down and forget'),
  operation('up', 'bring up and watch', { whack: ['--initiate'] }),
  operation('down', 'take down'),
  operation('route', 'negotiate when there is traffic for it'),
  operation('unroute', 'undo route'),
  operation('ondemand', 'load and route', { loads: 'replace', whack: ['--route'] }),
  {
    name: 'redirect',
    group: 'connections',
    operand: 'maybe-conn',
    help: 'send peers of CONN, or all, elsewhere',
    options: [
      { name: 'redirect-to', arg: 'required', argName: 'GATEWAY', help: 'where to', isWhacks: true },
      {
        name: 'global-redirect',
        arg: 'required',
        words: ['yes', 'no', 'auto'],
        help: 'whether new peers are sent away too; auto: when busy',
        isWhacks: true,
      },
      { name: 'global-redirect-to', arg: 'required', argName: 'GATEWAY,...', help: 'where those go', isWhacks: true },
    ],
    whack: [],
  },
  {
    name: 'reload',
    group: 'connections',
    operand: 'none',
    help: 'load from ipsec.conf what differs, no more',
    options: [
      { name: 'dry-run', short: 'n', arg: 'none', help: 'print what would change, and change nothing' },
      { name: 'verbose', arg: 'none', help: 'name what stays as it is as well' },
    ],
  },
  {
    name: 'addconn',
    group: 'connections',
    operand: 'any',
    help: 'load CONN...; --autoall: all that say auto=',
    options: [
      { name: 'autoall', arg: 'none', help: 'load what says auto=, route and start what says so' },
      { name: 'checkconfig', arg: 'none', help: 'only check' },
      { name: 'configsetup', arg: 'none', help: 'print config setup as shell variables' },
      { name: 'varprefix', arg: 'required', argName: 'TEXT', help: 'begin their names with this' },
      { name: 'noexport', arg: 'none', help: 'do not export them' },
      { name: 'listall', arg: 'none', help: 'name all conns' },
      { name: 'listadd', arg: 'none', help: 'name those that say auto=add' },
      { name: 'listroute', arg: 'none', help: 'name those that say auto=ondemand' },
      { name: 'liststart', arg: 'none', help: 'name those that say auto=start' },
      { name: 'listignore', arg: 'none', help: 'name those that say auto=ignore' },
    ],
  },

  report('status', 'everything', { aliases: ['--status'], isAuto: true }),
  report('briefstatus', 'how many SAs'),
  report('trafficstatus', 'octets of each tunnel', { aliases: ['traffic'], operand: 'maybe-conn' }),
  report('showstates', 'every SA', { aliases: ['statestatus'], operand: 'maybe-conn' }),
  report('connectionstatus', 'connections', { operand: 'maybe-conn' }),
  report('briefconnectionstatus', 'active connections, a line each', { operand: 'maybe-conn' }),
  report('globalstatus', 'counters'),
  report('shuntstatus', 'bare shunts'),
  report('addresspoolstatus', 'leases'),
  report('processstatus', 'the daemon and its children'),
  report('fipsstatus', 'FIPS mode', { aliases: ['fips'] }),

  list('listall', 'all of the following'),
  list('listpubkeys', 'public keys'),
  list('checkpubkeys', 'public keys that are about to expire'),
  list('listcerts', 'certificates'),
  list('listcacerts', 'certificates of authorities'),
  list('listcrls', 'revocation lists'),
  list('listpsks', 'preshared keys, whose they are'),
  list('listgroups', 'policy groups'),
  list('listevents', 'what is scheduled'),

  {
    name: 'checkconfig',
    group: 'files',
    operand: 'none',
    help: 'say everything that is wrong with ipsec.conf',
    options: [{ name: 'unsupported', arg: 'none', help: 'list the keywords that have no effect yet' }],
  },
  {
    name: 'readwriteconf',
    group: 'files',
    operand: 'none',
    help: 'print ipsec.conf as it is understood',
  },
  {
    name: 'algparse',
    group: 'files',
    operand: 'any',
    isRaw: true,
    help: 'print what ike=, esp=, ah= amount to',
  },
  {
    name: 'simulate',
    group: 'files',
    operand: 'two-files',
    help: 'negotiate in memory, and say why it fails',
    options: [
      { name: 'secrets-a', arg: 'required', argName: 'FILE', help: 'ipsec.secrets of the first' },
      { name: 'secrets-b', arg: 'required', argName: 'FILE', help: 'ipsec.secrets of the second' },
      { name: 'conn', arg: 'required', argName: 'CONN', help: 'which connection; all that face each other, if absent' },
      { name: 'conn-b', arg: 'required', argName: 'CONN', help: 'what it is called in the second file' },
      {
        name: 'initiator',
        arg: 'required',
        words: ['a', 'b', 'both'],
        help: 'who initiates; both, one after the other',
      },
      { name: 'nat', arg: 'required', words: ['a', 'b'], help: 'which host is behind a NAT' },
      { name: 'address-a', arg: 'required', argName: 'ADDRESS', help: 'where the first host is' },
      { name: 'address-b', arg: 'required', argName: 'ADDRESS', help: 'where the second host is' },
      { name: 'no-rekey', arg: 'none', help: 'only the first negotiation, no rekeys' },
      { name: 'verbose', arg: 'none', help: 'every field of every payload, and both logs' },
    ],
  },

  {
    name: 'verify',
    group: 'machine',
    operand: 'none',
    help: 'check this machine, and say what to do',
  },
  {
    name: 'tune',
    group: 'machine',
    operand: 'none',
    help: 'measure this machine, and say what to set',
    options: [
      { name: 'quick', arg: 'none', help: 'a few seconds will do' },
      { name: 'burst', arg: 'required', argName: 'N', help: 'peers that come at once; 5000' },
    ],
  },
  {
    name: 'look',
    group: 'machine',
    operand: 'none',
    help: 'what the kernel has of SAs, policies and routes',
  },
  {
    name: 'barf',
    group: 'machine',
    operand: 'none',
    help: 'everything for a bug report, without the secrets',
    options: [
      { name: 'maxlines', arg: 'required', argName: 'N', help: 'of the log; 500' },
      { name: 'short', arg: 'none', help: 'without the log' },
    ],
  },
  {
    name: 'import',
    group: 'keys',
    operand: 'maybe-files',
    help: 'take keys and certificates from a file, or NSS',
    options: [
      { name: 'name', arg: 'required', argName: 'NAME', help: 'what leftcert= is to say; as the file says' },
      {
        name: 'password-file',
        arg: 'required',
        argName: 'FILE',
        help: 'its first line opens them',
      },
      { name: 'password', arg: 'required', argName: 'TEXT', help: 'the same, for all to see' },
      { name: 'nss', arg: 'required', argName: 'DIR', help: 'from this database of NSS' },
      {
        name: 'nickname',
        arg: 'required',
        argName: 'NAME',
        help: 'one of it; all keys and authorities',
      },
    ],
  },
  {
    name: 'newhostkey',
    group: 'keys',
    operand: 'none',
    help: 'make a key to authenticate with',
    options: [
      {
        name: 'keytype',
        arg: 'required',
        words: ['rsa', 'ecdsa', 'ed25519', 'ed448'],
        help: 'of which kind; rsa',
      },
      { name: 'bits', arg: 'required', argName: 'N', help: 'of an RSA key; 3072' },
      CURVE,
      ...NEW_KEY,
    ],
  },
  {
    name: 'rsasigkey',
    group: 'keys',
    operand: 'maybe-bits',
    help: 'newhostkey --keytype rsa',
    options: NEW_KEY,
  },
  {
    name: 'ecdsasigkey',
    group: 'keys',
    operand: 'maybe-curve',
    help: 'newhostkey --keytype ecdsa',
    options: [CURVE, ...NEW_KEY],
  },
  {
    name: 'showhostkey',
    group: 'keys',
    operand: 'none',
    help: 'print the public half of a key',
    options: [
      { name: 'left', arg: 'none', help: 'as leftrsasigkey=, leftecdsakey= or leftpubkey=' },
      { name: 'right', arg: 'none', help: 'the same for the right' },
      { name: 'pubkey', arg: 'none', help: 'with these: as leftpubkey= in any case' },
      { name: 'ipseckey', arg: 'none', help: 'as an IPSECKEY record' },
      { name: 'precedence', arg: 'required', argName: 'N', help: 'in the record; 10' },
      { name: 'gateway', arg: 'required', argName: 'HOST', help: 'in the record; none' },
      { name: 'pem', arg: 'none', help: 'in PEM' },
      { name: 'list', arg: 'none', help: 'all keys, a line each' },
      { name: 'dump', arg: 'none', help: 'all keys, and all about them' },
      { name: 'ckaid', arg: 'required', argName: 'HEX', help: 'which, by the start of its CKAID' },
      { name: 'rsaid', arg: 'required', argName: 'TEXT', help: 'which, by its key id' },
      { name: 'file', arg: 'required', argName: 'FILE', help: 'instead of /etc/ipsec.secrets' },
      { name: 'verbose', arg: 'none', help: 'say what is wrong with other keys' },
      { name: 'nssdir', arg: 'required', argName: 'DIR', help: 'no effect: keys are files' },
      { name: 'password', arg: 'required', argName: 'TEXT', help: 'no effect: keys are files' },
    ],
  },

  { name: 'auto', group: 'other', operand: 'auto', help: 'what it did of old: auto --up CONN is up CONN' },
  { name: 'whack', group: 'other', operand: 'any', isRaw: true, help: 'talk to pluto directly' },
  { name: 'pluto', group: 'other', operand: 'any', isRaw: true, help: 'run the daemon' },
  {
    name: 'completion',
    group: 'other',
    operand: 'shell',
    help: 'print completion for a shell',
  },
  {
    name: 'help',
    group: 'other',
    operand: 'topic',
    help: 'a manual page, or what a keyword means',
  },
  { name: 'version', aliases: ['--version'], group: 'other', operand: 'none', help: 'what this is' },

  later('initnss', KEYS_LATER),
  later('checknss', KEYS_LATER),
  ...['certutil', 'crlutil', 'modutil', 'pk12util', 'vfychain'].map((name) => later(name, KEYS_LATER)),
  later('letsencrypt', KEYS_LATER),
  later('cavp', '`pluto --selftest` tries the algorithms against known answers'),
  later('checknflog', 'nflog= has no effect yet'),
  later('stopnflog', 'nflog= has no effect yet'),
  later('sniff', 'tcpdump shows what is on the wire'),
  later('showroute', '`ip route get ADDRESS` says which way packets take'),
  later('_import_crl', KEYS_LATER),
  later('_stackmanager', 'the kernel loads its modules when pluto asks for them'),
  later('_unbound-hook', 'opportunistic connections have no effect yet'),
  ...['_updown', '_updown.xfrm'].map((name) => later(name, 'leftupdown= has no effect yet: pluto makes the routes')),
];

export const GROUP_TITLES: Readonly<Record<CommandGroup, string>> = {
  daemon: 'The daemon',
  connections: 'Connections',
  reports: 'Reports',
  lists: 'Keys, certificates and the like',
  files: 'Configuration',
  keys: 'Keys of this host',
  machine: 'This machine',
  other: 'Other',
};

const INDEX: ReadonlyMap<string, Command> = new Map(
  COMMANDS.flatMap((command) => [command.name, ...(command.aliases ?? [])].map((name) => [name, command] as const)),
);

export function commandNamed(name: string): Command | undefined {
  return INDEX.get(name);
}

/** What `ipsec auto` may be told to do, as said there without the dashes. */
export const AUTO_OPERATIONS: readonly string[] = COMMANDS.filter(({ isAuto }) => isAuto).flatMap(
  ({ name, aliases = [] }) => [name, ...aliases.filter((alias) => !alias.startsWith('-'))],
);

/** Options of `ipsec auto` beside its operations. */
export const AUTO_OPTIONS = [
  { name: 'showonly', arg: 'none', help: 'print the whack command that would run' },
] as const;

/** Every name a subcommand goes by in the help. */
export const COMMAND_NAMES: readonly string[] = COMMANDS.filter((command) => command.later === undefined).map(
  ({ name }) => name,
);
