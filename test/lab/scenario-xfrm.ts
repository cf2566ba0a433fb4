/** Runs in the guest: two of our daemons on the xfrm plane, and a kernel that does what they tell it. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type End, ipsecConf, ipsecSecrets, type Tunnel } from '../interop/tunnel.ts';
import { capture } from '../support/capture.ts';
import { type Daemon, said, startDaemon } from '../support/daemon.ts';
import { count, type WirePacket } from '../support/pcap.ts';
import { type PingOptions, ping } from '../support/ping.ts';
import { eventually } from '../support/process.ts';
import { pair, type Side, type Topology } from '../support/topology.ts';
import { type Check, report } from './report.ts';

interface Gateways {
  readonly topology: Topology;
  readonly west: Daemon;
  readonly east: Daemon;
  /** Ends the capture. */
  readonly seen: () => Promise<readonly WirePacket[]>;
}

const tunnel: Tunnel = { encryption: 'aes_gcm256', groups: ['dh31'] };

/** Two gateways with the same conn, and everything gone again afterwards. */
async function between(options: Tunnel, story: (gateways: Gateways) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-xfrm-'));
  const topology = await pair();
  const daemons: Daemon[] = [];
  const start = async (me: 'west' | 'east', peer: 'west' | 'east'): Promise<Daemon> => {
    const at = (name: string): string => join(folder, me, name);
    await mkdir(join(folder, me));
    const end = (name: 'west' | 'east'): End => {
      const { address, address6, subnet, subnet6 } = topology[name];
      const isV6 = options.family === 6;
      return {
        id: `${name}.test`,
        address: isV6 ? address6 : address,
        subnet: isV6 ? subnet6 : subnet,
        proof: { by: 'secret' },
      };
    };
    const ends = { me: end(me), peer: end(peer) };
    await writeFile(at('ipsec.conf'), await ipsecConf(options, ends));
    await writeFile(at('ipsec.secrets'), ipsecSecrets(ends), { mode: 0o600 });
    const daemon = await startDaemon({
      host: topology[me].host,
      directory: join(folder, me),
      config: at('ipsec.conf'),
      secrets: at('ipsec.secrets'),
      options: ['--use-xfrm'],
    });
    daemons.push(daemon);
    return daemon;
  };
  const recording = await capture(topology.wire, folder);
  try {
    const [west, east] = [await start('west', 'east'), await start('east', 'west')];
    await story({ topology, west, east, seen: recording.stop });
  } catch (error) {
    const logs = await Promise.all(daemons.map((daemon) => daemon.log()));
    throw new Error([error instanceof Error ? error.message : String(error), ...logs].join('\n---\n'), {
      cause: error,
    });
  } finally {
    for (const daemon of daemons) await daemon.kill();
    await recording.stop().catch(() => undefined);
    await topology.network.close();
  }
}

/** How many were answered; 5 unless said. */
async function pings(from: Side, to: Side, family: 4 | 6 = 4, options: PingOptions = {}): Promise<number> {
  const [source, target] = family === 6 ? [from.inner6, to.inner6] : [from.inner, to.inner];
  return (await ping(from.host, source, target, { interval: 0.05, ...options })).answered;
}

function same(what: string, seen: unknown, wanted: unknown): void {
  if (seen !== wanted) throw new Error(`${what}: ${String(seen)}, not ${String(wanted)}`);
}

function onlyProtected(packets: readonly WirePacket[], atLeast: number): void {
  const stray = packets.find((packet) => packet.kind === 'other');
  if (stray) throw new Error(`in the clear: ${stray.what} from ${stray.src} to ${stray.dst}`);
  if (count(packets).esp < atLeast) throw new Error(`only ${count(packets).esp} ESP packets`);
}

/** What the kernel holds on a host, larval SAs left out. */
async function kernelHolds({ host }: Side): Promise<{ sas: number; policies: number }> {
  const sas = await host.must(['ip', 'xfrm', 'state']);
  const policies = await host.must(['ip', 'xfrm', 'policy']);
  return {
    sas: (sas.match(/proto esp spi 0x(?!00000000)/g) ?? []).length,
    policies: (policies.match(/^src .*\n\s+dir (in|out|fwd)/gm) ?? []).length,
  };
}

function carries(options: Tunnel): () => Promise<void> {
  return () =>
    between(options, async ({ topology: { west, east }, west: daemon, seen }) => {
      await said(daemon.ipsec('up', 'net'));
      same('pings from west', await pings(west, east, options.family), 5);
      same('pings from east', await pings(east, west, options.family), 5);
      onlyProtected(await seen(), 20);
    });
}

const checks: readonly Check[] = [
  { name: 'pings both ways, AES-GCM', run: carries(tunnel) },
  { name: 'pings both ways, AES-CBC with HMAC-SHA2-256', run: carries({ ...tunnel, encryption: 'aes256' }) },
  { name: 'pings both ways, ChaCha20-Poly1305', run: carries({ ...tunnel, encryption: 'chacha20_poly1305' }) },
  { name: 'pings both ways, ESP in UDP', run: carriesInUdp() },
  { name: 'pings both ways, IPv6 within IPv6', run: carries({ ...tunnel, family: 6 }) },
  {
    name: 'rekey under traffic, no packet lost',
    run: () =>
      between(tunnel, async ({ topology: { west, east }, west: daemon, seen }) => {
        await said(daemon.ipsec('up', 'net'));
        const rekey = said(daemon.whack('--rekey-child', '--name', 'net'));
        const [answered] = await Promise.all([pings(west, east, 4, { times: 100 }), rekey]);
        same('answered', answered, 100);
        const spis = new Set((await seen()).flatMap(({ spi }) => (spi === undefined ? [] : [spi])));
        if (spis.size < 4) throw new Error(`the keys did not change under the traffic: ${spis.size} SPIs`);
      }),
  },
  {
    name: 'the first packet brings a routed connection up, and is not sent in the clear',
    run: () =>
      between(tunnel, async ({ topology: { west, east }, west: daemon, seen }) => {
        await said(daemon.ipsec('route', 'net'));
        await pings(west, east, 4, { times: 2 });
        await eventually(
          'the tunnel is up',
          async () => (await said(daemon.ipsec('trafficstatus'))).includes('"net"'),
          20_000,
        );
        same('answered', await pings(west, east), 5);
        onlyProtected(await seen(), 10);
      }),
  },
  {
    name: 'trafficstatus tells what the kernel counted',
    run: () =>
      between(tunnel, async ({ topology: { west, east }, west: daemon }) => {
        await said(daemon.ipsec('up', 'net'));
        // 84 octets of IPv4, five times each way, so slowly that none is sent twice.
        same('answered', await pings(west, east, 4, { interval: 1 }), 5);
        const status = await said(daemon.ipsec('trafficstatus'));
        if (!/inBytes=420, outBytes=420\b/.test(status)) throw new Error(status);
      }),
  },
  {
    name: 'down leaves no SA and no policy in either kernel',
    run: () =>
      between(tunnel, async ({ topology: { west, east }, west: daemon }) => {
        await said(daemon.ipsec('up', 'net'));
        same('SAs of west when up', (await kernelHolds(west)).sas, 2);
        await said(daemon.ipsec('down', 'net'));
        for (const side of [west, east])
          await eventually('nothing is left', async () => {
            const { sas, policies } = await kernelHolds(side);
            return sas === 0 && policies === 0;
          });
      }),
  },
];

/** With no NAT in between: the conn demands it. */
function carriesInUdp(): () => Promise<void> {
  return () =>
    between({ ...tunnel, encapsulates: true }, async ({ topology: { west, east }, west: daemon, seen }) => {
      await said(daemon.ipsec('up', 'net'));
      same('pings from west', await pings(west, east), 5);
      const { other, 'esp-in-udp': udp } = count(await seen());
      same('packets in the clear', other, 0);
      if (udp < 10) throw new Error(`only ${udp} packets of ESP in UDP`);
    });
}

await report(checks);
