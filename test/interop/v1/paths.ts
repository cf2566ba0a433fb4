/** What lies between: a NAT, in the form of RFC 3947 and in that of the drafts before it, and packets that are too large. */
import { expect } from 'vitest';
import { eventually } from '../../support/process.ts';
import type { PeerName } from '../peers/prefix.ts';
import { oneConn, type Side, v1Tunnel, type Wish } from './conn.ts';
import { newSas, onBed, sameSas, type V1Bed } from './on-bed.ts';

type Path = Omit<Wish, 'name'>;

/** The form of the drafts is spoken to whom knows no other: to libreswan, which can be told so. */
const NATS: Readonly<Record<PeerName, Readonly<Record<string, Path>>>> = {
  libreswan: {
    'main, as in the RFC': { natForm: 'rfc' },
    'aggressive, as in the RFC': { natForm: 'rfc', isAggressive: true },
    'main, as in the drafts': { natForm: 'drafts' },
    'aggressive, as in the drafts': { natForm: 'drafts', isAggressive: true },
  },
  strongswan: { main: {}, aggressive: { isAggressive: true } },
};

const SIDES = ['west', 'east'] as const;
const who = (side: Side, peer: PeerName) => (side === 'west' ? `we initiate to ${peer}` : `${peer} initiates to us`);

/** West is behind the NAT, and begins. */
export function tellNats(peer: PeerName): void {
  for (const side of SIDES)
    for (const [title, path] of Object.entries(NATS[peer])) {
      const conn = oneConn(path);
      const tunnel = { ...v1Tunnel([conn]), charon: 'keep_alive = 1s', setup: ['keep-alive=1'] };
      onBed(`through a NAT, ${title}: ${who(side, peer)}`, { peer, side, tunnel, isNatted: true }, (tell) => {
        tell('ESP in UDP, on the ports that the router chose', throughNat);
      });
    }
}

/** What east knows of west. */
const ROUTER = '192.0.2.9';

async function throughNat(bed: V1Bed): Promise<void> {
  await bed.west.up('net');
  await eventually('both ends have the same SAs', async () => {
    const [west, east] = [await bed.west.installed(), await bed.east.installed()];
    return west.length === 2 && east.length === 2 && west.every(({ keys }) => east.some((sa) => sa.keys === keys));
  });
  const before = await bed.west.installed();
  // 2 is the RFC's and the last drafts' own form.
  for (const { encapsulation } of [...before, ...(await bed.east.installed())]) expect(encapsulation).toMatch(/^2:/);
  await bed.west.rekeyChild('net');
  await eventually('others', async () =>
    (await bed.east.installed()).some(({ spi }) => before.every((b) => b.spi !== spi)),
  );
  // One that is sent says that more will be.
  const packets = async () => (await bed.seen()).filter(({ dst }) => dst === '192.0.2.2');
  await bed.topology.east.host.must(['timeout', '5', 'tcpdump', '-n', '-c', '1', '-i', 'eth0', 'udp[4:2] == 9']);
  const mapped = await packets();
  expect(mapped.every(({ src }) => src === ROUTER)).toBe(true);
  expect(mapped.some(({ kind, dstPort, srcPort }) => kind === 'ike' && dstPort === 4500 && srcPort !== 4500)).toBe(
    true,
  );
  expect(mapped.some(({ kind }) => kind === 'keepalive')).toBe(true);
}

/** The answer of Aggressive Mode with MODP8192 does not fit into what every path carries. */
export function tellFragments(peer: PeerName): void {
  const conn = oneConn({ ike: 'aes256-sha2_512-modp8192', isAggressive: true, fragments: 'force' });
  for (const side of SIDES)
    onBed(
      `in fragments: ${who(side, peer)}`,
      { peer, side, tunnel: { ...v1Tunnel([conn]), charon: 'fragment_size = 800' } },
      (tell) => {
        tell('Aggressive Mode with MODP8192', async (bed) => {
          await bed.west.up('net');
          const before = await sameSas(bed, '192.0.2.1');
          await bed.east.rekeyChild('net');
          await newSas(
            bed,
            '192.0.2.1',
            before.map(({ spi }) => spi),
          );
          const fragments = (await bed.seen()).filter(({ ike }) => ike?.nextPayload === FRAGMENT);
          expect(fragments.length).toBeGreaterThan(1);
          expect(Math.max(...fragments.map(({ length }) => length))).toBeLessThanOrEqual(1294);
        });
      },
    );
}
const FRAGMENT = 132;
