/**
 * The lab: a private Linux with all of XFRM, for machines whose own kernel has no ESP. `inGuest` boots a user-mode
 * kernel, runs one command in it as root, and gives what it said. The guest sees this machine's files under the same
 * paths; its writes go to a scratch layer and are lost. Nothing outlives the command.
 *
 * In the guest, arithmetic costs what it costs outside; a system call costs 60 times as much, and fresh memory eight
 * times. So build outside, and give one guest many checks.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, statfsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandExists } from '../support/machine.ts';
import { type Command, run } from '../support/process.ts';

export interface GuestOptions {
  /** Seconds until the command is ended with status 124; 300. */
  readonly within?: number;
}

export type GuestAnswer =
  | { readonly booted: true; readonly status: number; readonly stdout: string; readonly stderr: string }
  /** The kernel did not start on this machine; `why` is its last word. */
  | { readonly booted: false; readonly why: string };

/** Why this machine cannot boot a guest; undefined when it may try. */
export function lacksGuest(): string | undefined {
  if (process.getuid?.() !== 0) return 'the lab needs root: the files of root must be its own inside';
  if (process.arch !== 'x64') return `user-mode Linux runs on x86-64, this is ${process.arch}`;
  if (kernel() === undefined) return 'there is no user-mode kernel: install user-mode-linux';
  return ['ip', 'tcpdump', 'ping', 'taskset', 'stty'].find((name) => !commandExists(name))?.concat(' is missing');
}

/** The kernel that test/lab/kernel built, else Debian's; undefined when there is neither. */
export function kernel(): { readonly path: string; readonly modules: string } | undefined {
  const cache = process.env.LAB_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'xfrm-lab');
  const key = createHash('sha256')
    .update(readFileSync(inSources('kernel.config')))
    .digest('hex')
    .slice(0, 12);
  const built = join(cache, `linux-${key}`);
  if (existsSync(built)) return { path: built, modules: '' };
  const packaged = '/usr/bin/linux.uml';
  return existsSync(packaged) ? { path: packaged, modules: '/usr/lib/uml/modules' } : undefined;
}

export async function inGuest(command: Command, { within = 300 }: GuestOptions = {}): Promise<GuestAnswer> {
  const { path, modules } = kernel() ?? { path: '', modules: '' };
  const control = await mkdtemp(join(tmpdir(), 'pluto-lab-'));
  const at = (name: string): string => join(control, name);
  const list = (name: string, items: readonly string[]): Promise<void> =>
    writeFile(at(name), items.map((item) => `${item}\0`).join(''));
  const told = async (name: string): Promise<string> => (existsSync(at(name)) ? readFile(at(name), 'utf8') : '');
  const lines = ['console', 'stdout', 'stderr'].map((name) => openSync(at(name), 'a'));
  try {
    await list('command', command);
    await list(
      'environment',
      Object.entries({ ...process.env, TMPDIR: '/tmp' }).map(([key, value]) => `${key}=${value}`),
    );
    await list('settings', [process.cwd(), `${within}`, modules]);
    await run(inOnePidNamespace([path, ...kernelArguments(control)]), {
      env: { TMPDIR: memoryFolder() },
      descriptors: [lines[0], lines[0], lines[1], lines[2]],
      within: (within + 60) * 1000,
    });
    const console = await told('console');
    const status = await told('status');
    if (status === '' && !console.includes('guest-init:'))
      return { booted: false, why: console.trim().split('\n').at(-1) ?? 'it said nothing' };
    if (status === '') throw new Error(`the guest died:\n${console.split('\n').slice(-25).join('\n')}`);
    return { booted: true, status: Number(status), stdout: await told('stdout'), stderr: await told('stderr') };
  } finally {
    for (const line of lines) closeSync(line);
    await rm(control, { recursive: true, force: true });
  }
}

const memory = 2048;

function kernelArguments(control: string): readonly string[] {
  return [
    ...[`mem=${memory}M`, 'root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro'],
    ...[`init=${inSources('guest-init')}`, `lab_control=${control}`, `uml_dir=${control}/`, 'umid=uml'],
    // Console to standard output, the two serial lines to descriptors 3 and 4.
    ...['con=null', 'con0=null,fd:1', 'ssl=null', 'ssl0=null,fd:3', 'ssl1=null,fd:4', 'loglevel=5'],
  ];
}

/**
 * A user-mode kernel and its processes take turns, many times for one system call: on one CPU that costs a third of
 * what it does across two. Parallel test files take different CPUs. Its processes live in a PID namespace, so none
 * outlives it; process 1 there is a shell, because a kernel that panics aborts and process 1 cannot.
 */
function inOnePidNamespace(command: Command): Command {
  const cpu = Number(process.env.VITEST_POOL_ID ?? 1) % availableParallelism();
  return [
    ...['taskset', '-c', `${cpu}`, 'unshare', '--pid', '--fork', '--kill-child=KILL'],
    ...['sh', '-c', '"$@"; exit $?', 'sh'],
    ...command,
  ];
}

/** The guest's memory is a file: in /dev/shm, unless that is too small for it. */
function memoryFolder(): string {
  const { bavail, bsize } = existsSync('/dev/shm') ? statfsSync('/dev/shm') : { bavail: 0, bsize: 0 };
  return bavail * bsize >= memory * 2 ** 20 ? '/dev/shm' : tmpdir();
}

/** These files stay in the source tree, also when this runs from dist. */
function inSources(name: string): string {
  const here = fileURLToPath(new URL(name, import.meta.url));
  return existsSync(here) ? here : here.replace('/dist/test/', '/test/');
}
