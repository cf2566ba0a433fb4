/** The daemon, and what it needs to run. */
import { NO_DAEMON_EXIT } from '../../control/client.ts';
import { lockFile } from '../../control/daemon-options.ts';
import { installation } from '../../control/installation.ts';
import { version } from '../../control/version.ts';
import { type Check, fail, few, type Outcome, ok, type Scene, skip, warn } from './check.ts';
import { type Machine, printed, textOf } from './machine.ts';

export const DAEMON_CHECKS: readonly Check[] = [
  { name: 'version', check: () => ok(`Pluto ${version()}`) },
  { name: 'Node', check: ({ machine }) => nodeOf(machine.nodeVersion) },
  { name: 'native addon', check: ({ machine }) => addon(machine) },
  { name: 'algorithms', check: ({ machine }) => selfTest(machine) },
  { name: 'programs', check: ({ machine }) => programs(machine) },
  { name: 'pluto', check: daemon },
  { name: 'open files', check: openFiles },
  { name: 'memory', check: ({ machine }) => memory(machine) },
  { name: 'clock', check: ({ machine }) => clock(machine) },
];

const OLDEST_NODE = [20, 19] as const;

function nodeOf(found: string): Outcome {
  const [major, minor] = found.split('.').map(Number);
  const isNew = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return isNew ? ok(found) : fail(`${found} is too old`, `install Node ${OLDEST_NODE.join('.')} or newer`);
}

async function addon(machine: Machine): Promise<Outcome> {
  const path = process.env.PLUTO_NATIVE ?? `${installation()}src/native/build/Release/pluto_native.node`;
  const ran = await machine.run(machine.node, '-e', 'require(process.argv[1])', path);
  if (printed(ran) !== undefined) return ok('loads');
  const why = 'errno' in ran ? ran.errno : (/^\w*Error: (.*)$/m.exec(ran.stderr)?.[1] ?? 'it does not load');
  return fail(why, 'sh scripts/build-native builds it');
}

async function selfTest(machine: Machine): Promise<Outcome> {
  const ran = await machine.run(machine.node, `${installation()}bin/pluto`, '--selftest');
  if (printed(ran) !== undefined) return ok('give their known answers');
  const lines = 'errno' in ran ? [ran.errno] : `${ran.stdout}\n${ran.stderr}`.split('\n');
  const failed = lines.filter((line) => line.trim() !== '' && !line.endsWith(': passed'));
  return fail(few(failed, 2) || 'pluto --selftest fails', 'a broken Node or OpenSSL: install them again');
}

/** What for, beside each. */
const PROGRAMS: readonly (readonly [name: string, what: string, pack: string])[] = [
  ['ip', 'look and barf ask it', 'iproute2'],
  ['nft', 'ESP in user space keeps packets from going past the tunnel with it', 'nftables'],
  ['logger', 'the log goes to syslog by it', 'bsdutils'],
];

async function programs(machine: Machine): Promise<Outcome> {
  const missing: (typeof PROGRAMS)[number][] = [];
  for (const row of PROGRAMS) if ('errno' in (await machine.run(row[0], '--version'))) missing.push(row);
  return missing.length === 0
    ? ok(PROGRAMS.map(([name]) => name).join(', '))
    : warn(
        missing.map(([name, what]) => `no ${name}: ${what}`).join('; '),
        `apt-get install ${missing.map((row) => row[2]).join(' ')}`,
      );
}

function daemon({ machine, daemon: asked, ctlsocket, rundir, pid }: Scene): Outcome {
  if ('errno' in asked) return fail(`cannot run ${machine.node}: ${asked.errno}`, 'install Node');
  if (asked.exit === 0) return ok(`answers at ${ctlsocket}${pid === undefined ? '' : `, process ${pid}`}`);
  if (asked.isCut) return fail('it does not answer within 5 seconds', `ipsec restart; its log says what it is doing`);
  const said = asked.stderr.trim().split('\n')[0];
  if (asked.exit !== NO_DAEMON_EXIT)
    return machine.uid === 0 ? fail(said, 'ipsec restart') : skip(`${said}; root may ask it`);
  const isAlive = pid !== undefined && !('errno' in machine.stat(`/proc/${pid}`));
  return isAlive
    ? fail(
        `${lockFile(rundir)} names process ${pid}, which does not listen at ${ctlsocket}`,
        `kill ${pid}; ipsec start`,
      )
    : warn('is not running', 'ipsec start');
}

/** Two sockets for each address, and what helpers and DNS want. */
const FILES_ANYWAY = 256;

function openFiles({ machine, pid }: Scene): Outcome {
  const limits = textOf(machine, `/proc/${pid ?? 'self'}/limits`);
  const most = /^Max open files\s+(\d+|unlimited)/m.exec(limits ?? '')?.[1];
  if (most === undefined) return skip('no limit is to be read');
  const wanted = FILES_ANYWAY + 4 * machine.addresses().length;
  return most === 'unlimited' || Number(most) >= wanted
    ? ok(`${most} allowed`)
    : warn(`${most} allowed, ${wanted} may be wanted`, `ulimit -n ${wanted}, or LimitNOFILE=${wanted} in the unit`);
}

/** The daemon alone, and as much again for a few thousand connections. */
const LEAST_MEMORY_MB = 128;

function memory(machine: Machine): Outcome {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(textOf(machine, '/proc/meminfo') ?? '')?.[1];
  if (available === undefined) return skip('/proc/meminfo does not say');
  const most = Number(textOf(machine, '/sys/fs/cgroup/memory.max'));
  const used = Number(textOf(machine, '/sys/fs/cgroup/memory.current'));
  const free = Math.floor(
    Math.min(Number(available) / 1024, Number.isFinite(most - used) ? (most - used) / 2 ** 20 : Infinity),
  );
  return free >= LEAST_MEMORY_MB
    ? ok(`${free} MB available`)
    : warn(`${free} MB available`, 'pluto wants 100 MB, and 4 kB for each connection; give this machine more');
}

/** When this was written: a clock before that is wrong. */
const SOONEST = Date.UTC(2025, 0, 1);

async function clock(machine: Machine): Promise<Outcome> {
  const now = machine.now();
  const shown = new Date(now).toISOString().replace(/\.\d+Z/, 'Z');
  if (now < SOONEST) return fail(`it is not ${shown}`, 'set the clock; certificates are looked at by it');
  const synchronized = printed(await machine.run('timedatectl', 'show', '--property=NTPSynchronized', '--value'));
  return synchronized?.trim() === 'no'
    ? warn(`${shown}, which nobody corrects`, 'timedatectl set-ntp true; certificates and logs go by the clock')
    : ok(shown);
}
