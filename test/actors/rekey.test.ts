import { describe, expect, test } from 'vitest';
import { RC } from '../../src/control/reply-codes.ts';
import { conn, isExchange, upTown } from './town.ts';

const TWO = conn() + conn('w-e-2', { leftsubnet: '10.0.3.0/24' });
const HOUR = 3_600_000;

describe('whack --rekey-child', () => {
  test('puts a new Child SA in the place of the old one, at both ends', () => {
    const { west, east, clock } = upTown();
    const before = west.plane.inbound()[0].spi;
    const rekey = west.whack({ kind: 'rekey-child', name: 'w-e' });
    expect(rekey.exit).toBe(0);
    expect(rekey.text).toMatch(/rekeyed Child SA #2 using #1/);
    clock.advance(5_001);
    for (const house of [west, east]) {
      expect(house.plane.inbound()).toHaveLength(1);
      expect(house.plane.outbound()).toHaveLength(1);
      expect(house.plane.policies.size).toBe(3);
      expect(house.world.policies.size).toBe(1);
      expect(house.plane.mistakes).toEqual([]);
    }
    expect(west.plane.inbound()[0].spi).not.toBe(before);
    expect(west.plane.outbound()[0].spi).toBe(east.plane.inbound()[0].spi);
  });

  test('the answering end sends through the new one only when the old one is deleted', () => {
    const { west, east, clock, wire } = upTown();
    wire.delay = 10;
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    clock.advance(15);
    expect(east.plane.inbound()).toHaveLength(2);
    expect(east.plane.outbound()).toHaveLength(1);
    clock.advance(100);
    expect(east.plane.outbound()[0].spi).toBe(west.plane.inbound().at(-1)!.spi);
  });

  test('a refusal ends the whack with a failure, and the old one lives on', () => {
    const both = conn('w-e', { esp: 'aes_gcm256-none-dh31' });
    const { west, east } = upTown({ both });
    east.plane.refuses = (what) => (what === 'spi' ? 'no more' : undefined);
    const rekey = west.whack({ kind: 'rekey-child', name: 'w-e' });
    expect(rekey.exit).toBeGreaterThanOrEqual(20);
    expect(west.plane.inbound()).toHaveLength(1);
  });

  test('of what is not up says so', () => {
    const { west } = upTown();
    west.whack({ kind: 'terminate', name: 'w-e' });
    expect(west.whack({ kind: 'rekey-child', name: 'w-e' }).exit).toBe(RC.UNKNOWN_NAME);
    expect(west.whack({ kind: 'rekey-ike', name: 'w-e' }).exit).toBe(RC.UNKNOWN_NAME);
  });
});

describe('whack --rekey-ike', () => {
  test('moves the children to a new IKE SA, and the old one goes', () => {
    const { west, east, clock } = upTown({ both: TWO });
    west.whack({ kind: 'initiate', name: 'w-e-2' });
    const before = west.plane.inbound().map((s) => s.spi);
    expect(west.whack({ kind: 'rekey-ike', name: 'w-e' }).exit).toBe(0);
    clock.advance(100);
    expect(west.world.switchboard.size).toBe(1);
    expect(east.world.switchboard.size).toBe(1);
    expect(west.plane.inbound().map((s) => s.spi)).toEqual(before);
  });

  test('afterwards every connection on it is obeyed as before', () => {
    const { west, east, clock } = upTown({ both: TWO });
    west.whack({ kind: 'initiate', name: 'w-e-2' });
    west.whack({ kind: 'rekey-ike', name: 'w-e' });
    clock.advance(100);
    expect(west.whack({ kind: 'rekey-child', name: 'w-e-2' }).exit).toBe(0);
    clock.advance(5_001);
    expect(west.plane.inbound()).toHaveLength(2);
    expect(west.whack({ kind: 'terminate', name: 'w-e-2' }).exit).toBe(0);
    expect(west.plane.inbound()).toHaveLength(1);
    expect(east.whack({ kind: 'terminate', name: 'w-e' }).exit).toBe(0);
    expect(east.plane.sas.size).toBe(0);
  });

  test('a peer that is rekeying a child just then lets nobody wait for ever', () => {
    const { west, east, wire, clock } = upTown();
    wire.delay = 10;
    const child = east.whack({ kind: 'rekey-child', name: 'w-e' });
    const ike = west.whack({ kind: 'rekey-ike', name: 'w-e' });
    clock.advance(120_000);
    // Refused for the moment, and tried again without being asked.
    expect(child.exit).toBeDefined();
    expect(ike.exit).toBe(0);
    for (const house of [west, east]) {
      expect(house.world.switchboard.size).toBe(1);
      expect(house.plane.inbound()).toHaveLength(1);
      expect(house.plane.mistakes).toEqual([]);
      expect(house.crashes).toEqual([]);
    }
    expect(west.plane.outbound()[0].spi).toBe(east.plane.inbound()[0].spi);
  });

  test('both ends at once end with one IKE SA and the child on it', () => {
    const { west, east, wire, clock } = upTown();
    wire.delay = 10;
    const asked = [west, east].map((house) => house.whack({ kind: 'rekey-ike', name: 'w-e' }));
    clock.advance(120_000);
    expect(asked.map((a) => a.exit)).toEqual([0, 0]);
    for (const house of [west, east]) {
      expect(house.world.switchboard.size).toBe(1);
      expect(house.plane.inbound()).toHaveLength(1);
      expect(house.crashes).toEqual([]);
    }
    const down = west.whack({ kind: 'terminate', name: 'w-e' });
    expect(down.exit).toBeUndefined();
    clock.advance(100);
    expect(down.exit).toBe(0);
    expect(west.plane.sas.size + east.plane.sas.size).toBe(0);
  });

  test('events of the data plane find the moved children', () => {
    const { west, clock } = upTown();
    west.whack({ kind: 'rekey-ike', name: 'w-e' });
    clock.advance(100);
    const [old] = west.plane.inbound();
    west.plane.raise({ t: 'expire', key: old, hard: false });
    clock.advance(5_001);
    expect(west.plane.inbound().map((s) => s.spi)).not.toContain(old.spi);
    expect(west.plane.inbound()).toHaveLength(1);
  });
});

describe('lifetimes', () => {
  const both = conn('w-e', { salifetime: '1h', ikelifetime: '24h', rekeymargin: '5m', rekeyfuzz: '0%' });

  test('a child is rekeyed before its end', () => {
    const { west, east, clock } = upTown({ both });
    const [first] = west.plane.inbound();
    clock.advance(55 * 60_000 - 1_000);
    expect(west.plane.inbound()[0].spi).toBe(first.spi);
    clock.advance(10_000);
    expect(west.plane.inbound()).toHaveLength(1);
    expect(west.plane.inbound()[0].spi).not.toBe(first.spi);
    clock.advance(24 * HOUR);
    for (const house of [west, east]) {
      expect(house.plane.inbound()).toHaveLength(1);
      expect(house.world.switchboard.size).toBe(1);
      expect(house.plane.mistakes).toEqual([]);
      expect(house.crashes).toEqual([]);
    }
  });

  test('a child that was moved to a new IKE SA is still rekeyed in its time', () => {
    const { west, clock } = upTown({ both });
    const [first] = west.plane.inbound();
    clock.advance(10 * 60_000);
    west.whack({ kind: 'rekey-ike', name: 'w-e' });
    clock.advance(44 * 60_000);
    expect(west.plane.inbound()[0].spi).toBe(first.spi);
    clock.advance(2 * 60_000);
    expect(west.plane.inbound().map((s) => s.spi)).not.toContain(first.spi);
    expect(west.plane.inbound()).toHaveLength(1);
  });

  test('a child that cannot be rekeyed ends at its hour, and comes again', () => {
    const { west, wire, clock } = upTown({ both: both.replace('auto=add', 'auto=add\n  rekey=no') });
    const [first] = west.plane.inbound();
    clock.advance(HOUR - 1_000);
    expect(west.plane.inbound()[0].spi).toBe(first.spi);
    clock.advance(10_000);
    expect(west.plane.inbound()).toHaveLength(1);
    expect(west.plane.inbound()[0].spi).not.toBe(first.spi);
    expect(wire.sent).toBeGreaterThan(4);
  });

  test('two days of a lossy wire leave one tunnel, no crash and no mistake', () => {
    const { west, east, wire, clock } = upTown({ both });
    let n = 0;
    wire.delay = 20;
    wire.loses = (datagram) => !isExchange('IKE_SA_INIT')(datagram) && n++ % 3 === 0;
    clock.advance(48 * HOUR);
    wire.loses = () => false;
    clock.advance(60_000);
    for (const house of [west, east]) {
      expect(house.crashes).toEqual([]);
      expect(house.plane.mistakes).toEqual([]);
      expect(house.world.switchboard.size).toBe(1);
      expect(house.plane.inbound()).toHaveLength(1);
      expect(house.plane.outbound()).toHaveLength(1);
    }
    expect(west.plane.outbound()[0].spi).toBe(east.plane.inbound()[0].spi);
  });
});
