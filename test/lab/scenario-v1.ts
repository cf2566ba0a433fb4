/**
 * Runs in the guest: what IKEv1 negotiates besides ESP in a tunnel, between two of our daemons on the xfrm plane. All
 * connections are there from the start, each between addresses of its own: in the guest starting a program is what costs.
 *
 *     10.1.N.1 ─ west 192.0.2.N, 2001:db8::N ───────── 192.0.2.N+100, 2001:db8::N+100 east ─ 10.2.N.1
 *                west 192.168.7.N ─ seen as 192.0.2.N, where there is a NAT
 */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture } from '../support/capture.ts';
import { type Daemon, said, startDaemon } from '../support/daemon.ts';
import { configure, type Host } from '../support/netns.ts';
import { count, type WirePacket } from '../support/pcap.ts';
import { ping } from '../support/ping.ts';
import { eventually } from '../support/process.ts';
import { pair, type Side, type Topology } from '../support/topology.ts';
import { type Check, report } from './report.ts';

type Protocol = 'esp' | 'ah' | 'comp';

interface Story {
  readonly name: string;
  readonly conn: readonly string[];
  /** Protocols whose counters must rise, at both ends. */
  readonly by: readonly Protocol[];
  readonly family?: 4 | 6;
  /** West's address is another one on the wire. */
  readonly isNatted?: boolean;
  /** Octets of a ping. */
  readonly size?: number;
}

const esp = 'esp=aes128-sha1';
const ah = ['phase2=ah', 'ah=sha1'];
const both = ['phase2=esp+ah', esp, 'ah=sha1'];
const compress = 'compress=yes';
const transport = 'type=transport';

const STORIES: readonly Story[] = [
  { name: 'ESP, in a tunnel', conn: [esp], by: ['esp'] },
  { name: 'ESP, in transport mode', conn: [esp, transport], by: ['esp'] },
  { name: 'ESP in UDP, in a tunnel', conn: [esp, 'encapsulation=yes'], by: ['esp'] },
  { name: 'ESP in UDP, in transport mode', conn: [esp, transport, 'encapsulation=yes'], by: ['esp'] },
  { name: 'AH, in a tunnel', conn: ah, by: ['ah'] },
  { name: 'AH, in transport mode', conn: [...ah, transport], by: ['ah'] },
  { name: 'AH by SHA-256, IPv6', conn: ['phase2=ah', 'ah=sha2_256'], by: ['ah'], family: 6 },
  { name: 'IPComp within ESP, in a tunnel', conn: [esp, compress], by: ['esp', 'comp'] },
  { name: 'IPComp within ESP, IPv6', conn: [esp, compress], by: ['esp', 'comp'], family: 6 },
  { name: 'IPComp within ESP, in transport mode', conn: [esp, compress, transport], by: ['esp', 'comp'] },
  {
    name: 'IPComp within ESP in UDP, in transport mode',
    conn: [esp, compress, transport, 'encapsulation=yes'],
    by: ['esp', 'comp'],
  },
  { name: 'ESP in UDP, behind a NAT', conn: [esp], by: ['esp'], isNatted: true },
  { name: 'ESP in UDP, in transport mode behind a NAT', conn: [esp, transport], by: ['esp'], isNatted: true },
  {
    name: 'IPComp within ESP in UDP, in transport mode behind a NAT',
    conn: [esp, compress, transport],
    by: ['esp', 'comp'],
    isNatted: true,
  },
  { name: 'what would not get shorter goes without', conn: [esp, compress], by: ['esp'], size: 8 },
  { name: 'ESP, a few kilobytes', conn: [esp, 'ipsec-max-bytes=30000'], by: ['esp'] },
  { name: 'IPComp within AH', conn: [...ah, compress], by: ['ah', 'comp'] },
  { name: 'AH around ESP', conn: both, by: ['esp', 'ah'] },
  { name: 'AH around ESP around IPComp', conn: [...both, compress], by: ['esp', 'ah', 'comp'] },
];

interface Ends {
  readonly outer: string;
  /** By the other end. */
  readonly seenAs: string;
  readonly inner: string;
  readonly net: string;
}

/** Of the story at `index`; hosts are told of them by `prepare`. */
function endsOf(index: number, isWest: boolean): Ends {
  const { family, isNatted } = STORIES[index];
  const [n, side] = [10 + index, isWest ? 1 : 2];
  const host = isWest ? n : n + 100;
  const seenAs = family === 6 ? `2001:db8::${host}` : `192.0.2.${host}`;
  const outer = isWest && isNatted ? `192.168.7.${host}` : seenAs;
  return family === 6
    ? { outer, seenAs, inner: `fd0${side}:${n}::1`, net: `fd0${side}:${n}::/64` }
    : { outer, seenAs, inner: `10.${side}.${n}.1`, net: `10.${side}.${n}.0/24` };
}

const isTransport = ({ conn }: Pick<Story, 'conn'>) => conn.includes(transport);

async function prepare({ host }: Side, isWest: boolean): Promise<void> {
  const lines = STORIES.flatMap(({ family = 4 }, i) => {
    const { outer, seenAs, inner } = endsOf(i, isWest);
    const [wide, whole, flag] = family === 6 ? [64, 128, ' nodad'] : [24, 32, ''];
    const hidden = outer === seenAs ? [] : [`addr add ${outer}/${whole} dev lo`];
    return [`addr add ${seenAs}/${wide} dev eth0${flag}`, `addr add ${inner}/${whole} dev lo${flag}`, ...hidden];
  });
  await configure(host, lines);
  if (isWest) await translate(host);
}

/** A NAT that knows no ports, on west's own wire. */
async function translate(host: Host): Promise<void> {
  const tc = (line: string): Promise<string> => host.must(['tc', ...line.split(' ')]);
  const filter = (way: string, what: string) => tc(`filter add dev eth0 ${way} protocol ip u32 match ip ${what}`);
  await tc('qdisc add dev eth0 clsact');
  for (const [i, { isNatted }] of STORIES.entries()) {
    if (!isNatted) continue;
    const { outer, seenAs } = endsOf(i, true);
    await filter('egress', `src ${outer}/32 action nat egress ${outer}/32 ${seenAs}`);
    await filter('ingress', `dst ${seenAs}/32 action nat ingress ${seenAs}/32 ${outer}`);
  }
}

const COMMON = ['keyexchange=ikev1', 'authby=secret', 'ike=aes128-sha1-modp2048', 'pfs=no', 'auto=add'];

function confOf(isWest: boolean): string {
  const conns = STORIES.map((story, i) => {
    const end = (side: 'left' | 'right', isOfWest: boolean) => {
      const { outer: own, seenAs, net } = endsOf(i, isOfWest);
      const outer = isOfWest === isWest ? own : seenAs;
      return [
        `${side}=${outer}`,
        `${side}id=@${isOfWest ? 'west' : 'east'}.test`,
        ...(isTransport(story) ? [] : [`${side}subnet=${net}`]),
      ];
    };
    const lines = [...end('left', isWest), ...end('right', !isWest), ...COMMON, ...story.conn];
    return `conn c${i}\n${lines.map((line) => `\t${line}\n`).join('')}`;
  });
  return `config setup\n\tikev1-policy=accept\n\n${conns.join('\n')}`;
}

interface Bed {
  readonly topology: Topology;
  readonly west: Daemon;
  readonly east: Daemon;
  readonly seen: () => Promise<readonly WirePacket[]>;
  readonly close: () => Promise<void>;
}

async function bedOf(topology: Topology): Promise<Bed> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-v1-'));
  const start = async (me: 'west' | 'east'): Promise<Daemon> => {
    const at = (name: string): string => join(folder, me, name);
    await mkdir(join(folder, me));
    await writeFile(at('ipsec.conf'), confOf(me === 'west'));
    await writeFile(at('ipsec.secrets'), '@west.test @east.test : PSK "correct horse battery staple"\n', {
      mode: 0o600,
    });
    const files = { config: at('ipsec.conf'), secrets: at('ipsec.secrets') };
    return startDaemon({ host: topology[me].host, directory: join(folder, me), ...files, options: ['--use-xfrm'] });
  };
  const recording = await capture(topology.wire, folder);
  const [west, east] = await Promise.all([start('west'), start('east')]);
  return {
    ...{ topology, west, east, seen: recording.stop },
    close: async () => {
      for (const daemon of [west, east]) await daemon.kill();
      await recording.stop().catch(() => undefined);
      await topology.network.close();
    },
  };
}

function same(what: string, seen: unknown, wanted: unknown): void {
  if (seen !== wanted) throw new Error(`${what}: ${String(seen)}, not ${String(wanted)}`);
}

/** Of the SAs that end at `address`. */
async function statesAt({ host }: Side, address: string): Promise<readonly string[]> {
  const text = await host.must(['ip', '-s', 'xfrm', 'state']);
  return text.split(/^(?=src )/m).filter((block) => new RegExp(`(src|dst) ${address}\\b(?!/)`).test(block));
}

const packetsOf = (blocks: readonly string[], protocol: Protocol): number =>
  blocks
    .filter((block) => block.includes(`proto ${protocol} `) && !block.includes('spi 0x00000000'))
    .reduce((sum, block) => sum + Number(/lifetime current:\s+\d+\(bytes\), (\d+)\(packets\)/.exec(block)?.[1]), 0);

async function passes({ topology: { west, east }, west: daemon }: Bed, index: number): Promise<void> {
  const story = STORIES[index];
  const { by, size = 800 } = story;
  const [w, e] = [endsOf(index, true), endsOf(index, false)];
  const at = ({ outer, inner }: Ends) => (isTransport(story) ? outer : inner);
  const to = ({ seenAs, inner }: Ends) => (isTransport(story) ? seenAs : inner);
  await said(daemon.ipsec('up', `c${index}`));
  const options = { interval: 0.05, size };
  same('pings from west', (await ping(west.host, at(w), to(e), options)).answered, 5);
  same('pings from east', (await ping(east.host, at(e), to(w), options)).answered, 5);
  for (const [side, { outer }] of [
    [west, w],
    [east, e],
  ] as const) {
    const states = await statesAt(side, outer);
    for (const protocol of by) {
      const packets = packetsOf(states, protocol);
      if (packets < 20) throw new Error(`${protocol} has carried ${packets} packets:\n${states.join('')}`);
    }
  }
}

/** With all that the daemons have to say, when it fails. */
const told = (bed: Bed, story: (bed: Bed) => Promise<void>) => async (): Promise<void> => {
  try {
    await story(bed);
  } catch (error) {
    const logs = await Promise.all([bed.west, bed.east].map((daemon) => daemon.log()));
    throw new Error([error instanceof Error ? error.message : String(error), ...logs].join('\n---\n'), {
      cause: error,
    });
  }
};

const indexOf = (name: string): number => STORIES.findIndex((story) => story.name === name);

const topology = await pair();
for (const name of ['west', 'east'] as const) await prepare(topology[name], name === 'west');
const bed = await bedOf(topology);

const checks: readonly Check[] = [
  ...STORIES.map(({ name }, i) => ({ name, run: told(bed, () => passes(bed, i)) })),
  {
    name: 'a bundle is rekeyed under traffic, no packet lost',
    run: told(bed, async ({ west: daemon }) => {
      const index = indexOf('IPComp within ESP, in a tunnel');
      const [w, e] = [endsOf(index, true), endsOf(index, false)];
      const rekey = said(daemon.whack('--rekey-child', '--name', `c${index}`));
      const many = { times: 100, interval: 0.05, size: 800 };
      const [{ answered }] = await Promise.all([ping(topology.west.host, w.inner, e.inner, many), rekey]);
      same('answered', answered, 100);
      // The older ones receive until their end.
      same('SAs', (await statesAt(topology.west, w.outer)).filter((s) => /proto (esp|comp) /.test(s)).length, 8);
    }),
  },
  {
    name: 'before the kilobytes are used up the kernel asks for others, no packet lost',
    run: told(bed, async () => {
      const index = indexOf('ESP, a few kilobytes');
      const [w, e] = [endsOf(index, true), endsOf(index, false)];
      const held = async () => (await statesAt(topology.west, w.outer)).filter((s) => /proto esp /.test(s)).length;
      same('SAs', await held(), 2);
      const many = { times: 30, interval: 0.2, size: 800 };
      same('answered', (await ping(topology.west.host, w.inner, e.inner, many)).answered, 30);
      if ((await held()) < 4) throw new Error('the kernel has not asked');
    }),
  },
  {
    name: 'down leaves nothing of a bundle in either kernel',
    run: told(bed, async ({ west: daemon }) => {
      const index = indexOf('AH around ESP around IPComp');
      const ends = [
        [topology.west, endsOf(index, true).outer],
        [topology.east, endsOf(index, false).outer],
      ] as const;
      const held = async ([side, outer]: (typeof ends)[number]) =>
        (await statesAt(side, outer)).filter((s) => /proto (esp|ah|comp) /.test(s)).length;
      same('SAs when up', await held(ends[0]), 6);
      await said(daemon.ipsec('down', `c${index}`));
      for (const end of ends) await eventually('nothing is left', async () => (await held(end)) === 0);
    }),
  },
  {
    name: 'on the wire there was nothing else',
    run: told(bed, async () => {
      const packets = await bed.seen();
      const stray = packets.find(({ kind, what }) => kind === 'other' && what !== 'IP protocol 51');
      if (stray) throw new Error(`in the clear: ${stray.what} from ${stray.src} to ${stray.dst}`);
      if (count(packets)['esp-in-udp'] < 40) throw new Error('no ESP in UDP');
    }),
  },
];

await report(checks);
await bed.close();
