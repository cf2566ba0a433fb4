/** Pluto in the background: started, waited for, and left alone. */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isListening } from '../control/client.ts';
import { installation } from '../control/installation.ts';
import { NODE_FLAGS } from './collector.ts';
import { PLUTO_OPTIONS } from './pluto-options.ts';

const POLL_MS = 20;
/** Long enough for a loaded machine to load ten thousand connections. */
const READY_MS = 60_000;

export interface Started {
  /** 0 once the control socket answers; else pluto's own exit status. */
  readonly exit: number;
  /** What it printed, where it failed. */
  readonly said: string;
}

/** `argv` are pluto's options, without `--nofork`. */
export async function startInBackground(argv: readonly string[], ctlsocket: string): Promise<Started> {
  // A file rather than a pipe: a pipe would break under the daemon when we leave.
  const dir = mkdtempSync(join(tmpdir(), 'pluto-start-'));
  const log = openSync(join(dir, 'log'), 'a', 0o600);
  try {
    const stderr = argv.includes('--stderrlog') ? 'inherit' : log;
    const pluto = `${installation()}bin/pluto`;
    const child = spawn(process.execPath, [...NODE_FLAGS, pluto, ...anchored(argv), '--nofork'], {
      detached: true,
      stdio: ['ignore', log, stderr],
      cwd: '/',
    });
    let exit: number | undefined;
    child.once('exit', (code) => {
      exit = code ?? 1;
    });
    child.once('error', () => {
      exit = 1;
    });
    child.unref();
    const end = performance.now() + READY_MS;
    // Another daemon's socket answers too: only once ours has settled who holds the lock is the answer ours.
    while (exit === undefined && performance.now() < end) {
      await sleep(POLL_MS);
      if (await isInitialized(dir, ctlsocket)) return { exit: 0, said: '' };
    }
    return { exit: exit ?? 1, said: readFileSync(join(dir, 'log'), 'utf8') };
  } finally {
    closeSync(log);
    rmSync(dir, { recursive: true });
  }
}

/** With paths that hold anywhere: the daemon stands in `/`, to keep no file system busy. */
export function anchored(argv: readonly string[], cwd: string = process.cwd()): readonly string[] {
  const isPath = (option: string) => PATHS.has(PLUTO_OPTIONS.get(option.replace(/^--/, ''))?.argName ?? '');
  return argv.map((word, i) => {
    const [, option, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    if (option !== undefined) return isPath(option) ? `${option}=${resolve(cwd, value)}` : word;
    const before = argv[i - 1];
    return before !== undefined && isPath(before) && !word.startsWith('-') ? resolve(cwd, word) : word;
  });
}

const PATHS: ReadonlySet<string> = new Set(['FILE', 'DIR', 'GLOB', 'PATH']);

async function isInitialized(dir: string, ctlsocket: string): Promise<boolean> {
  return readFileSync(join(dir, 'log'), 'utf8').includes('Pluto initialized') && (await isListening(ctlsocket));
}
