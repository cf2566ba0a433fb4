/** ISAKMP SAs in whole daemons: what their actors and connections make of IKEv1. */
import { describe, expect, test } from 'vitest';
import { IsakmpSa } from '../../src/ike/v1/isakmp-sa.ts';
import { conn, type HouseOptions, town } from './town.ts';

const HOUR = 3_600_000;
const V1 = { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' };

const v1Town = (changes: Readonly<Record<string, string>> = {}, more: Partial<HouseOptions> = {}) => {
  const both = conn('w-e', { ...V1, ...changes });
  const house = { ikev1Policy: 'accept', ...more } as const;
  return town({ both, west: house, east: house });
};

describe.each([
  ['Main Mode', {}],
  ['Aggressive Mode', { aggressive: 'yes' }],
])('%s', (_mode, changes) => {
  test('comes up, carries a tunnel and goes down', () => {
    const { west, east } = v1Town(changes);
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    expect(up.text).toMatch(/ISAKMP SA established/);
    expect(up.exit).toBe(0);
    for (const house of [west, east]) {
      expect(house.plane.inbound()).toHaveLength(1);
      expect(house.plane.outbound()).toHaveLength(1);
      expect(house.plane.mistakes).toEqual([]);
      expect(house.crashes).toEqual([]);
    }
    expect(west.whack({ kind: 'terminate', name: 'w-e' }).exit).toBe(0);
    for (const house of [west, east]) {
      expect(house.plane.sas.size).toBe(0);
      expect(house.world.switchboard.size).toBe(0);
    }
  });

  test('lives for days, by rekeys of both phases', () => {
    const { west, east, clock } = v1Town(changes);
    west.whack({ kind: 'initiate', name: 'w-e' });
    for (let hour = 0; hour < 72; hour++) {
      clock.advance(HOUR);
      for (const house of [west, east]) {
        expect(house.crashes).toEqual([]);
        expect(house.plane.mistakes).toEqual([]);
        expect(house.plane.outbound().length).toBeGreaterThan(0);
        expect(house.world.switchboard.size).toBeLessThan(4);
      }
    }
    expect(west.whack({ kind: 'terminate', name: 'w-e' }).exit).toBe(0);
    clock.advance(60_000);
    for (const house of [west, east]) {
      expect(house.plane.sas.size).toBe(0);
      expect(house.world.switchboard.size).toBe(0);
    }
  });
});

test('another secret: refused at both ends, and nothing is left', () => {
  const { west, east, clock } = v1Town({}, {});
  east.keepSecrets('@west @east : PSK "shark"\n');
  const up = west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
  clock.advance(3 * 60_000);
  expect(up.exit).toBe(0);
  west.whack({ kind: 'terminate', name: 'w-e' });
  clock.advance(2 * 60_000);
  expect(east.plane.sas.size + west.plane.sas.size).toBe(0);
  expect(east.world.switchboard.size).toBe(0);
});

test('whack --rekey-ike: a new ISAKMP SA has the tunnel, and the old one goes in its time', () => {
  const { west, east, clock } = v1Town();
  west.whack({ kind: 'initiate', name: 'w-e' });
  const before = west.plane.inbound().map((s) => s.spi);
  expect(west.whack({ kind: 'rekey-ike', name: 'w-e' }).exit).toBe(0);
  expect(west.plane.inbound().map((s) => s.spi)).toEqual(before);
  expect([west, east].map((house) => house.world.switchboard.size)).toEqual([2, 2]);
  expect(west.whack({ kind: 'rekey-child', name: 'w-e' }).exit).toBe(0);
  clock.advance(61 * 60_000);
  expect(east.plane.inbound().map((s) => s.spi)).not.toEqual(before);
  expect(west.world.switchboard.sas().length).toBeLessThanOrEqual(2);
  expect(west.whack({ kind: 'terminate', name: 'w-e' }).exit).toBe(0);
  clock.advance(1_000);
  expect([west, east].map((house) => house.world.switchboard.size)).toEqual([0, 0]);
});

test('a connection of the other version is not found', () => {
  const { west, east } = town({
    west: { conf: conn('w-e', V1), ikev1Policy: 'accept' },
    east: { conf: conn('w-e'), ikev1Policy: 'accept' },
  });
  west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
  expect(east.world.switchboard.size).toBe(0);
  expect(east.log.join('\n')).toMatch(/no connection has been authorized with policy IKEv1/);
});

test('several tunnels share an ISAKMP SA', () => {
  const both = conn('w-e', V1) + conn('w-e-2', { ...V1, leftsubnet: '10.0.3.0/24' });
  const { west, east } = town({ both, west: { ikev1Policy: 'accept' }, east: { ikev1Policy: 'accept' } });
  expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
  expect(west.whack({ kind: 'initiate', name: 'w-e-2' }).exit).toBe(0);
  expect(east.world.switchboard.size).toBe(1);
  expect(east.plane.inbound()).toHaveLength(2);
  expect(west.whack({ kind: 'terminate', name: 'w-e-2' }).exit).toBe(0);
  expect(east.plane.inbound()).toHaveLength(1);
  expect(east.world.switchboard.sas()).toHaveLength(1);
  let machine: unknown;
  west.world.switchboard.sas()[0].tell({
    t: 'report',
    to: ({ sa }) => {
      machine = sa;
    },
  });
  west.clock.settle();
  expect(machine).toBeInstanceOf(IsakmpSa);
});

describe('dpdaction', () => {
  /** Up, and then the peer is silent until it is given up. */
  const dead = (action: string | undefined) => {
    const more = action === undefined ? {} : { dpdaction: action };
    const made = v1Town({ dpddelay: '10', dpdtimeout: '30', ...more });
    made.west.whack({ kind: 'initiate', name: 'w-e' });
    made.wire.loses = () => true;
    made.clock.advance(60_000);
    return made;
  };
  const begun = ({ log }: { readonly log: readonly string[] }) =>
    log.filter((line) => line.includes('initiating IKEv1 Main Mode')).length;

  test('clear: nothing is left, and nothing begins', () => {
    const { west, clock } = dead('clear');
    clock.advance(600_000);
    expect([west.plane.sas.size, west.plane.policies.size, west.world.switchboard.size]).toEqual([0, 0, 0]);
    expect(begun(west)).toBe(1);
  });

  test('hold: a trap, and the next packet begins', () => {
    const { west, wire } = dead('hold');
    expect(west.plane.sas.size).toBe(0);
    expect(west.plane.policies.size).toBeGreaterThan(0);
    expect(begun(west)).toBe(1);
    wire.loses = () => false;
  });

  test('restart: again and again', () => {
    const { west, wire, clock } = dead('restart');
    wire.loses = () => false;
    clock.advance(600_000);
    expect(begun(west)).toBeGreaterThan(1);
    expect(west.plane.inbound()).toHaveLength(1);
  });

  test('unset: whoever wanted it up wants it still', () => {
    expect(begun(dead(undefined).west)).toBeGreaterThan(1);
  });
});

test('a rekey that the peer refuses fails, and what was to be replaced stays', () => {
  const V = { ...V1, pfs: 'no' };
  const { west, east } = town({
    west: { conf: conn('w-e', V1), ikev1Policy: 'accept' },
    east: { conf: conn('w-e', V), ikev1Policy: 'accept' },
  });
  expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
  const rekey = east.whack({ kind: 'rekey-child', name: 'w-e' });
  expect(rekey.text).toContain('peer refuses Quick Mode: NO_PROPOSAL_CHOSEN');
  expect(rekey.exit).toBeGreaterThanOrEqual(20);
  expect([west, east].map((house) => house.plane.inbound().length)).toEqual([1, 1]);
});

test('whack --down-ike leaves no older ISAKMP SA that the peer could use instead', () => {
  const { west, east } = v1Town();
  west.whack({ kind: 'initiate', name: 'w-e' });
  west.whack({ kind: 'rekey-ike', name: 'w-e' });
  expect(west.world.switchboard.size).toBe(2);
  expect(west.whack({ kind: 'down-ike', name: 'w-e' }).exit).toBe(0);
  expect([west, east].map((house) => house.world.switchboard.size)).toEqual([0, 0]);
});

test.each([1, 2, 3])('keyingtries=%i: so many attempts of three retransmissions, and no more', (tries) => {
  const { west, wire, clock } = v1Town({ keyingtries: `${tries}` });
  wire.loses = () => true;
  west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
  clock.advance(24 * HOUR);
  const count = (part: string) => west.log.filter((line) => line.includes(part)).length;
  expect(count('initiating IKEv1 Main Mode')).toBe(tries);
  expect(count('retransmission; will wait')).toBe(3 * tries);
  expect(count(`giving up after ${tries} attempts (keyingtries=${tries}`)).toBe(1);
});
