/** One peer, one IKE SA: `uniqueids=`. */
import { describe, expect, test } from 'vitest';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { Id } from '../../src/net/id.ts';
import { conn, EAST, House, town, WEST } from './town.ts';

const SECRETS = '%any : PSK "swordfish"\n';

/** East takes whoever has the secret; two laptops at addresses of their own. */
function laptops(ids: readonly [string, string], uniqueIds = true) {
  const any = { left: '%any', leftid: '%any', leftsubnet: undefined };
  const { clock, wire, east } = town({ east: { conf: conn('road', any), secrets: SECRETS, uniqueIds } });
  const [one, other] = ids.map((leftid, i) => {
    const address = `198.51.100.${i + 1}`;
    const conf = conn('home', { left: address, leftid, leftsubnet: undefined, keyingtries: '1' });
    return new House(`w${i}`, clock, wire, { address, conf, secrets: SECRETS });
  });
  for (const laptop of [one, other]) expect(laptop.whack({ kind: 'initiate', name: 'home' }).exit).toBe(0);
  clock.advance(6_000);
  return { clock, wire, east, one, other };
}

const peersOf = (house: House) =>
  [...house.world.registry.entries()].flatMap((e) =>
    house.world.registry.instancesOf(e).map(({ policy }) => `${policy?.remoteHost}`),
  );

describe('a peer that comes again from elsewhere', () => {
  test('has its old IKE SA deleted, with a farewell', () => {
    const { east, one, other } = laptops(['@paul', '@paul']);
    expect(peersOf(east)).toEqual(['198.51.100.2']);
    expect(east.plane.inbound()).toHaveLength(1);
    expect(one.plane.sas.size).toBe(0);
    expect(other.plane.inbound()).toHaveLength(1);
    expect(east.log).toContainEqual(
      expect.stringMatching(/#1: replaced by #3: the peer has come again \(uniqueids=yes\)$/),
    );
    expect([...east.crashes, ...east.plane.mistakes]).toEqual([]);
  });

  test('has both with uniqueids=no', () => {
    const { east } = laptops(['@paul', '@paul'], false);
    expect(peersOf(east)).toEqual(['198.51.100.1', '198.51.100.2']);
    expect(east.plane.inbound()).toHaveLength(2);
  });

  test('is nobody else', () => {
    const { east } = laptops(['@paul', '@paula']);
    expect(peersOf(east)).toEqual(['198.51.100.1', '198.51.100.2']);
  });

  test('keeps what it has when one of another connection comes', () => {
    const { east, one, clock } = laptops(['@paul', '@paula']);
    one.load(
      conn('more', { left: '198.51.100.1', leftid: '@paul', leftsubnet: undefined, rightsubnet: '10.0.2.0/25' }),
    );
    one.whack({ kind: 'initiate', name: 'more' });
    clock.advance(6_000);
    expect(peersOf(east)).toHaveLength(2);
  });
});

describe('a peer that comes again from where it was', () => {
  const powerCut = (house: House) =>
    house.world.switchboard.sas()[0].tell({ t: 'command', command: { t: 'abandon', why: 'power cut' } });

  test.each([
    [true, 1],
    [false, 2],
  ])('uniqueids %s: %i IKE SAs', (uniqueIds, count) => {
    const { west, east, clock } = town({ east: { uniqueIds } });
    west.whack({ kind: 'initiate', name: 'w-e' });
    powerCut(west);
    clock.settle();
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    clock.advance(6_000);
    expect(east.plane.inbound()).toHaveLength(count);
    expect(east.log.filter((line) => line.includes('revival'))).toEqual([]);
  });

  test('as somebody else replaces nobody', () => {
    const conf = conn('w-e', { leftid: '%any' });
    const { west, east, clock } = town({ east: { conf, secrets: SECRETS }, west: { secrets: SECRETS } });
    west.whack({ kind: 'initiate', name: 'w-e' });
    powerCut(west);
    clock.settle();
    west.whack({ kind: 'delete', name: 'w-e' });
    west.load(conn('w-e', { leftid: '@other' }));
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    clock.advance(100);
    expect(east.plane.inbound()).toHaveLength(2);
  });

  test('both ends at once keep a tunnel', () => {
    const { west, east, wire, clock } = town({ both: conn('w-e', { auto: 'start' }) });
    wire.delay = 10;
    clock.advance(30_000);
    expect(west.plane.outbound().length).toBeGreaterThan(0);
    expect(
      west.plane
        .outbound()
        .map((sa) => sa.spi)
        .sort(),
    ).toEqual(
      east.plane
        .inbound()
        .map((sa) => sa.spi)
        .sort(),
    );
  });
});

describe('peers that are nobody (RFC 7619)', () => {
  const NOBODY = Id.parse('%null')!;
  const template = () => {
    const { east } = town({
      east: {
        conf: conn('open', { left: '%any', leftid: '%null', leftsubnet: undefined, rightid: '@east' }),
        secrets: SECRETS,
      },
    });
    const { registry } = east.world;
    const { policy } = registry.named('open')!;
    const at = (host: string, port: number) =>
      registry.instantiate(policy!, NOBODY, new Endpoint(Address.parse(host)!, port));
    return { registry, at };
  };

  test('have an instance each, also behind one NAT', () => {
    const { registry, at } = template();
    const [one, neighbour, again, other] = [at(WEST, 4500), at(WEST, 61_000), at(WEST, 4500), at(EAST, 4500)];
    expect(again).toBe(one);
    expect(new Set([one, neighbour, other]).size).toBe(3);
    const peers = [one, neighbour, other].map((policy) => registry.owner(policy)?.peer);
    expect(new Set(peers).size).toBe(3);
    const who = { peerId: NOBODY, user: undefined, isNameless: true };
    expect(registry.peerOf(neighbour, who)).toBeUndefined();
  });

  test('are forgotten with their instance', () => {
    const { registry, at } = template();
    const one = at(WEST, 4500);
    registry.remove(registry.owner(one)!);
    expect(at(WEST, 4500)).not.toBe(one);
  });
});
