/**
 * What two implementations must be able to do with each other. West initiates; each story is told in both
 * directions. Both ends log the keys that they install, and the stories compare them: packets are another matter
 * (traffic.test.ts).
 */
import { expect } from 'vitest';
import type { WirePacket } from '../support/pcap.ts';
import { eventually } from '../support/process.ts';
import { type Bed, expectSameSas, type Scenario } from './bed.ts';
import type { Peer } from './peer.ts';
import type { Encryption, Group, Tunnel } from './tunnel.ts';

export interface Story extends Pick<Scenario, 'tunnel' | 'onlyAt' | 'isNatted'> {
  readonly title: string;
  /** What must be there before the bed is made; what it gives is added to the tunnel. */
  readonly prepare?: () => Promise<Partial<Tunnel>>;
  readonly tell: (bed: Bed) => Promise<void>;
}

const tunnel: Tunnel = { encryption: 'aes_gcm256', groups: ['dh31'] };

async function up(bed: Bed): Promise<void> {
  await bed.west.up();
  await expectSameSas(bed);
}

const encryptions: readonly Encryption[] = ['aes_gcm256', 'aes256', 'chacha20_poly1305'];
const groups: readonly Group[] = ['dh31', 'modp2048', 'dh19'];

/** Every encryption with every group. */
export const negotiations: readonly Story[] = encryptions.flatMap((encryption) =>
  groups.map((group) => ({ title: `${encryption} with ${group}`, tunnel: { encryption, groups: [group] }, tell: up })),
);

export const exchanges: readonly Story[] = [
  {
    title: 'IKE_SA_INIT again, with the cookie that the responder demands',
    tunnel,
    onlyAt: { east: { demandsCookies: true } },
    tell: async (bed) => {
      await up(bed);
      const requests = initRequests(await bed.seen());
      // The second begins with N(COOKIE); RFC 7296 §2.6.
      expect(requests.map((packet) => packet.ike?.nextPayload === notify)).toEqual([false, true]);
    },
  },
  {
    title: 'IKE_SA_INIT again, with the group that the responder wants',
    tunnel,
    onlyAt: { west: { groups: ['modp2048', 'dh31'] } },
    tell: async (bed) => {
      await up(bed);
      expect(initRequests(await bed.seen())).toHaveLength(2);
    },
  },
  {
    title: 'no common proposal: neither end installs anything',
    tunnel,
    onlyAt: { west: { encryption: 'aes256' } },
    tell: async ({ west, east }) => {
      await expect(west.up()).rejects.toThrow();
      expect([await west.installed(), await east.installed()]).toEqual([[], []]);
      expect([await west.isUp(), await east.isUp()]).toEqual([false, false]);
    },
  },
  {
    title: 'IKE_AUTH in fragments',
    tunnel: { ...tunnel, isLong: true },
    tell: async (bed) => {
      await up(bed);
      const fragments = (await bed.seen()).filter((packet) => packet.ike?.nextPayload === encryptedFragment);
      expect(fragments.length).toBeGreaterThan(1);
      expect(Math.max(...fragments.map((packet) => packet.length))).toBeLessThanOrEqual(1500);
    },
  },
  {
    title: 'through a NAT: ESP in UDP, on the ports that the router chose',
    tunnel,
    isNatted: true,
    tell: async (bed) => {
      await up(bed);
      for (const { encapsulation } of [...(await bed.west.installed()), ...(await bed.east.installed())])
        expect(encapsulation).toMatch(/^2:/);
      const mapped = (await bed.seen()).filter((packet) => packet.src === '192.0.2.9');
      expect(mapped.every((packet) => packet.dstPort === 500 || packet.srcPort !== 4500)).toBe(true);
    },
  },
  { title: 'IPv6 within IPv6', tunnel: { ...tunnel, family: 6 }, tell: up },
  ...bothWays('rekey the Child SA', (actor) => async (bed) => {
    await up(bed);
    const before = await spis(bed.west);
    await bed[actor].rekeyChild();
    await replaced(bed, before);
    await expectSameSas(bed);
  }),
  ...bothWays('rekey the IKE SA, and use the new one', (actor) => async (bed) => {
    await up(bed);
    const before = await spis(bed.west);
    await bed[actor].rekeyIke();
    await eventually('a message of the new IKE SA', () => bed.west.isUp());
    expect(await spis(bed.west)).toEqual(before);
    await bed[actor].rekeyChild();
    await replaced(bed, before);
    await expectSameSas(bed);
    const rekeyed = (await bed.seen()).flatMap(({ ike }) => (ike && ike.exchange !== init ? [ike.initiatorSpi] : []));
    expect(new Set(rekeyed).size).toBe(2);
  }),
  ...bothWays('delete the Child SA', (actor) => async (bed) => {
    await up(bed);
    const before = await spis(bed.west);
    await bed[actor].deleteChild();
    await gone(bed, before);
  }),
  // An initiator that was told to be up may come back at once, with new SAs.
  ...bothWays('delete the IKE SA', (actor) => async (bed) => {
    await up(bed);
    const before = await spis(bed.west);
    await bed[actor].deleteIke();
    await gone(bed, before);
    if (actor === 'west') await eventually('east is down', async () => !(await bed.east.isUp()));
  }),
  ...bothWays(
    'die, and be noticed',
    (actor) => async (bed) => {
      await up(bed);
      const survivor = actor === 'west' ? bed.east : bed.west;
      await bed[actor].kill();
      await noSas(survivor, 40_000);
    },
    { liveness: 1 },
  ),
];

const [init, notify, encryptedFragment] = [34, 41, 53];

/** The same story with either end acting. */
function bothWays(
  title: string,
  tell: (actor: 'west' | 'east') => Story['tell'],
  more: Partial<Tunnel> = {},
): readonly Story[] {
  return [
    { title: `${title}: the initiator does it`, tunnel: { ...tunnel, ...more }, tell: tell('west') },
    { title: `${title}: the responder does it`, tunnel: { ...tunnel, ...more }, tell: tell('east') },
  ];
}

function initRequests(packets: readonly WirePacket[]): readonly WirePacket[] {
  return packets.filter(({ ike }) => ike?.exchange === init && !ike.isResponse);
}

async function spis(peer: Peer): Promise<readonly string[]> {
  return (await peer.installed()).map(({ spi }) => spi).sort();
}

/** Both ends have two SAs, and none of the old ones. */
async function replaced({ west, east }: Bed, before: readonly string[]): Promise<void> {
  for (const peer of [west, east])
    await eventually(`${peer.name} has new SAs only`, async () => {
      const now = await spis(peer);
      return now.length === 2 && !now.some((spi) => before.includes(spi));
    });
}

/** Neither end has any of the old SAs. */
async function gone({ west, east }: Bed, before: readonly string[]): Promise<void> {
  for (const peer of [west, east])
    await eventually(`${peer.name} has none of the old SAs`, async () =>
      (await spis(peer)).every((spi) => !before.includes(spi)),
    );
}

async function noSas(peer: Peer, within?: number): Promise<void> {
  await eventually(`${peer.name} has no SA left`, async () => (await peer.installed()).length === 0, within);
}
