/**
 * Other programs as the tests need them: run to the end, or started, watched and stopped by pid. Everything
 * started here dies with this process: by signal when it exits, by the kernel (pdeathsig) when it is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** The program and its arguments; no shell reads them. */
export type Command = readonly string[];

export interface Finished {
  /** Exit status, or 128 plus the signal's number as a shell would say; 124 when `within` passed. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Descriptors 1, 2, 3 … instead of pipes; then nothing is collected. */
  readonly descriptors?: readonly number[];
  /** ms; default 60,000. */
  readonly within?: number;
}

/** Runs to the end; never throws for a status, only when the program cannot be started. */
export async function run(command: Command, options: RunOptions = {}): Promise<Finished> {
  const child = launch(command, options, options.input === undefined ? 'ignore' : 'pipe');
  if (options.input !== undefined) child.stdin?.end(options.input);
  const out = collect(child.stdout);
  const err = collect(child.stderr);
  let late = false;
  const alarm = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, options.within ?? 60_000);
  try {
    const status = await ended(child);
    return { status: late ? 124 : status, stdout: out(), stderr: err() };
  } finally {
    clearTimeout(alarm);
  }
}

/** Runs to the end and gives standard output; throws with everything it said when the status is not 0. */
export async function must(command: Command, options: RunOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await run(command, options);
  if (status !== 0) throw new Error(`${command.join(' ')}: status ${status}\n${stderr}${stdout}`);
  return stdout;
}

export interface Running {
  readonly pid: number;
  /** Settles with the exit status when the program has ended and its output is complete. */
  readonly ended: Promise<number>;
  readonly alive: () => boolean;
  /** Standard output and error so far, interleaved as they came. */
  readonly output: () => string;
  /** The first match in the output, past or to come; throws, with the output, when it ends or time passes. */
  readonly says: (pattern: RegExp, within?: number) => Promise<RegExpExecArray>;
  /** Sends `signal` and waits; SIGKILL follows after `within` ms (5,000). */
  readonly stop: (signal?: NodeJS.Signals, within?: number) => Promise<number>;
}

export interface StartOptions extends RunOptions {
  /** A copy of the output goes to this file. */
  readonly copy?: string;
}

/** Starts a program that stays. Its pid is the program's own as long as the wrappers before it all exec. */
export function start(command: Command, options: StartOptions = {}): Running {
  const child = launch(command, options, 'ignore');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command[0]} cannot be started`);
  const copy = options.copy === undefined ? undefined : createWriteStream(options.copy, { flags: 'a' });
  let text = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      copy?.write(chunk);
      for (const listener of listeners) listener();
    });
  let isAlive = true;
  const finish = ended(child).then((status) => {
    isAlive = false;
    copy?.end();
    for (const listener of listeners) listener();
    return status;
  });
  const says = (pattern: RegExp, within = 10_000): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(alarm);
        listeners.delete(look);
        settle();
      };
      const give = (why: string): void =>
        done(() => reject(new Error(`${command.join(' ')} ${why} before it said ${pattern}\n${text}`)));
      const alarm = setTimeout(() => give(`took ${within} ms`), within);
      const look = (): void => {
        const match = pattern.exec(text);
        if (match) done(() => resolve(match));
        else if (!isAlive) give('ended');
      };
      listeners.add(look);
      look();
    });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM', within = 5_000): Promise<number> => {
    if (!isAlive) return finish;
    process.kill(pid, signal);
    const alarm = setTimeout(() => isAlive && process.kill(pid, 'SIGKILL'), within);
    return finish.finally(() => clearTimeout(alarm));
  };
  return { pid, ended: finish, alive: () => isAlive, output: () => text, says, stop };
}

/** Asks until there is an answer other than undefined or false; throws when `within` ms (10,000) have passed. */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  within = 10_000,
): Promise<T> {
  const deadline = performance.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${within} ms: ${what}`);
    await pause(40);
  }
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

function launch(command: Command, options: RunOptions, stdin: 'ignore' | 'pipe'): ChildProcess {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    stdio: [stdin, ...(options.descriptors ?? (['pipe', 'pipe'] as const))],
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  children.add(child);
  child.once('close', () => children.delete(child));
  return child;
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

/** 'exit' may come before the last output, 'close' waits for it. */
function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? 128 + (signals[signal ?? ''] ?? 0)));
  });
}
const signals: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGABRT: 6, SIGKILL: 9, SIGTERM: 15 };
