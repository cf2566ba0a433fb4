/**
 * What long listings cost a daemon: `unshare -n node dist/test/bench/listing.js [CONNECTIONS]`, as root. A daemon in a process of its own
 * (50,000 connections, a tenth of them up, the `none` plane) is asked for its reports by whacks in theirs, and says
 * meanwhile how late its event loop was: p50, p99 and the longest (ms, of a timer of 1 ms), how much memory it and the
 * client came to, and how often the machine gave the processor to somebody else, which makes it late too. Then a reader
 * of 100 kB/s, and ten at once that read as fast as they can. Ends with status 1 if a p99 is above the bound.
 *
 *     listing.js                              the bench
 *     listing.js daemon DIRECTORY ADDRESS     its daemon, and the peer of that
 *     listing.js whack ARGUMENTS              its client
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { runDaemon } from '../../src/actors/daemon.ts';
import { main as whack } from '../../src/cli/whack.ts';
import { converse } from '../../src/control/client.ts';
import { encodeFrame } from '../../src/control/frame.ts';
import type { Reply } from '../../src/control/protocol.ts';

/** ms that the event loop may be late, 99 times of 100. */
const MOST_DELAY = 20;
const NAME = 'pluto-listing';
const [NEAR, FAR] = ['192.0.2.1', '192.0.2.2'];

const [role = '', ...rest] = process.argv.slice(2);
if (role === 'daemon') await beDaemon(rest[0], rest[1]);
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

async function beDaemon(directory: string, address: string): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20).unref();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // A bench that has died leaves nobody behind.
  process.on('disconnect', () => process.exit(1));
  process.on('message', (what) => {
    if (what === 'collect') collect();
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
    listen: address,
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

/** As fast as it comes, and unseen: ten whacks that print would fight the daemon for the processors. */
async function readAll(directory: string): Promise<Listed> {
  const start = performance.now();
  const socket = connect(join(directory, 'pluto.ctl'));
  socket.write(encodeFrame({ kind: 'status' }));
  const isOver = frames();
  let octets = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (isOver(chunk)) break;
  }
  return { lines: 0, octets, ms: performance.now() - start, peak: 0 };
}

/** Told of each chunk; true after the frame that ends the answer, which is the only one so short. */
function frames(): (chunk: Buffer) => boolean {
  const [header, shortest] = [8, 32];
  let head = Buffer.alloc(0);
  let left = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const taken = Math.min(left, chunk.length - at);
        left -= taken;
        at += taken;
        continue;
      }
      const part = chunk.subarray(at, at + header - head.length);
      at += part.length;
      head = Buffer.concat([head, part]);
      if (head.length < header) continue;
      left = head.readUInt32BE(4);
      head = Buffer.alloc(0);
      if (left < shortest) return true;
    }
    return false;
  };
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
  makePlace();
  const directory = await mkdtemp(join(tmpdir(), `${NAME}-`));
  const tunnels = Math.floor(count / 10);
  const daemon = await startDaemon(directory, NEAR, conf(count, tunnels));
  const peer = await startDaemon(join(directory, 'peer'), FAR, conf(tunnels, tunnels));
  try {
    console.log(`${count} connections, ${tunnels} of them up; the daemon's event loop is late by (ms)`);
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
        'MB',
        's',
        'CPU µs/conn',
        'preempted',
      ),
    );
    await loaded(join(directory, 'peer'), tunnels);
    await loaded(directory, count);
    await bringUp(directory, tunnels);
    peer.kill('SIGSTOP');
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
          listed.some((l) => l.peak > 0) ? `${Math.max(...listed.map((l) => l.peak))}` : '',
          sum((l) => l.lines) > 0 ? `${sum((l) => l.lines)}` : '',
          sum((l) => l.lines) > 0 ? `${Math.round(sum((l) => l.lines) / seconds)}` : '',
          listed.length > 0 ? `${(sum((l) => l.octets) / 1e6).toFixed(1)}` : '',
          listed.length > 0 ? seconds.toFixed(2) : '',
          perConn.toFixed(1),
          `${seen.preempted - preempted}`,
        ),
      );
    };
    await ask(daemon, 'collect');
    await measure('idle', async () => {
      await pause(1_000);
      return [];
    });
    await measure('the first --status', async () => [await list(directory, '--status')]);
    // What is compiled and cached once is no listing's.
    const before = await ask(daemon, 'collect');
    for (const args of [
      ['--status'],
      ['--connectionstatus', '--json'],
      ['--briefconnectionstatus'],
      ['--trafficstatus'],
      ['--showstates'],
      ['--listevents'],
      ['--globalstatus'],
    ])
      await measure(args.join(' '), async () => [await list(directory, ...args)]);
    await measure('a reader of 100 kB/s, 5 s', async () => {
      await readSlowly(directory, 100_000, 5);
      return [];
    });
    await measure('ten readers of --status', () => Promise.all(Array.from({ length: 10 }, () => readAll(directory))));
    await measure('idle again', async () => {
      await pause(1_000);
      return [];
    });
    const after = await ask(daemon, 'collect');
    console.log(`heap without garbage: ${before.heap} MB after the first, ${after.heap} MB after all`);
    const worst = Math.max(...figures.map((f) => f.p99));
    if (worst > MOST_DELAY) {
      console.error(`late by more than ${MOST_DELAY} ms in one of a hundred turns: ${worst.toFixed(1)} ms`);
      process.exitCode = 1;
    }
  } finally {
    // Neither has anything to say to the other any more.
    for (const child of [daemon, peer]) child.kill('SIGKILL');
    await Promise.all([ended(daemon), ended(peer)]);
    await rm(directory, { recursive: true, force: true });
  }
}

/** Both ends' addresses, in a network namespace where there is nobody else to be disturbed. */
function makePlace(): void {
  if (Object.keys(networkInterfaces()).some((name) => name !== 'lo')) {
    console.log('skipped: needs a network namespace of its own: unshare -n');
    process.exit(0);
  }
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  for (const address of [NEAR, FAR]) execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
}

function row(what: string, ...figures: readonly string[]): string {
  return what.padEnd(28) + figures.map((f) => f.padStart(11)).join('');
}

async function startDaemon(directory: string, address: string, conf: string): Promise<ChildProcess> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'conf'), conf);
  await writeFile(join(directory, 'secrets'), ': PSK "one for all in this bench"\n', { mode: 0o600 });
  const daemon = itself(['daemon', directory, address]);
  await says(daemon, 'Pluto initialized');
  return daemon;
}

/** Those with the alias; the daemon counts them for us. */
async function bringUp(directory: string, tunnels: number): Promise<void> {
  await list(directory, '--name', 'tunnels', '--initiate', '--asynchronous');
  for (let up = 0; up < tunnels; await pause(200)) {
    const path = join(directory, 'pluto.ctl');
    const onReply = (reply: Reply) => {
      if (reply.t === 'rows' && reply.of === 'counts') up = reply.rows[0].ipsec.total;
    };
    await converse({ path, requests: [{ kind: 'briefstatus' }], onReply });
  }
}

/** The first so many have an alias in common. */
function conf(count: number, tunnels: number): string {
  const conns = Array.from({ length: count }, (_, i) =>
    [
      `conn t${i}`,
      'also=all',
      `leftid=@w${i}`,
      `rightid=@e${i}`,
      `leftsubnet=10.${(i >> 8) & 255}.${i & 255}.0/24`,
      `rightsubnet=11.${(i >> 8) & 255}.${i & 255}.0/24`,
      ...(i < tunnels ? ['connalias=tunnels'] : []),
      'auto=add',
    ].join('\n\t'),
  );
  const shared = ['conn all', `left=${NEAR}`, `right=${FAR}`, 'authby=secret', 'ike=aes_gcm256-sha2_256-dh31'];
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

/** `collect`: garbage, first. */
function ask(daemon: ChildProcess, what: 'look' | 'collect' = 'look'): Promise<Look> {
  return new Promise((resolve) => {
    daemon.once('message', (seen) => resolve(seen as Look));
    daemon.send(what);
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
