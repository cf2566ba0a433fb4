/**
 * Loading connections: `node dist/test/bench/load.js [conns...]` (1000 5000 10000). The same file, with a conn for each
 * peer, goes into a fresh daemon of ours by `ipsec addconn --autoall` and by `ipsec reload`, and into libreswan's pluto
 * by its own addconn, one after the other. Prints the time until the command has ended, the daemon's CPU, its memory
 * for each conn (resident as the kernel counts it, and of ours the heap after a collection), how the CPU grows, and how
 * long whoever else wants something of our daemon waits meanwhile. Ends with status 1 if we are slower than libreswan
 * at the largest file, or above 4 kB of heap a conn.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { converse } from '../../src/control/client.ts';
import { lacksPeer, version } from '../interop/peers/prefix.ts';
import { lacksDaemon } from '../support/daemon.ts';
import { configure, type Network, network } from '../support/netns.ts';
import { confOf } from './conns.ts';
import { cpuOf, residentOf } from './gateways/account.ts';
import { libreswan, ours, type Place } from './load-daemons.ts';
import type { Seen } from './load-watch.ts';

const SIZES = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1_000, 5_000, 10_000];
/** Octets of heap for a conn that nobody has used. */
const MOST_HEAP = 4_096;
/** ms. */
const IDLE = 500;
const RUNS = 3;

interface Figures {
  /** ms until the command has ended. */
  readonly wall: number;
  /** ms of the daemon. */
  readonly cpu: number;
  /** Octets for each conn. */
  readonly resident: number;
  readonly heap?: number;
  /** ms: the longest that a question to the control socket was under way. */
  readonly ping?: number;
  readonly seen?: Seen;
  /** The same for `IDLE` ms without anything to do: what this machine is worth. */
  readonly idle?: Seen;
}

const lacking = process.getuid?.() !== 0 ? 'needs root for namespaces' : (lacksDaemon() ?? lacksPeer('libreswan'));
if (lacking) {
  console.log(`skipped: ${lacking}`);
  process.exit(0);
}

const ROWS = {
  libreswan: (place: Place) => libreswan(place),
  'ipsec addconn': (place: Place) => ours('autoall', place),
  'ipsec reload': (place: Place) => ours('reload', place),
} as const;
type Row = keyof typeof ROWS;

const hosts = network();
const directory = await mkdtemp(join(tmpdir(), 'pluto-load-'));
const figures = new Map<string, Figures>();
let places = 0;
try {
  console.log(`loading conns, each with identities, subnets and a peer of its own; libreswan ${version('libreswan')}`);
  console.log(`${'conns'.padStart(6)}  ${'by'.padEnd(14)} wall ms  CPU ms  resident/conn  heap/conn`);
  for (const size of SIZES) {
    const conns = join(directory, `${size}.conf`);
    await writeFile(conns, confOf(size));
    for (const row of Object.keys(ROWS) as Row[]) {
      const found = await best(row, size, conns);
      figures.set(`${row} ${size}`, found);
      const { wall, cpu, resident, heap } = found;
      const cells = [wall, cpu, resident].map((n, i) => n.toFixed(0).padStart([7, 7, 14][i]));
      console.log(
        `${`${size}`.padStart(6)}  ${row.padEnd(14)} ${cells.join(' ')} ${(heap?.toFixed(0) ?? '').padStart(10)}`,
      );
    }
  }
  process.exitCode = judge(SIZES.at(-1) ?? 0) ? 0 : 1;
} finally {
  await hosts.close();
  await rm(directory, { recursive: true, force: true });
}

/** Of the largest file that run in which we were late least: the others say what else this machine had to do. */
async function best(row: Row, size: number, conns: string): Promise<Figures> {
  const runs: Figures[] = [];
  const wanted = size === SIZES.at(-1) ? RUNS : 1;
  while (runs.length < wanted) runs.push(await measure(row, size, conns, hosts));
  const cost = ({ seen, wall }: Figures) => seen?.longest ?? wall;
  return runs.reduce((a, b) => (cost(b) < cost(a) ? b : a));
}

async function measure(row: Row, size: number, conns: string, { host }: Network): Promise<Figures> {
  const at = await host(`l${places}`);
  await configure(at, ['addr add 192.0.2.1/32 dev lo']);
  const daemon = await ROWS[row]({ host: at, directory: join(directory, `${places++}`), conns });
  try {
    const first = await daemon.seen?.();
    if (first) await pause(IDLE);
    const idle = await daemon.seen?.();
    const [rss, cpu] = [residentOf(daemon.pid), cpuOf(daemon.pid)];
    const pings = pinging(daemon.socket);
    const start = performance.now();
    await daemon.load();
    const wall = performance.now() - start;
    const ping = await pings.end();
    const after = { rss: residentOf(daemon.pid), cpu: cpuOf(daemon.pid) };
    const seen = await daemon.seen?.();
    const loaded = await daemon.loaded();
    if (loaded !== size) throw new Error(`${row}: ${loaded} of ${size} conns are loaded`);
    return {
      wall,
      cpu: after.cpu - cpu,
      resident: (after.rss - rss) / size,
      ...(idle && seen ? { heap: (seen.heap - idle.heap) / size, seen, idle } : {}),
      ...(ping === undefined ? {} : { ping }),
    };
  } finally {
    await daemon.stop();
  }
}

/** Asks over and over how it goes. */
function pinging(socket: string | undefined): { readonly end: () => Promise<number | undefined> } {
  let isOver = socket === undefined;
  let longest: number | undefined;
  const asking = (async () => {
    while (!isOver && socket !== undefined) {
      const asked = performance.now();
      await converse({ path: socket, requests: [{ kind: 'fipsstatus' }], onReply: () => {} });
      longest = Math.max(longest ?? 0, performance.now() - asked);
      await pause(2);
    }
  })();
  return {
    end: async () => {
      isOver = true;
      await asking;
      return longest;
    },
  };
}

/** What the figures amount to, in words; false if a bound is missed. */
function judge(largest: number): boolean {
  const of = (row: Row, size = largest) => figures.get(`${row} ${size}`);
  const theirs = of('libreswan');
  const verdicts: boolean[] = [];
  for (const row of ['ipsec addconn', 'ipsec reload'] as const) {
    const found = of(row);
    if (!found?.seen || !found.idle || !theirs) continue;
    const { seen, idle, wall, ping = 0, heap = 0 } = found;
    console.log(`${row}, ${largest} conns:`);
    console.log(`  ${(wall / theirs.wall).toFixed(2)} of libreswan's time, ${heap.toFixed(0)} octets of heap a conn`);
    console.log(`  main thread late at most ${lateness(seen)}; when idle ${lateness(idle)}`);
    console.log(
      `  of that the collector: at most ${seen.longestGc.toFixed(1)} ms, ${seen.gc.toFixed(0)} ms in ${seen.pauses} pauses`,
    );
    console.log(`  a status question meanwhile took ${ping.toFixed(1)} ms at most, this bench's own waiting in it`);
    verdicts.push(wall <= theirs.wall, heap <= MOST_HEAP);
  }
  const [small, large] = [SIZES.at(-2), SIZES.at(-1)];
  if (small !== undefined && large !== undefined) {
    const exponent = (row: Row) =>
      (Math.log((of(row, large)?.cpu ?? 1) / (of(row, small)?.cpu ?? 1)) / Math.log(large / small)).toFixed(2);
    const all = (Object.keys(ROWS) as Row[]).map((row) => `${row} ${exponent(row)}`).join(', ');
    console.log(`CPU grows from ${small} to ${large} conns with the power of: ${all}`);
  }
  return verdicts.every(Boolean);
}

function lateness({ longest, p99, late }: Seen): string {
  return `${longest.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, by more than 5 ms ${late} times`;
}
