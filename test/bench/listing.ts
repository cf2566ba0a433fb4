/**
 * What long listings cost a daemon: `node dist/test/bench/listing.js [CONNECTIONS]`. A daemon in a process of its own
 * (50,000 connections, the `none` plane, no sockets) is asked for its reports by whacks in theirs, and says meanwhile
 * how late its event loop was: p50, p99 and the longest (ms, of a timer of 1 ms), and how much memory it and the
 * client came to. Then a reader of 100 kB/s, and ten listings at once. Ends with status 1 if a p99 is above the bound.
 *
 *     listing.js                      the bench
 *     listing.js daemon DIRECTORY     its daemon
 *     listing.js whack ARGUMENTS      its client
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runDaemon } from '../../src/actors/daemon.ts';
import { main as whack } from '../../src/cli/whack.ts';
import { encodeFrame } from '../../src/control/frame.ts';

/** ms that the event loop may be late, 99 times of 100. */
const MOST_DELAY = 20;
const NAME = 'pluto-listing';

const [role = '', ...rest] = process.argv.slice(2);
if (role === 'daemon') await beDaemon(rest[0]);
else if (role === 'whack') await beWhack(rest);
else await bench(Number(process.argv[2] ?? 50_000));

// --- the daemon --------------------------------------------------------------------------------------------------

/** ms, MB. */
interface Look {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly resident: number;
  readonly peak: number;
  readonly heap: number;
  readonly cpu: number;
  /** How often somebody else was given the processor. */
  readonly preempted: number;
}

async function beDaemon(directory: string): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20).unref();
  process.on('message', () => {
    process.send?.(look(delay, peak));
    delay.reset();
    peak = 0;
  });
  process.exitCode = await runDaemon({
    nofork: true,
    stderrlog: false,
    logfile: join(directory, 'log'),
    configFile: join(directory, 'conf'),
    secretsFile: join(directory, 'secrets'),
    readsConfig: true,
    rundir: directory,
    listenUdp: false,
    nhelpers: 0,
    dataPlane: 'none',
    debug: [],
    impair: [],
    selftest: false,
  });
  clearInterval(watch);
  if (process.connected) process.disconnect();
}

function look(delay: IntervalHistogram, peak: number): Look {
  const ms = (ns: number) => ns / 1e6;
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    p50: ms(delay.percentile(50)),
    p99: ms(delay.percentile(99)),
    max: ms(delay.max),
    resident: rss >> 20,
    peak: Math.max(rss, peak) >> 20,
    heap: heapUsed >> 20,
    cpu: (user + system) / 1000,
    preempted: process.resourceUsage().involuntaryContextSwitches,
  };
}

// --- a client ----------------------------------------------------------------------------------------------------

async function beWhack(args: readonly string[]): Promise<void> {
  await whack(args);
  process.send?.(process.resourceUsage().maxRSS >> 10);
  if (process.connected) process.disconnect();
}

interface Listed {
  readonly lines: number;
  readonly octets: number;
  readonly ms: number;
  /** MB. */
  readonly peak: number;
}

async function list(directory: string, ...args: readonly string[]): Promise<Listed> {
  const start = performance.now();
  const child = itself(['whack', '--rundir', directory, ...args]);
  let [lines, octets, peak, firstAt] = [0, 0, 0, 0];
  child.once('message', (mb) => {
    peak = Number(mb);
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    firstAt ||= performance.now();
    octets += chunk.length;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  });
  const status = await ended(child);
  if (status !== 0) throw new Error(`whack ${args.join(' ')}: status ${status}`);
  return { lines, octets, ms: performance.now() - (firstAt || start), peak };
}

/** Takes `rate` octets a second for so long, and goes. */
async function readSlowly(directory: string, rate: number, seconds: number): Promise<void> {
  const socket = connect(join(directory, 'pluto.ctl'));
  socket.write(encodeFrame({ kind: 'connectionstatus' }));
  for (let turn = 0; turn < seconds * 10; turn++) {
    let left = rate / 10;
    for (let chunk = socket.read(); chunk && left > 0; chunk = left > 0 ? socket.read() : null) left -= chunk.length;
    await pause(100);
  }
  socket.destroy();
}

// --- the bench ---------------------------------------------------------------------------------------------------

async function bench(count: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), `${NAME}-`));
  await writeFile(join(directory, 'conf'), conf(count));
  await writeFile(join(directory, 'secrets'), ': PSK "one for all in this bench"\n', { mode: 0o600 });
  const daemon = itself(['daemon', directory]);
  try {
    await says(daemon, 'Pluto initialized');
    console.log(`${count} connections; the daemon's event loop is late by (ms)`);
    console.log(
      row(
        '',
        'p50',
        'p99',
        'longest',
        'daemon MB',
        'peak',
        'whack MB',
        'lines',
        'lines/s',
        's',
        'CPU µs/conn',
        'preempted',
      ),
    );
    await loaded(directory, count);
    await pause(1_000);
    const figures: Look[] = [];
    const measure = async (what: string, during: () => Promise<readonly Listed[]>) => {
      const { cpu, preempted } = await ask(daemon);
      const listed = await during();
      const seen = await ask(daemon);
      figures.push(seen);
      const sum = (of: (l: Listed) => number) => listed.reduce((total, l) => total + of(l), 0);
      const seconds = Math.max(...listed.map((l) => l.ms), 0) / 1000;
      const perConn = ((seen.cpu - cpu) * 1000) / count / Math.max(1, listed.length);
      console.log(
        row(
          what,
          seen.p50.toFixed(1),
          seen.p99.toFixed(1),
          seen.max.toFixed(1),
          `${seen.resident}`,
          `${seen.peak}`,
          listed.length > 0 ? `${Math.max(...listed.map((l) => l.peak))}` : '',
          listed.length > 0 ? `${sum((l) => l.lines)}` : '',
          listed.length > 0 ? `${Math.round(sum((l) => l.lines) / seconds)}` : '',
          listed.length > 0 ? seconds.toFixed(2) : '',
          perConn.toFixed(1),
          `${seen.preempted - preempted}`,
        ),
      );
    };
    await ask(daemon);
    await measure('idle', async () => {
      await pause(1_000);
      return [];
    });
    for (const args of [
      ['--status'],
      ['--status'],
      ['--connectionstatus', '--json'],
      ['--briefconnectionstatus'],
      ['--trafficstatus'],
    ])
      await measure(args.join(' '), async () => [await list(directory, ...args)]);
    await measure('a reader of 100 kB/s, 5 s', async () => {
      await readSlowly(directory, 100_000, 5);
      return [];
    });
    await measure('ten times --status', () =>
      Promise.all(Array.from({ length: 10 }, () => list(directory, '--status'))),
    );
    await measure('idle again', async () => {
      await pause(1_000);
      return [];
    });
    const worst = Math.max(...figures.map((f) => f.p99));
    if (worst > MOST_DELAY) {
      console.error(`late by more than ${MOST_DELAY} ms in one of a hundred turns: ${worst.toFixed(1)} ms`);
      process.exitCode = 1;
    }
  } finally {
    daemon.kill('SIGTERM');
    await ended(daemon);
    await rm(directory, { recursive: true, force: true });
  }
}

function row(what: string, ...figures: readonly string[]): string {
  return what.padEnd(28) + figures.map((f) => f.padStart(11)).join('');
}

function conf(count: number): string {
  const conns = Array.from({ length: count }, (_, i) =>
    [
      `conn t${i}`,
      'also=all',
      `leftid=@w${i}`,
      `rightid=@e${i}`,
      `leftsubnet=10.${(i >> 8) & 255}.${i & 255}.0/24`,
      `rightsubnet=11.${(i >> 8) & 255}.${i & 255}.0/24`,
      'auto=add',
    ].join('\n\t'),
  );
  const shared = ['conn all', 'left=127.0.0.1', 'right=203.0.113.2', 'authby=secret', 'ike=aes_gcm256-sha2_256-dh31'];
  return `${[shared.join('\n\t'), ...conns].join('\n\n')}\n`;
}

/** All connections are there: the last is, for they are loaded in order. */
async function loaded(directory: string, count: number): Promise<void> {
  for (;;) {
    const { lines } = await list(directory, '--connectionstatus', '--name', `t${count - 1}`);
    if (lines > 2) return;
    await pause(500);
  }
}

function ask(daemon: ChildProcess): Promise<Look> {
  return new Promise((resolve) => {
    daemon.once('message', (seen) => resolve(seen as Look));
    daemon.send('look');
  });
}

function itself(args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(import.meta.url), args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    if (child.exitCode !== null) resolve(child.exitCode);
    else child.once('close', (status) => resolve(status ?? 1));
  });
}

function says(child: ChildProcess, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => chunk.includes(what) && resolve());
    child.once('exit', () => reject(new Error(`ended before it said "${what}"`)));
  });
}
