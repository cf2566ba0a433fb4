/** Our own daemon on a host, driven as an operator would drive it: bin/pluto, bin/ipsec, bin/whack. */

import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS } from '../../src/cli/collector.ts';
import type { Host } from './netns.ts';
import { type Finished, type Running, run } from './process.ts';

export interface DaemonPlace {
  readonly host: Host;
  /** Its run directory and log go here; made when it is not there. */
  readonly directory: string;
  /** ipsec.conf and ipsec.secrets. */
  readonly config: string;
  readonly secrets: string;
  /** Further arguments for pluto. */
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Daemon {
  readonly pid: number;
  readonly alive: () => boolean;
  /** `ipsec COMMAND…` and `whack …`, spoken to this daemon. */
  readonly ipsec: (command: string, ...args: readonly string[]) => Promise<Finished>;
  readonly whack: (...args: readonly string[]) => Promise<Finished>;
  readonly log: () => Promise<string>;
  /** SIGTERM, and its exit status. */
  readonly stop: () => Promise<number>;
  readonly kill: () => Promise<number>;
}

/** Gives the daemon once it has said that it is ready; throws with all it said when it ends before. */
export async function startDaemon(place: DaemonPlace): Promise<Daemon> {
  const rundir = join(place.directory, 'run');
  const socket = join(rundir, 'pluto.ctl');
  const logFile = join(place.directory, 'pluto.log');
  await mkdir(rundir, { recursive: true });
  const files = ['--config', place.config, '--secretsfile', place.secrets, '--rundir', rundir, '--logfile', logFile];
  const pluto = place.host.start(
    [process.execPath, ...NODE_FLAGS, bin('pluto'), '--nofork', ...files, ...(place.options ?? [])],
    {
      copy: join(place.directory, 'out'),
      ...(place.env === undefined ? {} : { env: place.env }),
    },
  );
  const log = async (): Promise<string> =>
    existsSync(logFile) ? `${await readFile(logFile, 'utf8')}${pluto.output()}` : pluto.output();
  await ready(pluto, log);
  return {
    pid: pluto.pid,
    alive: pluto.alive,
    ipsec: (command, ...args) =>
      run([process.execPath, bin('ipsec'), command, '--config', place.config, '--ctlsocket', socket, ...args]),
    whack: (...args) => run([process.execPath, bin('whack'), '--rundir', rundir, ...args]),
    log,
    stop: () => pluto.stop('SIGTERM', 15_000),
    kill: () => pluto.stop('SIGKILL'),
  };
}

/** What a command said, when it must succeed. */
export async function said(command: Promise<Finished>): Promise<string> {
  const { status, stdout, stderr } = await command;
  if (status !== 0) throw new Error(`status ${status}: ${stderr}${stdout}`);
  return stdout;
}

/** Why our daemon cannot be started from this tree; undefined when it can. */
export function lacksDaemon(): string | undefined {
  const compiled = fileURLToPath(new URL('dist/src/cli/pluto.js', root()));
  return existsSync(compiled) ? undefined : 'the daemon is not compiled: npm run build';
}

async function ready(pluto: Running, log: () => Promise<string>): Promise<void> {
  try {
    await pluto.says(/Pluto initialized/, 30_000);
  } catch (error) {
    await pluto.stop('SIGKILL');
    throw new Error(`pluto does not start: ${await log()}`, { cause: error });
  }
}

function bin(name: string): string {
  return fileURLToPath(new URL(`bin/${name}`, root()));
}

/** The project's folder, also when this runs from dist. */
export function root(): URL {
  const here = new URL('../../', import.meta.url);
  return here.pathname.endsWith('/dist/') ? new URL('../', here) : here;
}
