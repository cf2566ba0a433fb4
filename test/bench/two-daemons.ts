/**
 * Handshakes between two daemons: two processes in two namespaces, the data plane `none`, so that what is measured is
 * IKE: sockets, codec, exchanges, helpers, actors. Every tunnel has identities of its own, and so an IKE SA of its own.
 *
 *     node dist/test/bench/two-daemons.js [TUNNELS]
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { converse } from '../../src/control/client.ts';
import { type Daemon, lacksDaemon, said, startDaemon } from '../support/daemon.ts';
import { type Host, network } from '../support/netns.ts';
import { eventually } from '../support/process.ts';

const tunnels = Number(process.argv[2] ?? 1000);
/** Clock ticks per second of /proc, the same on every Linux. */
const TICKS = 100;

const lacking = process.getuid?.() !== 0 ? 'needs root for namespaces' : lacksDaemon();
if (lacking) {
  console.log(`skipped: ${lacking}`);
  process.exit(0);
}

const hosts = network();
const directory = await mkdtemp(join(tmpdir(), 'pluto-bench-'));
const daemons: Daemon[] = [];
try {
  const [west, east] = [await hosts.host('west'), await hosts.host('east')];
  await hosts.wire(
    { host: west, device: 'eth0', addresses: ['192.0.2.1/24'] },
    { host: east, device: 'eth0', addresses: ['192.0.2.2/24'] },
  );
  const both = [await daemon(west, 'west'), await daemon(east, 'east')];
  const [initiating, answering] = both;
  // To load connections is no handshake.
  for (const each of both) await eventually('it has loaded', async () => (await loaded(each)) >= tunnels, 60_000);
  const before = await Promise.all(both.map(cpuSeconds));
  const start = performance.now();
  await said(initiating.whack('--name', 'all', '--initiate', '--asynchronous'));
  await eventually('all tunnels are up', async () => (await established('west')) >= tunnels, 300_000);
  const seconds = (performance.now() - start) / 1000;
  const [initiator, responder] = (await Promise.all(both.map(cpuSeconds))).map((s, i) =>
    Math.round(((s - before[i]) / tunnels) * 1e6),
  );
  const wait = await longestWait(async () => {});
  const waitInStatus = await longestWait(async () => void (await said(initiating.whack('--status'))));
  console.log(
    `two daemons on ${availableParallelism()} CPUs, ${tunnels} tunnels, PSK, AES-GCM-256, curve25519, plane none`,
  );
  console.log(`  handshakes per second   ${Math.round(tunnels / seconds)}`);
  console.log(`  CPU µs per handshake    initiator ${initiator}, responder ${responder}, helpers included`);
  console.log(`  CPU s before the first  ${before.map((s) => s.toFixed(1)).join(', ')}: start, loading`);
  console.log(
    `  longest wait, ms        ${wait.toFixed(0)} when idle, ${waitInStatus.toFixed(0)} during status of all`,
  );
  console.log(
    `  resident                initiator ${await resident(initiating)} MB, responder ${await resident(answering)} MB`,
  );
} finally {
  for (const each of daemons) await each.kill();
  await hosts.close();
  await rm(directory, { recursive: true, force: true });
}

async function daemon(host: Host, name: string): Promise<Daemon> {
  const place = join(directory, name);
  const [config, secrets] = [`${place}.conf`, `${place}.secrets`];
  await writeFile(config, conf());
  await writeFile(secrets, ': PSK "one for all in this bench"\n', { mode: 0o600 });
  const started = await startDaemon({ host, directory: place, config, secrets, options: ['--noklips'] });
  daemons.push(started);
  return started;
}

function conf(): string {
  const shared = [
    'left=192.0.2.1',
    'right=192.0.2.2',
    'authby=secret',
    'ike=aes_gcm256-sha2_256-dh31',
    'connalias=all',
    'auto=add',
  ];
  const conns = Array.from({ length: tunnels }, (_, i) => {
    const net = `${(i >> 8) & 255}.${i & 255}`;
    return [
      `conn t${i}`,
      'also=all',
      `leftid=@w${i}`,
      `rightid=@e${i}`,
      `leftsubnet=10.${net}.0/24`,
      `rightsubnet=11.${net}.0/24`,
    ];
  });
  return [['conn all', ...shared.slice(0, -1)], ...conns.map((lines) => [...lines, shared.at(-1)!])]
    .map(([head, ...body]) => [head, ...body.map((line) => `\t${line}`)].join('\n'))
    .join('\n\n')
    .concat('\n');
}

/** How long the longest of many short questions was under way while `during` took its time, ms. */
async function longestWait(during: () => Promise<void>): Promise<number> {
  let isOver = false;
  let longest = 0;
  const over = Promise.all([during(), pause(1000)]).then(() => {
    isOver = true;
  });
  while (!isOver) {
    const asked = performance.now();
    await established('west');
    longest = Math.max(longest, performance.now() - asked);
    await pause(2);
  }
  await over;
  return longest;
}

/** Asked from here: a whack that is started ten times a second takes half a CPU from those it asks. */
async function established(name: string): Promise<number> {
  let count = 0;
  await converse({
    path: join(directory, name, 'run', 'pluto.ctl'),
    requests: [{ kind: 'globalstatus' }],
    onReply: (reply) => {
      if (reply.t !== 'rows' || reply.of !== 'globals') return;
      for (const { key, value } of reply.rows) if (key === 'current.states.ipsec') count = Number(value);
    },
  });
  return count;
}

/** Connections, by the log. */
async function loaded(of: Daemon): Promise<number> {
  return (await of.log()).split('": added IKEv2 connection').length - 1;
}

/** User and system time of all its threads since it began. */
async function cpuSeconds({ pid }: Daemon): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function resident({ pid }: Daemon): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}
