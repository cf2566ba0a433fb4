/** The subcommands of `ipsec`, and the options they share. Parsing, help and `ipsec auto` come from here. */
import type { IpsecLine } from './ipsec-line.ts';
import { byName, type OptionRow } from './options.ts';
import type { Output } from './output.ts';

export type Operand = 'none' | 'conn' | 'maybe-conn' | 'any';
export type CommandGroup = 'daemon' | 'connections' | 'reports' | 'files' | 'machine' | 'other';

export interface Command {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly group: CommandGroup;
  readonly operand: Operand;
  readonly help: string;
  /** How the connection is loaded from ipsec.conf first. */
  readonly loads?: 'add' | 'replace';
  /** What whack is told; a connection named is added as `--name`. */
  readonly whack?: readonly string[];
  /** Also spelled `ipsec auto --NAME`. */
  readonly isAuto?: boolean;
  /** Beside those that all take. */
  readonly options?: readonly CommandOption[];
  /** Its words are its own to read: all of them are operands. */
  readonly isRaw?: true;
  /** Not done by whack; loaded when it is wanted. */
  readonly run?: () => Promise<{ run(line: IpsecLine, output: Output): Promise<number> }>;
}

export type CommandOption = OptionRow & { readonly short?: string };

const conn = (name: string, help: string, more: Partial<Command> = {}): Command => ({
  name,
  group: 'connections',
  operand: 'conn',
  help,
  whack: [`--${name}`],
  isAuto: true,
  ...more,
});
const report = (name: string, help: string, more: Partial<Command> = {}): Command => ({
  name,
  group: 'reports',
  operand: 'none',
  help,
  whack: [`--${name}`],
  ...more,
});
const daemon = (name: string, help: string, more: Partial<Command> = {}): Command => ({
  name,
  group: 'daemon',
  operand: 'none',
  help,
  whack: [`--${name}`],
  ...more,
});

export const COMMANDS: readonly Command[] = [
  // `start` with a connection loads it and brings it up; without one it starts the daemon.
  {
    name: 'start',
    group: 'daemon',
    operand: 'maybe-conn',
    help: 'start pluto; with CONN, load it and bring it up',
    isAuto: true,
  },
  { name: 'stop', group: 'daemon', operand: 'none', help: 'stop pluto' },
  { name: 'restart', group: 'daemon', operand: 'none', help: 'stop and start' },
  daemon('listen', 'look for interfaces again and accept IKE', { aliases: ['ready'], isAuto: true }),
  daemon('unlisten', 'ignore IKE'),
  daemon('rereadsecrets', 'read ipsec.secrets again', { aliases: ['secrets'], isAuto: true }),
  daemon('rereadall', 'read everything again that can be', { isAuto: true }),
  daemon('rereadcerts', 'read certificates again', { isAuto: true }),
  daemon('fetchcrls', 'fetch CRLs', { aliases: ['crls'], isAuto: true }),
  daemon('purgeocsp', 'forget OCSP answers', { isAuto: true }),

  conn('add', 'load a connection from ipsec.conf', { loads: 'add', whack: [] }),
  conn('replace', 'load it in place of the one there is', { loads: 'replace', whack: [] }),
  conn('delete', 'take it down and forget it'),
  conn('up', 'bring it up and watch', { whack: ['--initiate'] }),
  conn('down', 'take it down'),
  conn('route', 'negotiate when there is traffic for it'),
  conn('unroute', 'undo route'),
  conn('ondemand', 'load it and route it', { loads: 'replace', whack: ['--route'] }),

  report('status', 'everything', { isAuto: true }),
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
  ...['listall', 'listpubkeys', 'checkpubkeys', 'listcerts', 'listcacerts', 'listcrls'].map((name) =>
    report(name, `as whack --${name}`, { isAuto: true }),
  ),

  {
    name: 'reload',
    group: 'connections',
    operand: 'none',
    help: 'bring pluto up to date with ipsec.conf, and only what differs',
    run: () => import('./commands/reload.ts'),
  },
  {
    name: 'addconn',
    group: 'connections',
    operand: 'any',
    help: 'load connections; --autoall: those that say auto=',
    options: [
      { name: 'autoall', arg: 'none', help: 'load what says auto=, route and start what says so' },
      { name: 'checkconfig', arg: 'none', help: 'only check' },
    ],
    run: () => import('./commands/addconn.ts'),
  },

  {
    name: 'checkconfig',
    group: 'files',
    operand: 'none',
    help: 'say everything that is wrong with ipsec.conf',
    options: [{ name: 'unsupported', arg: 'none', help: 'list the keywords that have no effect yet' }],
    run: () => import('./commands/checkconfig.ts'),
  },
  {
    name: 'readwriteconf',
    group: 'files',
    operand: 'none',
    help: 'print ipsec.conf as it is understood',
    run: () => import('./commands/readwriteconf.ts'),
  },
  {
    name: 'algparse',
    group: 'files',
    operand: 'any',
    isRaw: true,
    help: 'print what ike=, esp= and ah= proposals amount to',
    run: () => import('./commands/algparse.ts'),
  },
  {
    name: 'simulate',
    group: 'files',
    operand: 'any',
    help: 'negotiate between two configurations in memory, and say why it fails',
    run: () => import('./commands/simulate.ts'),
  },

  {
    name: 'verify',
    group: 'machine',
    operand: 'none',
    help: 'check this machine, and say what to do',
    run: () => import('./commands/verify.ts'),
  },
  {
    name: 'look',
    group: 'machine',
    operand: 'none',
    help: 'what the kernel has of SAs, policies and routes',
    run: () => import('./commands/look.ts'),
  },
  {
    name: 'barf',
    group: 'machine',
    operand: 'none',
    help: 'everything for a bug report, without the secrets',
    run: () => import('./commands/barf.ts'),
  },

  { name: 'auto', group: 'other', operand: 'any', help: 'the commands above as --up CONN, --add CONN...' },
  { name: 'whack', group: 'other', operand: 'any', isRaw: true, help: 'talk to pluto directly' },
  { name: 'pluto', group: 'other', operand: 'any', isRaw: true, help: 'run the daemon' },
  {
    name: 'completion',
    group: 'other',
    operand: 'any',
    help: 'completion for a shell: bash, zsh or fish',
    run: () => import('./commands/completion.ts'),
  },
  {
    name: 'help',
    group: 'other',
    operand: 'any',
    help: 'a manual page: ipsec, pluto, whack, auto, ipsec.conf, ipsec.secrets',
    run: () => import('./commands/help.ts'),
  },
  { name: 'version', group: 'other', operand: 'none', help: 'what this is' },
];

export const GROUP_TITLES: Readonly<Record<CommandGroup, string>> = {
  daemon: 'The daemon',
  connections: 'Connections',
  reports: 'Reports',
  files: 'Configuration',
  machine: 'This machine',
  other: 'Other',
};

const INDEX: ReadonlyMap<string, Command> = new Map(
  COMMANDS.flatMap((command) => [command.name, ...(command.aliases ?? [])].map((name) => [name, command] as const)),
);

export function commandNamed(name: string): Command | undefined {
  return INDEX.get(name);
}

/** Options every subcommand takes; what means nothing to one is ignored by it. */
export const IPSEC_OPTIONS: ReadonlyMap<string, CommandOption> = byName([
  { name: 'config', arg: 'required', argName: 'FILE', help: 'instead of /etc/ipsec.conf' },
  { name: 'ctlsocket', arg: 'required', argName: 'FILE', help: 'the control socket' },
  { name: 'rundir', arg: 'required', argName: 'DIR', help: 'where pluto.ctl and pluto.pid are' },
  { name: 'json', arg: 'none', help: 'reports as JSON' },
  { name: 'dry-run', short: 'n', arg: 'none', help: 'print the commands instead of running them' },
  { name: 'verbose', arg: 'none', help: 'print the commands as well' },
  { name: 'asynchronous', arg: 'none', help: 'do not wait for the connection to be up' },
  { name: 'remote-host', arg: 'required', argName: 'ADDRESS', help: 'peer for a template' },
  { name: 'help', short: 'h', arg: 'none', help: 'this text' },
]);
