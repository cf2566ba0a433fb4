/** The configuration: who may touch it, what is wrong with it, and whom it names. */
import type { HostSpec } from '../../conf/conn.ts';
import { orient } from '../../conf/orient.ts';
import { Address } from '../../net/address.ts';
import { type Check, counted, fail, few, type Outcome, ok, type Scene, skip, verdictOf, warn } from './check.ts';
import { type Machine, printed } from './machine.ts';
import { SECRET_CHECKS } from './secret-checks.ts';

export const FILE_CHECKS: readonly Check[] = [
  { name: 'ipsec.conf', check: ({ machine, configFile }) => keptByRoot(machine, configFile, 'file', 0o022) },
  {
    name: 'what it says',
    check: ({ machine, config, configFile }) =>
      'errno' in machine.read(configFile)
        ? skip('it cannot be read')
        : (verdictOf(config.problems, `ipsec checkconfig --config ${configFile}`) ??
          ok(`${counted(config.conns.length, 'conn')}, nothing wrong`)),
  },
  { name: 'ipsec.secrets', check: ({ machine, secretsFile }) => eachOf(machine, secretsFile, PRIVATE) },
  ...SECRET_CHECKS,
  { name: 'run directory', check: ({ machine, rundir }) => keptByRoot(machine, rundir, 'directory', 0o022) },
  {
    name: 'ipsec.d',
    check: ({ machine, config }) => keptByRoot(machine, config.setup.ipsecdir, 'directory', 0o022),
  },
  { name: 'host names', check: hostNames },
  { name: 'this machine in conns', check: oriented },
];

/** Nobody else may even read it. */
const PRIVATE = 0o077;

/** Whose it is, and that nobody of `forbidden` may. */
function keptByRoot(machine: Machine, path: string, kind: 'file' | 'directory', forbidden: number): Outcome {
  const stat = machine.stat(path);
  if ('errno' in stat) {
    if (stat.errno === 'EACCES') return skip(`${path} is not for us to see`);
    if (stat.errno !== 'ENOENT') return fail(`${path}: ${stat.errno}`, `look at ${path}`);
    return kind === 'directory'
      ? skip(`there is no ${path}`)
      : fail(
          `there is no ${path}`,
          `make it; ipsec help ${forbidden === PRIVATE ? 'ipsec.secrets' : 'ipsec.conf'} says how`,
        );
  }
  if (stat.kind !== kind) return fail(`${path} is no ${kind}`, `move it away`);
  const mode = stat.mode.toString(8).padStart(4, '0');
  if ((stat.mode & forbidden) !== 0) {
    const who =
      forbidden === PRIVATE ? 'others than its owner may read or write it' : 'others than its owner may change it';
    return fail(`${path}: ${who} (mode ${mode})`, `chmod ${forbidden === PRIVATE ? 'go=' : 'go-w'} ${path}`);
  }
  if (stat.uid !== 0 && stat.uid !== machine.uid)
    return warn(`${path} belongs to user ${stat.uid}`, `chown root ${path}`);
  return ok(`${path}, mode ${mode}`);
}

function eachOf(machine: Machine, pattern: string, forbidden: number): Outcome {
  const paths = /[*?[]/.test(pattern) ? machine.glob(pattern) : [pattern];
  if (paths.length === 0) return warn(`${pattern} matches no file`, 'make one, mode 0600');
  const outcomes = paths.map((path) => keptByRoot(machine, path, 'file', forbidden));
  return outcomes.find(({ verdict }) => verdict !== 'OK') ?? outcomes[0];
}

const MOST_NAMES = 50;

async function hostNames({ machine, config }: Scene): Promise<Outcome> {
  const nameOf = ({ host }: { readonly host: HostSpec }) => (host.t === 'name' ? [host.name] : []);
  const names = [...new Set(config.conns.flatMap(({ left, right }) => [...nameOf(left), ...nameOf(right)]))];
  if (names.length === 0) return skip('no conn has one for left= or right=');
  const tried = names.slice(0, MOST_NAMES);
  const found = await Promise.all(
    tried.map(async (name) => (printed(await machine.run('getent', 'ahosts', name)) ?? '') !== ''),
  );
  const missing = tried.filter((_, i) => !found[i]);
  return missing.length === 0
    ? ok(`${tried.length} looked up`)
    : warn(`no address for ${few(missing)}`, 'ask DNS: getent ahosts NAME; until then these connections wait');
}

/** Conns that name no address of ours can only be waited for in vain. */
function oriented({ machine, config }: Scene): Outcome {
  const here = machine.addresses();
  const addresses = here.flatMap(({ address }) => Address.parse(address) ?? []);
  const interfaces = new Set(here.map((a) => a.interface));
  const lost = config.conns.filter(
    (conn) =>
      conn.left.host.t === 'address' &&
      conn.right.host.t === 'address' &&
      orient(conn, addresses, interfaces) === undefined,
  );
  if (config.conns.length === 0) return skip('there are no conns');
  return lost.length === 0
    ? ok('each has an end that is here')
    : warn(
        `neither left= nor right= of ${few(lost.map(({ name }) => name))} is an address of this machine, or both are`,
        'ip address shows what is; left=%defaultroute takes what there is',
      );
}
