/** The bed itself: two peers known to be good must agree, or a failure elsewhere would say nothing about us. */
import { describe, expect, test } from 'vitest';
import { count } from '../support/pcap.ts';
import { eventually } from '../support/process.ts';
import { type Bed, expectSameSas, type Scenario, withBed } from './bed.ts';
import { startLibreswan } from './peers/libreswan.ts';
import { lacksPeer } from './peers/prefix.ts';
import { startStrongSwan } from './peers/strongswan.ts';
import { lacksBed } from './requirements.ts';

const tunnel = { encryption: 'aes_gcm256', groups: ['dh31'] } as const;
const strongSwan = startStrongSwan.bind(null, 'shim');
const strongSwanLibipsec = startStrongSwan.bind(null, 'libipsec');

function onBed(name: string, scenario: Scenario, story: (bed: Bed) => Promise<void>): void {
  test(name, async (context) => {
    const reason = lacksBed(scenario) ?? lacksPeer('strongswan') ?? lacksPeer('libreswan');
    context.skip(reason !== undefined, reason);
    await withBed(scenario, story);
  });
}

describe('the bed', () => {
  onBed('strongSwan to libreswan', { west: strongSwan, east: startLibreswan, tunnel }, async (bed) => {
    await bed.west.up();
    await expectSameSas(bed);
    expect(count(await bed.seen())).toMatchObject({ ike: 4, other: 0 });
  });

  onBed('libreswan to strongSwan', { west: startLibreswan, east: strongSwan, tunnel }, async (bed) => {
    await bed.west.up();
    await expectSameSas(bed);
    await bed.west.rekeyChild();
    await bed.west.deleteIke();
    await eventually('strongSwan has seen the delete', async () => !(await bed.east.isUp()));
    expect(await bed.east.installed()).toEqual([]);
  });

  onBed(
    'two strongSwans carry pings, and the capture sees ESP only',
    { west: strongSwanLibipsec, east: strongSwanLibipsec, tunnel: { ...tunnel, encapsulates: true } },
    async (bed) => {
      await bed.west.up();
      expect(await bed.ping({ times: 10 })).toBe(10);
      const { 'esp-in-udp': esp, other } = count(await bed.seen());
      expect(esp).toBeGreaterThanOrEqual(20);
      expect(other).toBe(0);
    },
  );

  onBed(
    'pings without a tunnel are seen in the clear',
    { west: strongSwan, east: startLibreswan, tunnel },
    async (bed) => {
      expect(await bed.ping({ times: 3 })).toBe(3);
      expect(count(await bed.seen()).other).toBeGreaterThanOrEqual(6);
    },
  );

  onBed(
    'the router translates addresses and ports',
    { west: startLibreswan, east: strongSwan, tunnel, isNatted: true },
    async (bed) => {
      await bed.west.up();
      await expectSameSas(bed);
      const moved = (await bed.seen()).filter((packet) => packet.dst === '192.0.2.2');
      expect(moved.every((packet) => packet.src === '192.0.2.9')).toBe(true);
      expect(moved.some((packet) => packet.srcPort !== packet.dstPort)).toBe(true);
    },
  );

  onBed(
    'IPv6, outside and inside',
    { west: startLibreswan, east: strongSwan, tunnel: { ...tunnel, family: 6 } },
    async (bed) => {
      await bed.west.up();
      await expectSameSas(bed);
    },
  );
});
