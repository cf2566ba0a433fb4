/**
 * Where a handshake's time goes: `node dist/test/bench/profile/run.js [PROFILE] [COUNT]` (psk 4000). Our daemon under the crowd's load, its
 * main thread sampled: µs a handshake by file and by function, and threads' shares by /proc. The profile is kept beside.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { network } from '../../support/netns.ts';
import { eventually } from '../../support/process.ts';
import { accounted } from '../concentrator/bench.ts';
import { PROFILES, type ProfileName } from '../crowd/profiles.ts';
import { cpuByThread } from '../gateways/account.ts';
import { startGateway } from '../gateways/gateway.ts';
import { readProfile, type Spent } from './read.ts';

const profile = (process.argv[2] ?? 'psk') as ProfileName;
const count = Number(process.argv[3] ?? 4_000);
if (!(profile in PROFILES)) throw new Error(`${profile} is none of ${Object.keys(PROFILES).join(', ')}`);

const WINDOW = 64;
const SHOWN = 45;
let share = 1;
const hosts = network();
const directory = await mkdtemp(join(tmpdir(), 'pluto-profile-'));
const file = join(directory, 'cpuprofile');
const hook = new URL(`./hook${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url).href;
try {
  const env = { NODE_OPTIONS: `--import=${hook}`, BENCH_PROFILE: file };
  const gateway = await startGateway(hosts, directory, { implementation: 'pluto', profile, tuning: { env } });
  await accounted(gateway, { act: 'up', from: 0, count, window: WINDOW });
  await accounted(gateway, { act: 'down', from: 0, count, window: WINDOW });
  const before = cpuByThread(gateway.pid);
  process.kill(gateway.pid, 'SIGUSR2');
  const { micros } = await accounted(gateway, { act: 'up', from: count, count, window: WINDOW });
  process.kill(gateway.pid, 'SIGUSR2');
  await eventually('the profile is there', () => existsSync(file), 60_000);
  const after = cpuByThread(gateway.pid);
  await gateway.stop();
  const { busy, files, functions } = await readProfile(file);
  const main = [...after].find(([thread]) => thread.startsWith(`${gateway.pid} `));
  const spent = (([thread, ms]: readonly [string, number]) => ms - (before.get(thread) ?? 0))(main ?? ['', 0]);
  // Samples are of the clock: where the machine had others to serve, they say more than was used.
  share = (spent * 1000) / busy;
  const kept = join(tmpdir(), `pluto-${profile}.cpuprofile`);
  await copyFile(file, kept);
  console.log(`${PROFILES[profile].title}: ${count} handshakes, ${WINDOW} at a time; all figures in µs for each`);
  console.log(`  processor, all threads, sampling in it   ${micros.toFixed(0)}`);
  for (const [thread, ms] of after) {
    const spent = ((ms - (before.get(thread) ?? 0)) / count) * 1000;
    if (spent >= 1) console.log(`  thread ${thread.padEnd(33)} ${spent.toFixed(0)}`);
  }
  print('file', files, (a, b) => b.self - a.self);
  print('function, by itself', functions, (a, b) => b.self - a.self);
  print('function, with what it calls', functions, (a, b) => b.total - a.total);
  console.log(`\nthe profile: ${kept}`);
} finally {
  await hosts.close();
  await rm(directory, { recursive: true, force: true });
}

function print(what: string, spent: readonly Spent[], order: (a: Spent, b: Spent) => number): void {
  console.log(`\n   self  total  ${what}`);
  for (const { self, total, where } of spent.toSorted(order).slice(0, SHOWN)) {
    const cells = [self, total].map((micros) => ((micros * share) / count).toFixed(1).padStart(7));
    console.log(`${cells.join('')}  ${where}`);
  }
}
