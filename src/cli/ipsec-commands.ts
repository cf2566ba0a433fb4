/** The subcommands of `ipsec`, and the options they share. Parsing, help and `ipsec auto` come from here. */
import { byName, type OptionRow } from './options.ts';

export type Operand = 'none' | 'conn' | 'maybe-conn' | 'any';
export type CommandGroup = 'daemon' | 'connections' | 'reports' | 'other';

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
}

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

  { name: 'auto', group: 'other', operand: 'any', help: 'the commands above as --up CONN, --add CONN...' },
  { name: 'addconn', group: 'other', operand: 'any', help: 'load connections; --autoall: those that say auto=' },
  { name: 'checkconfig', group: 'other', operand: 'none', help: 'say everything that is wrong with ipsec.conf' },
  { name: 'whack', group: 'other', operand: 'any', help: 'talk to pluto directly' },
  { name: 'pluto', group: 'other', operand: 'any', help: 'run the daemon' },
  { name: 'version', group: 'other', operand: 'none', help: 'what this is' },
];

export const GROUP_TITLES: Readonly<Record<CommandGroup, string>> = {
  daemon: 'The daemon',
  connections: 'Connections',
  reports: 'Reports',
  other: 'Other',
};

const INDEX: ReadonlyMap<string, Command> = new Map(
  COMMANDS.flatMap((command) => [command.name, ...(command.aliases ?? [])].map((name) => [name, command] as const)),
);

export function commandNamed(name: string): Command | undefined {
  return INDEX.get(name);
}

/** Options every subcommand takes; what means nothing to one is ignored by it. */
export const IPSEC_OPTIONS: ReadonlyMap<string, OptionRow & { readonly short?: string }> = byName([
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

/** Of `ipsec addconn`. */
export const ADDCONN_OPTIONS: readonly OptionRow[] = [
  { name: 'autoall', arg: 'none', help: 'load what says auto=, route and start what says so' },
  { name: 'checkconfig', arg: 'none', help: 'only check' },
];
