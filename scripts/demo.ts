/**
 * `npm run demo [-- PLUTO-OPTION...]`: two gateways on this machine, a tunnel between them, and proof that it works.
 *
 *   10.1.0.0/24 ─ west 192.0.2.1 ═════ veth ═════ 192.0.2.2 east ─ 10.2.0.0/24
 *
 * Everything happens in two network namespaces and a temporary folder, and all of it is removed again. Options go
 * to both daemons: `--use-userspace` forces that data plane. Exit status 0 only if every step held.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capture } from '../test/support/capture.ts';
import { type Daemon, root, said, startDaemon } from '../test/support/daemon.ts';
import { count, type WirePacket } from '../test/support/pcap.ts';
import { ping } from '../test/support/ping.ts';
import { run } from '../test/support/process.ts';
import { pair, type Side, type Topology } from '../test/support/topology.ts';
import { mayMakeNamespaces } from './demo/privileges.ts';
import { report, steps } from './demo/steps.ts';
import { sink, source, transfer } from './demo/tcp.ts';

const conn = 'west-east';
const program = fileURLToPath(import.meta.url);

async function demo(options: readonly string[]): Promise<boolean> {
  const story = steps();
  const directory = await mkdtemp(join(tmpdir(), 'pluto-demo-'));
  const daemons: Daemon[] = [];
  // The terminal interrupts every process of the demo; this one stays, to clear up when its steps fail for it.
  process.on('SIGINT', () => process.stderr.write('interrupted\n'));
  let topology: Topology | undefined;
  try {
    await story.try('two hosts, west and east, joined by a veth', async () => {
      topology = await pair();
      return `${topology.west.subnet} ─ west ${topology.west.address} ══ ${topology.east.address} east ─ ${topology.east.subnet}`;
    });
    if (topology !== undefined) await tunnel(story, topology, directory, daemons, options);
  } finally {
    if (story.done().some((step) => !step.holds)) await tellLogs(daemons);
    await story.always('everything is removed again', () => clearUp(daemons, topology, directory));
  }
  process.stdout.write(report(story.done()));
  return story.done().every((step) => step.holds);
}

async function tunnel(
  story: ReturnType<typeof steps>,
  { west, east, wire }: Topology,
  directory: string,
  daemons: Daemon[],
  options: readonly string[],
): Promise<void> {
  const recording = await capture(wire, directory);

  await story.try('pluto starts on both, with config/demo', async () => {
    for (const [name, { host }] of Object.entries({ west, east })) {
      const sample = (kind: string): string => fileURLToPath(new URL(`config/demo/${name}.${kind}`, root()));
      const secrets = join(directory, `${name}.secrets`);
      await writeFile(secrets, await readFile(sample('secrets')), { mode: 0o600 });
      const place = { host, directory: join(directory, name), config: sample('conf'), secrets, options };
      daemons.push(await startDaemon(place));
    }
    return dataPlane(await daemons[0].log());
  });
  // After a failure no further claim is tried, so west's daemon is there when one is.
  const [daemon] = daemons;
  await story.try(`ipsec up ${conn}`, async () => lastLine(await said(daemon.ipsec('up', conn))));
  await story.try('100 pings through the tunnel', () => pings(west, east, 100, 0.02));
  await story.try('50 MB of TCP through the tunnel', () => transfer(program, west, east, 50));
  await story.try('ipsec trafficstatus', async () => {
    const status = (await said(daemon.ipsec('trafficstatus'))).trim();
    const outBytes = Number(/outBytes=(\d+)/.exec(status)?.[1] ?? 0);
    if (outBytes < 50e6) throw new Error(`outBytes=${outBytes} is less than was sent: ${status}`);
    return status;
  });
  await story.try('a rekey under traffic loses no packet', async () => {
    const [answered] = await Promise.all([
      pings(west, east, 300, 0.01),
      said(daemon.whack('--rekey-child', '--name', conn)),
    ]);
    return answered;
  });
  await story.try(`ipsec down ${conn}`, async () => {
    const words = lastLine(await said(daemon.ipsec('down', conn)));
    const status = await said(daemon.ipsec('trafficstatus'));
    if (status.includes(conn)) throw new Error(`still up: ${status}`);
    return words;
  });
  const packets = await recording.stop();
  await story.try('the wire carried only IKE and ESP', async () => onlyProtected(packets));
  await story.try('the rekey changed the keys under the traffic', async () => twoGenerations(packets, west, east));
  await story.try('both daemons end in good order', async () => {
    for (const { stop } of daemons) if ((await stop()) !== 0) throw new Error('an exit status was not 0');
    return 'exit status 0';
  });
}

/** What carries the packets; throws if nothing does, with what the daemon says of it. */
function dataPlane(log: string): string {
  const [, plane = 'unknown', why = ''] = /data plane: (\w+)(.*)/.exec(log) ?? [];
  if (plane !== 'none') return `data plane: ${plane}`;
  const hint = why.includes('/dev/net/tun')
    ? '; as an ordinary user the demo needs a /dev/net/tun that all may open'
    : '';
  throw new Error(`nothing here can carry a tunnel${why}${hint}`);
}

/** Throws unless every one was answered. */
async function pings(from: Side, to: Side, times: number, interval: number): Promise<string> {
  const { answered, average } = await ping(from.host, from.inner, to.inner, { times, interval });
  if (answered !== times) throw new Error(`${answered} of ${times} answered`);
  return `${answered} of ${times} answered, ${average} ms on average`;
}

function onlyProtected(packets: readonly WirePacket[]): string {
  const stray = packets.filter((packet) => packet.kind === 'other');
  const first = stray[0];
  if (first)
    throw new Error(`${stray.length} packets in the clear, the first: ${first.what} ${first.src} > ${first.dst}`);
  const { ike, esp, 'esp-in-udp': udp, neighbour } = count(packets);
  if (ike === 0 || esp + udp === 0) throw new Error(`IKE ${ike}, ESP ${esp + udp}: the capture missed the tunnel`);
  return `${ike} IKE, ${esp + udp} ESP${udp > 0 ? ' (in UDP)' : ''}, ${neighbour} ARP and neighbour discovery, 0 others`;
}

/** Each direction used one SPI before the rekey and another after it. */
function twoGenerations(packets: readonly WirePacket[], west: Side, east: Side): string {
  return [west, east]
    .map(({ address }) => {
      const spis = new Set(packets.flatMap(({ src, spi }) => (src === address && spi !== undefined ? [spi] : [])));
      if (spis.size < 2) throw new Error(`${address} sent with ${spis.size} SPI only`);
      return `${address}: ${[...spis].map((spi) => `0x${spi.toString(16)}`).join(', then ')}`;
    })
    .join('\n');
}

async function clearUp(daemons: readonly Daemon[], topology: Topology | undefined, directory: string): Promise<string> {
  for (const daemon of daemons) if (daemon.alive()) await daemon.kill();
  await topology?.network.close();
  const left = (await run(['ip', 'netns', 'list'])).stdout
    .split('\n')
    .filter((name) => name.includes(`-${process.pid}-`));
  await rm(directory, { recursive: true, force: true });
  if (left.length > 0 || existsSync(directory)) throw new Error(`left over: ${left.join(' ')} ${directory}`);
  return 'no process, namespace or file is left';
}

async function tellLogs(daemons: readonly Daemon[]): Promise<void> {
  for (const daemon of daemons) process.stderr.write(`--- log of pid ${daemon.pid}\n${await daemon.log()}\n`);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

const [role, ...args] = process.argv.slice(2);
if (role === 'tcp-sink') sink(args[0] ?? '');
else if (role === 'tcp-source') await source(args[0] ?? '', args[1] ?? '', Number(args[2]));
else {
  mayMakeNamespaces();
  process.exitCode = (await demo(process.argv.slice(2))) ? 0 : 1;
}
