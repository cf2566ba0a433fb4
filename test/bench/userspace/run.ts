/**
 * TCP through ESP in user space, side by side: `npx tsx test/bench/userspace/run.ts`. Each contender carries iperf3's
 * one stream from west to east (support/topology.ts), both ends and iperf3 on this machine's cores; the contenders
 * take turns, and each one's median counts. Needs root, Debian's iperf3, and the rivals: strongSwan as `sh
 * scripts/setup test` unpacks it, wireguard-go and wireguard-tools from Debian. A rival that is not there is named.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandExists } from '../../support/machine.ts';
import { pair, type Topology } from '../../support/topology.ts';
import { type Contender, libipsec, pluto, wireguard } from './contenders.ts';

const ROUNDS = 3;
const SECONDS = 3;

const missing = ['ip', 'iperf3'].filter((name) => !commandExists(name));
if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')}`);

const [ours, ...rivals] = [pluto, libipsec, wireguard];
const present = [ours, ...rivals].filter(isPresent);
const speeds = new Map<Contender, number[]>(present.map((contender) => [contender, []]));

process.stdout.write(`TCP, one stream, ${SECONDS} s, ${ROUNDS} turns each, ${cpus().length} cores; Mbit/s received\n`);
for (let round = 0; round < ROUNDS; round++) {
  for (const contender of present) speeds.get(contender)!.push(await turn(contender));
}
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
const best = median(speeds.get(ours)!);
for (const contender of present) {
  const mine = speeds.get(contender)!;
  const line = [
    contender.name.padEnd(44),
    median(mine).toFixed(0).padStart(6),
    `  (${mine.map((v) => v.toFixed(0)).join(', ')})`,
    contender === ours ? '' : `  ours is ${(best / median(mine)).toFixed(1)} times this`,
  ];
  process.stdout.write(`${line.join('')}\n`);
}

function isPresent(contender: Contender): boolean {
  const lacks = contender.lacks();
  if (lacks !== undefined) process.stdout.write(`NOT MEASURED: ${contender.name}: ${lacks}\n`);
  return lacks === undefined;
}

async function turn(contender: Contender): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'pluto-bench-'));
  const topology = await pair();
  try {
    for (const side of ['west', 'east']) await mkdir(join(directory, side));
    const stop = await contender.start(topology, directory);
    try {
      return await tcp(topology);
    } finally {
      await stop();
    }
  } finally {
    await topology.network.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function tcp({ west, east }: Topology): Promise<number> {
  const server = east.host.start(['iperf3', '--server', '--one-off', '--bind', east.inner, '--forceflush']);
  await server.says(/listening/);
  const client = ['iperf3', '--client', east.inner, '--bind', west.inner, '--time', `${SECONDS}`, '--json'];
  const report = JSON.parse(await west.host.must(client)) as { end: { sum_received: { bits_per_second: number } } };
  await server.ended;
  return report.end.sum_received.bits_per_second / 1e6;
}
