import { describe, expect, test } from 'vitest';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { conn, type House, type Town, town, upTown } from './town.ts';

function expectNothing({ west, east, clock }: Town): void {
  clock.advance(10_000);
  for (const house of [west, east]) {
    expect(house.plane.sas.size).toBe(0);
    expect(house.plane.policies.size).toBe(0);
    expect(house.crashes).toEqual([]);
    expect(house.plane.mistakes).toEqual([]);
  }
}

describe('the data plane refuses', () => {
  test.each([
    ['the inbound SA', 'sa', 'in'],
    ['the outbound SA', 'sa', 'out'],
    ['a policy', 'policy', 'out'],
  ] as const)('%s at the initiator: the peer is told, whack fails', (_, kind, way) => {
    const made = town();
    made.west.plane.refuses = (what, direction) => (what === kind && direction === way ? 'no room' : undefined);
    const up = made.west.whack({ kind: 'initiate', name: 'w-e' });
    expect(up.exit).toBeGreaterThanOrEqual(20);
    expect(up.text).toContain('no room');
    expectNothing(made);
  });

  test('an SA at the responder: the initiator loses it again', () => {
    const made = town();
    made.east.plane.refuses = (what) => (what === 'sa' ? 'no room' : undefined);
    made.west.whack({ kind: 'initiate', name: 'w-e' });
    expect(made.east.log).toContainEqual(expect.stringContaining('cannot install Child SA: no room'));
    expect(made.east.plane.sas.size).toBe(0);
    made.west.whack({ kind: 'terminate', name: 'w-e' });
    expectNothing(made);
  });

  test('an SPI: nothing is sent that would need it', () => {
    const made = town();
    made.west.plane.refuses = (what) => (what === 'spi' ? 'no more SPIs' : undefined);
    const up = made.west.whack({ kind: 'initiate', name: 'w-e' });
    expect(up.exit).toBeGreaterThanOrEqual(20);
    expect(up.text).toContain('no more SPIs');
    made.west.whack({ kind: 'terminate', name: 'w-e' });
    expectNothing(made);
  });
});

describe('a limit of traffic', () => {
  const both = conn('w-e', { 'ipsec-max-bytes': '1000000' });
  const spis = (house: House) => house.plane.inbound().map((s) => s.spi);

  test('is in the data plane, soft at half of hard', () => {
    const { west } = upTown({ both });
    for (const sa of west.plane.sas.values()) {
      expect(sa.hard).toEqual({ bytes: 1_000_000 });
      expect(sa.soft).toEqual({ bytes: 500_000 });
    }
  });

  test.each(['in', 'out'] as const)('soft, for the SA %s: rekeyed once, however often it is told', (direction) => {
    const { west, clock } = upTown({ both });
    const key = [...west.plane.sas.values()].find((s) => s.direction === direction)!;
    const before = spis(west);
    west.plane.raise({ t: 'expire', key, hard: false });
    west.plane.raise({ t: 'expire', key, hard: false });
    clock.advance(5_001);
    expect(spis(west)).toHaveLength(1);
    expect(spis(west)).not.toEqual(before);
    expect(west.log.filter((l) => l.includes('rekeyed Child SA'))).toHaveLength(1);
  });

  test('hard: it is deleted at both ends', () => {
    const { west, east } = upTown({ both });
    const before = spis(west);
    east.plane.raise({ t: 'expire', key: east.plane.inbound()[0], hard: true });
    expect(east.log).toContainEqual(expect.stringMatching(/: Child SA expired$/));
    expect(spis(west)).not.toEqual(before);
  });

  test('of an SA that is gone is nobody’s business', () => {
    const { west, wire } = upTown({ both });
    const key = west.plane.inbound()[0];
    west.whack({ kind: 'terminate', name: 'w-e' });
    const { sent } = wire;
    west.plane.raise({ t: 'expire', key, hard: false });
    expect(wire.sent).toBe(sent);
    expect(west.crashes).toEqual([]);
  });
});

describe('a NAT gives the peer another place', () => {
  const elsewhere = new Endpoint(Address.parse('203.0.113.9')!, 61_000);

  test('where the data plane will not follow: the child goes, and nothing of it stays', () => {
    const { west, east, clock } = upTown({ both: conn('w-e', { encapsulation: 'yes' }) });
    const [inbound] = east.plane.inbound();
    east.plane.refuses = (what) => (what === 'move' ? 'no' : undefined);
    east.plane.raise({ t: 'mapping', key: inbound, from: elsewhere });
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.advance(5_001);
    expect(east.log).toContainEqual(expect.stringMatching(/cannot install Child SA: no \(EINVAL\)/));
    expect(east.plane.sas.size).toBe(0);
    expect(east.plane.policies.size).toBe(0);
  });

  test('and its SAs and policies go there, and are found and removed there', () => {
    const { west, east, clock } = upTown({ both: conn('w-e', { encapsulation: 'yes' }) });
    const [inbound] = east.plane.inbound();
    east.plane.raise({ t: 'mapping', key: inbound, from: elsewhere });
    const [outbound] = east.plane.outbound();
    expect(east.world.sas.find(outbound)).toBeDefined();
    expect(`${outbound.dst}`).toBe('203.0.113.9');
    expect(outbound.encapsulation).toEqual({ srcPort: 4500, dstPort: 61_000 });
    expect(`${east.plane.inbound()[0].src}`).toBe('203.0.113.9');
    expect([...east.plane.policies.values()].find((p) => p.direction === 'out')?.tunnel?.dst.toString()).toBe(
      '203.0.113.9',
    );
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.advance(5_001);
    expect(east.plane.sas.size).toBe(0);
    expect(east.plane.policies.size).toBe(0);
    expect(east.world.sas.size).toBe(0);
    expect(east.plane.mistakes).toEqual([]);
  });
});
