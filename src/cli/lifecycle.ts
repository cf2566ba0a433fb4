/** `ipsec start`, `stop` and `restart`. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isListening } from '../control/client.ts';
import { controlSocket, DEFAULT_CONFIG, DEFAULT_RUNDIR, lockFile } from '../control/daemon-options.ts';
import { startInBackground } from './background.ts';
import { carryOut } from './carry-out.ts';
import type { Output } from './output.ts';

export interface DaemonPlace {
  readonly ctlsocket: string;
  readonly rundir: string | undefined;
  readonly config: string | undefined;
  readonly output: Output;
}

const run = promisify(execFile);
const POLL_MS = 20;
const GONE_MS = 20_000;

/** 0 once pluto answers, and if it did already; else pluto's exit status. */
export async function start(place: DaemonPlace): Promise<number> {
  const { ctlsocket, output } = place;
  if (await isListening(ctlsocket)) {
    output.err('pluto is already running');
    return 0;
  }
  if (await hasUnit(place)) return await systemctl('start', output);
  if (resolve(ctlsocket) !== resolve(controlSocket(rundirOf(place)))) {
    output.err(`pluto would listen at ${controlSocket(rundirOf(place))}, not at ${ctlsocket}: --rundir says where`);
    return 1;
  }
  progress(output, 'starting pluto');
  const { exit, said } = await startInBackground(plutoOptions(place), ctlsocket);
  if (exit !== 0) output.err(said.trimEnd() || `pluto did not start (exit status ${exit})`);
  return exit;
}

function plutoOptions(place: DaemonPlace): string[] {
  const file = place.config ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined);
  const rundir = rundirOf(place);
  return [...option('--config', file), ...option('--rundir', rundir === DEFAULT_RUNDIR ? undefined : rundir)];
}

/** Where the control socket is said to be, there is the lock as well. */
const rundirOf = ({ rundir, ctlsocket }: DaemonPlace): string => rundir ?? dirname(resolve(ctlsocket));

const option = (name: string, value: string | undefined) => (value === undefined ? [] : [name, value]);

/** 0 once pluto has gone, and if it was not there. */
export async function stop(place: DaemonPlace): Promise<number> {
  const { ctlsocket, output } = place;
  if (!(await isListening(ctlsocket))) {
    output.err('pluto is not running');
    return 0;
  }
  if (await hasUnit(place)) {
    const exit = await systemctl('stop', output);
    // Somebody may have started it without systemd.
    if (exit !== 0 || !(await isListening(ctlsocket))) return exit;
  }
  const lock = lockFile(rundirOf(place));
  const pid = existsSync(lock) ? Number.parseInt(readFileSync(lock, 'utf8'), 10) : undefined;
  progress(output, 'stopping pluto');
  const exit = await carryOut({ ctlsocket, requests: [{ kind: 'shutdown' }], output, program: 'ipsec' });
  if (exit !== 0) return exit;
  const end = performance.now() + GONE_MS;
  while ((await isListening(ctlsocket)) || isAlive(pid)) {
    if (performance.now() > end) {
      output.err(`pluto${pid === undefined ? '' : ` (process ${pid})`} is still there after ${GONE_MS / 1000} seconds`);
      return 1;
    }
    await sleep(POLL_MS);
  }
  return 0;
}

export async function restart(place: DaemonPlace): Promise<number> {
  const exit = (await isListening(place.ctlsocket)) ? await stop(place) : 0;
  return exit === 0 ? await start(place) : exit;
}

/** What `start`, `stop` and `restart` would run. */
export async function commandsOf(verb: 'start' | 'stop' | 'restart', place: DaemonPlace): Promise<string[]> {
  if (await hasUnit(place)) return [`systemctl ${verb} ipsec.service`];
  const { quoted, whackCommand } = await import('./show.ts');
  const stopping = whackCommand(['--shutdown', '--ctlsocket', place.ctlsocket]);
  const starting = ['ipsec pluto', ...plutoOptions(place).map(quoted)].join(' ');
  return verb === 'start' ? [starting] : verb === 'stop' ? [stopping] : [stopping, starting];
}

/** Systemd's pluto is the one in the usual place. */
async function hasUnit({ rundir, config, ctlsocket }: DaemonPlace): Promise<boolean> {
  if (rundir !== undefined || config !== undefined || ctlsocket !== controlSocket()) return false;
  if (!existsSync('/run/systemd/system')) return false;
  return await run('systemctl', ['cat', 'ipsec.service']).then(
    () => true,
    () => false,
  );
}

async function systemctl(verb: 'start' | 'stop', output: Output): Promise<number> {
  progress(output, `systemctl ${verb} ipsec`);
  try {
    await run('systemctl', [verb, 'ipsec.service']);
    return 0;
  } catch (e) {
    const { code, stderr } = e as { readonly code?: number | string; readonly stderr?: string };
    output.err(stderr?.trimEnd() || `systemctl ${verb} ipsec failed`);
    return typeof code === 'number' ? code : 1;
  }
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined || !Number.isInteger(pid) || pid <= 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Only for somebody who is looking. */
function progress(output: Output, text: string): void {
  if (process.stderr.isTTY) output.err(text);
}
