/** The daemons that load.ts compares, each alone in a namespace that has `192.0.2.1`, and without a conn. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { athome, underShim } from '../interop/peers/launch.ts';
import { file, libraryPath } from '../interop/peers/prefix.ts';
import { startDaemon } from '../support/daemon.ts';
import type { Host } from '../support/netns.ts';
import { eventually, must, type Running, run } from '../support/process.ts';
import type { Seen } from './load-watch.ts';

export interface Loadable {
  readonly pid: number;
  /** Loads a file of conns and resolves when the last one is there. */
  readonly load: () => Promise<void>;
  readonly loaded: () => Promise<number>;
  /** `whack --status`. */
  readonly status: () => Promise<string>;
  /** What our main thread has seen since the last call. */
  readonly seen?: () => Promise<Seen>;
  readonly socket?: string;
  readonly stop: () => Promise<unknown>;
}

export interface Place {
  readonly host: Host;
  readonly directory: string;
  /** The file to load, which the daemon is not started with. */
  readonly conns: string;
}

const SECRETS = ': PSK "one for all in this bench"\n';
const EMPTY = 'config setup\n';

/** `autoall`: by `ipsec addconn --autoall`; `reload`: by `ipsec reload`, the file having changed. */
export async function ours(how: 'autoall' | 'reload', { host, directory, conns }: Place): Promise<Loadable> {
  await mkdir(directory, { recursive: true });
  const [config, secrets, report] = ['ipsec.conf', 'ipsec.secrets', 'seen'].map((name) => join(directory, name));
  await writeFile(config, EMPTY);
  await writeFile(secrets, SECRETS, { mode: 0o600 });
  const watch = new URL(`./load-watch${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
  const pluto = await startDaemon({
    host,
    directory,
    config,
    secrets,
    options: ['--noklips'],
    env: { NODE_OPTIONS: `--expose-gc --import=${watch.href}`, LOAD_WATCH: report },
  });
  const done = async (asked: ReturnType<typeof pluto.ipsec>, total: RegExp) => {
    const { status, stdout, stderr } = await asked;
    if (status !== 0 || !total.test(stdout)) throw new Error(`status ${status}: ${stderr}${stdout}`);
  };
  return {
    pid: pluto.pid,
    load: async () => {
      const text = await readFile(conns, 'utf8');
      await writeFile(config, text);
      if (how === 'reload') await done(pluto.ipsec('reload'), /^added \d+, changed 0, removed 0/m);
      else await done(pluto.ipsec('addconn', '--autoall'), /^loaded \d+ connections$/m);
    },
    loaded: async () => Number(/loaded (\d+)/.exec((await pluto.ipsec('briefconnectionstatus')).stdout)?.[1] ?? 0),
    status: async () => (await pluto.whack('--status')).stdout,
    seen: async () => {
      await writeFile(report, '');
      process.kill(pluto.pid, 'SIGUSR2');
      const text = await eventually('it says what it has seen', async () => (await readFile(report, 'utf8')) || false);
      return JSON.parse(text) as Seen;
    },
    socket: join(directory, 'run', 'pluto.ctl'),
    stop: pluto.kill,
  };
}

/** Debian's pluto under the shim, and its addconn. */
export async function libreswan({ host, directory, conns }: Place): Promise<Loadable> {
  const at = (name: string): string => join(directory, name);
  await mkdir(at('nss'), { recursive: true });
  await mkdir(at('ipsec.d/policies'), { recursive: true });
  await writeFile(at('ipsec.conf'), EMPTY);
  await writeFile(at('ipsec.secrets'), SECRETS, { mode: 0o600 });
  const library = { env: { LD_LIBRARY_PATH: libraryPath } };
  await must([file('libreswan', '/usr/bin/certutil'), '-N', '-d', `sql:${at('nss')}`, '--empty-password'], library);
  const paths = { config: 'ipsec.conf', secretsfile: 'ipsec.secrets', rundir: '', nssdir: 'nss', ipsecdir: 'ipsec.d' };
  const options = Object.entries(paths).flatMap(([option, name]) => [`--${option}`, at(name)]);
  const command = ['/usr/libexec/ipsec/pluto', '--nofork', '--no-dnssec', '--logfile', at('pluto.log'), ...options];
  const pluto: Running = host.start(athome('libreswan', command, underShim(directory)), { copy: at('out') });
  const whack = (...args: string[]) =>
    run([file('libreswan', '/usr/libexec/ipsec/whack'), '--rundir', directory, ...args], library);
  await eventually('libreswan listens', async () => !pluto.alive() || (await whack('--listen')).status === 0);
  const addconn = [file('libreswan', '/usr/libexec/ipsec/addconn'), '--ctlsocket', at('pluto.ctl')];
  return {
    pid: pluto.pid,
    load: async () => void (await run([...addconn, '--config', conns, '--autoall'], library)),
    loaded: async () => Number(/connections: loaded (\d+)/.exec((await whack('--status')).stdout)?.[1] ?? 0),
    status: async () => (await whack('--status')).stdout,
    stop: () => pluto.stop('SIGKILL'),
  };
}
