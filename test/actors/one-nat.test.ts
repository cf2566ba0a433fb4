/** Road warriors behind one NAT: one address outside, a port each. */
import { describe, expect, test } from 'vitest';
import { Address } from '../../src/net/address.ts';
import { NatBox } from '../../src/sim/nat-box.ts';
import { conn, House, town } from './town.ts';

const OUTSIDE = '203.0.113.1';
const SECRETS = '%any : PSK "swordfish"\n';

/** Two at home, who say who they are and what is behind them; east has a template for each of `ids`. */
function home(ids: readonly [string, string], subnets = ['10.1.1.0/24', '10.1.2.0/24'], names = 'pq') {
  const templates = ids.map((leftid, i) => conn(`road${i}`, { left: '%any', leftid, leftsubnet: subnets[i] }));
  const { east, wire, clock } = town({ east: { conf: [...new Set(templates)].join(''), secrets: SECRETS } });
  const insides = ['192.168.1.1', '192.168.1.2'] as const;
  const [one, other] = ids.map((leftid, i) => {
    const conf = conn('home', { left: insides[i], leftid, leftsubnet: subnets[i], keyingtries: '1' });
    // By its first letter, each house has SPIs of its own.
    return new House(`${names[i]}`, clock, wire, { address: insides[i], conf, secrets: SECRETS });
  });
  wire.nat = new NatBox([Address.parse(insides[0])!, Address.parse(insides[1])!], Address.parse(OUTSIDE)!);
  const up = (house: House) => house.whack({ kind: 'initiate', name: 'home' }).exit;
  return { east, wire, clock, one, other, up };
}

const peersOf = (house: House) =>
  [...house.world.registry.entries()].flatMap((e) =>
    house.world.registry.instancesOf(e).map(({ policy }) => `${policy?.remoteHost} ${policy?.remoteId}`),
  );

describe('two behind one NAT', () => {
  test('have an instance, an IKE SA and a tunnel each', () => {
    const { east, one, other, up } = home(['@one', '@other']);
    expect([up(one), up(other)]).toEqual([0, 0]);
    expect(peersOf(east)).toEqual([`${OUTSIDE} @one`, `${OUTSIDE} @other`]);
    expect(east.world.switchboard.size).toBe(2);
    expect(east.plane.outbound().map((sa) => `${sa.dst} ${sa.encapsulation?.dstPort}`)).toEqual([
      `${OUTSIDE} 44500`,
      `${OUTSIDE} 50500`,
    ]);
    expect([...east.crashes, ...east.plane.mistakes]).toEqual([]);
  });

  test('go one by one', () => {
    const { east, one, other, up, clock } = home(['@one', '@other']);
    for (const house of [one, other]) up(house);
    one.whack({ kind: 'terminate', name: 'home' });
    clock.advance(100);
    expect(peersOf(east)).toEqual([`${OUTSIDE} @other`]);
    expect(other.plane.inbound()).toHaveLength(1);
    expect(east.plane.inbound()).toHaveLength(1);
  });

  test('one with the name of the other takes its place, and nobody else’s', () => {
    const { east, one, other, up, clock } = home(['@one', '@other']);
    for (const house of [one, other]) up(house);
    other.whack({ kind: 'terminate', name: 'home' });
    other.whack({ kind: 'delete', name: 'home' });
    other.load(conn('home', { left: '192.168.1.2', leftid: '@one', leftsubnet: '10.1.1.0/24', keyingtries: '1' }));
    expect(up(other)).toBe(0);
    clock.advance(100);
    expect(peersOf(east)).toEqual([`${OUTSIDE} @one`]);
    expect(east.plane.outbound().map((sa) => sa.encapsulation?.dstPort)).toEqual([50_500]);
    expect(one.plane.sas.size).toBe(0);
  });

  test('who choose the same SPI: only the tunnel of the second fails, and says why', () => {
    const { east, one, other, up, clock } = home(['@one', '@other'], undefined, 'pp');
    expect(up(one)).toBe(0);
    const before = east.plane.outbound().map((sa) => sa.spi);
    up(other);
    clock.advance(1_000);
    expect(east.plane.mistakes).toEqual([expect.stringContaining('add ')]);
    east.plane.mistakes.length = 0;
    expect(east.plane.outbound().map((sa) => sa.spi)).toEqual(before);
    expect(east.plane.outbound()[0].encapsulation?.dstPort).toBe(44_500);
    expect(one.plane.inbound()).toHaveLength(1);
    expect(other.plane.inbound()).toHaveLength(0);
    expect(east.log).toContainEqual(expect.stringMatching(/"road1"\[\d\] 203\.0\.113\.1 #\d+: .*EEXIST/));
    one.whack({ kind: 'terminate', name: 'home' });
    clock.advance(6_000);
    expect(east.plane.sas.size + east.plane.policies.size).toBe(0);
    expect([...east.crashes, ...east.plane.mistakes]).toEqual([]);
  });
});
