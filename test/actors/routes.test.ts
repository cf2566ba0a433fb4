import { describe, expect, test } from 'vitest';
import { Policies, type Protection } from '../../src/actors/policies.ts';
import { TestClock } from '../../src/actors/runtime/index.ts';
import { RC } from '../../src/control/reply-codes.ts';
import { Address } from '../../src/net/address.ts';
import { Selector } from '../../src/net/selector.ts';
import { Subnet } from '../../src/net/subnet.ts';
import { NotedPlane } from '../../src/sim/noted-plane.ts';
import { conn, type House, town, upTown } from './town.ts';

const host = (address: string) => Selector.ofAddress(Address.parse(address)!);
const net = (subnet: string) => Selector.ofSubnet(Subnet.parse(subnet)!);

function acquire(house: House, name = 'w-e'): void {
  const reqid = house.world.registry.named(name)!.policy!.child.reqid;
  house.plane.raise({ t: 'acquire', reqid, src: host('10.0.1.5'), dst: host('10.0.2.5') });
}

describe('whack --route', () => {
  test('sets a trap, once; --unroute takes it away', () => {
    const { west } = town();
    expect(west.whack({ kind: 'route', name: 'w-e' }).exit).toBe(0);
    expect(west.whack({ kind: 'route', name: 'w-e' }).exit).toBe(0);
    expect([...west.plane.policies.values()].map((p) => p.direction)).toEqual(['in', 'fwd', 'out']);
    expect(west.plane.sas.size).toBe(0);
    west.whack({ kind: 'unroute', name: 'w-e' });
    west.whack({ kind: 'unroute', name: 'w-e' });
    expect(west.plane.policies.size).toBe(0);
    expect(west.plane.mistakes).toEqual([]);
  });

  test('a template cannot be routed, nor what is not ours', () => {
    const { west } = town({ west: { conf: conn('w-e', { right: '%any' }) + conn('far', { left: '198.51.100.1' }) } });
    expect(west.whack({ kind: 'route', name: 'w-e' }).exit).toBeGreaterThanOrEqual(20);
    expect(west.whack({ kind: 'route', name: 'far' }).exit).toBe(RC.ORIENT);
    expect(west.plane.policies.size).toBe(0);
  });

  test('a refusal of the data plane is told, and leaves nothing half done', () => {
    const { west } = town();
    west.plane.refuses = (what, direction) => (what === 'policy' && direction === 'out' ? 'no room' : undefined);
    const route = west.whack({ kind: 'route', name: 'w-e' });
    expect(route.exit).toBe(RC.ROUTE);
    expect(route.text).toContain('no room');
    expect(west.plane.policies.size).toBe(0);
    expect(west.world.policies.size).toBe(0);
  });

  test('the trap outlasts the tunnel, and the tunnel the trap', () => {
    const { west } = upTown();
    west.whack({ kind: 'route', name: 'w-e' });
    west.whack({ kind: 'terminate', name: 'w-e' });
    expect(west.plane.policies.size).toBe(3);
    west.whack({ kind: 'initiate', name: 'w-e' });
    west.whack({ kind: 'unroute', name: 'w-e' });
    expect(west.plane.policies.size).toBe(3);
    west.whack({ kind: 'terminate', name: 'w-e' });
    expect(west.plane.policies.size).toBe(0);
    expect(west.plane.mistakes).toEqual([]);
  });
});

describe('a packet meets a trap', () => {
  const both = conn('w-e', { auto: 'ondemand' });

  test('and the tunnel comes', () => {
    const { west, east } = town({ both });
    acquire(west);
    expect(west.log).toContain('"w-e": initiate on-demand for packet 10.0.1.5 to 10.0.2.5');
    expect(west.plane.inbound()).toHaveLength(1);
    expect(east.plane.inbound()).toHaveLength(1);
  });

  test('a hundred packets make one negotiation', () => {
    const { west, wire, clock } = town({ both });
    wire.delay = 50;
    for (let i = 0; i < 100; i++) acquire(west);
    clock.advance(60);
    for (let i = 0; i < 100; i++) acquire(west);
    clock.advance(1_000);
    expect(west.plane.inbound()).toHaveLength(1);
    expect(west.world.switchboard.size).toBe(1);
    expect(west.log.filter((l) => l.includes('on-demand'))).toHaveLength(1);
  });

  test('after a failure the next packet tries again, and nobody revives what only traffic wants', () => {
    const { west, wire, clock } = town({ both });
    wire.loses = () => true;
    acquire(west);
    clock.advance(61_000);
    expect(west.world.switchboard.size).toBe(0);
    expect(west.log.filter((l) => l.includes('revival'))).toEqual([]);
    wire.loses = () => false;
    acquire(west);
    expect(west.plane.inbound()).toHaveLength(1);
  });

  test('of a reqid that nobody has, nothing comes', () => {
    const { west, wire } = town({ both });
    west.plane.raise({ t: 'acquire', reqid: 4, src: host('10.0.1.5'), dst: host('10.0.2.5') });
    expect(wire.sent).toBe(0);
  });
});

describe('Policies', () => {
  const plane = () => new NotedPlane(new TestClock(), 1, () => {});
  const protection = (changes: Partial<Protection> = {}): Protection => ({
    protocol: 'esp',
    mode: 'tunnel',
    reqid: 16_384,
    localHost: Address.parse('192.0.2.1')!,
    remoteHost: Address.parse('192.0.2.2')!,
    local: [net('10.0.1.0/24')],
    remote: [net('10.0.2.0/24')],
    ...changes,
  });

  test('a policy stays as long as anybody holds it: trap, child, and the child of a rekey', () => {
    const noted = plane();
    const policies = new Policies(noted);
    for (let i = 0; i < 3; i++) expect(policies.hold(protection())).toBeUndefined();
    for (let i = 0; i < 2; i++) policies.release(protection());
    expect(noted.policies.size).toBe(3);
    policies.release(protection());
    expect(noted.policies.size).toBe(0);
    policies.release(protection());
    expect(noted.mistakes).toEqual([]);
  });

  describe('of peers that want the same', () => {
    const peer = (n: number) => protection({ reqid: 20_000 + n, remoteHost: Address.parse(`192.0.2.${n}`)! });
    const inForce = (noted: NotedPlane) => [...noted.policies.values()].map(({ tunnel }) => tunnel?.reqid);

    test('the latest has it; when it goes, who has been without it longest has it back', () => {
      const noted = plane();
      const policies = new Policies(noted);
      for (const n of [3, 4, 5]) policies.hold(peer(n));
      expect(inForce(noted)).toEqual([20_005, 20_005, 20_005]);
      policies.release(peer(5));
      expect(inForce(noted)).toEqual([20_003, 20_003, 20_003]);
      policies.release(peer(4));
      expect(inForce(noted)).toEqual([20_003, 20_003, 20_003]);
      policies.release(peer(3));
      expect([inForce(noted), policies.size, noted.mistakes]).toEqual([[], 0, []]);
    });

    test('each has it as often as it is held', () => {
      const noted = plane();
      const policies = new Policies(noted);
      for (const n of [3, 4, 3, 3]) policies.hold(peer(n));
      policies.release(peer(3));
      policies.release(peer(3));
      expect(inForce(noted)[0]).toBe(20_003);
      policies.release(peer(3));
      expect(inForce(noted)[0]).toBe(20_004);
      policies.release(peer(4));
      expect(noted.policies.size).toBe(0);
    });

    test('a refusal leaves it to who had it', () => {
      const noted = plane();
      const policies = new Policies(noted);
      policies.hold(peer(3));
      let asked = 0;
      noted.refuses = (what) => (what === 'policy' && ++asked === 2 ? 'no room' : undefined);
      expect(policies.hold(peer(4))?.why).toBe('no room');
      noted.refuses = () => undefined;
      expect(inForce(noted)).toEqual([20_003, 20_003, 20_003]);
      policies.release(peer(3));
      expect([noted.policies.size, noted.mistakes]).toEqual([0, []]);
    });
  });

  test('each pair of blocks has its own; transport mode has nothing to forward', () => {
    const noted = plane();
    const policies = new Policies(noted);
    const two = [net('10.0.1.0/24'), net('10.0.3.0/24')];
    policies.hold(protection({ local: two, remote: [net('10.0.2.0/24'), net('10.0.4.0/24')] }));
    expect(policies.size).toBe(4);
    expect(noted.policies.size).toBe(12);
    policies.hold(protection({ mode: 'transport', local: [host('192.0.2.1')], remote: [host('192.0.2.2')] }));
    expect(noted.policies.size).toBe(14);
  });

  test('a refusal in the middle takes back what was done before it', () => {
    const noted = plane();
    const policies = new Policies(noted);
    let asked = 0;
    noted.refuses = (what) => (what === 'policy' && ++asked === 5 ? 'no room' : undefined);
    const fault = policies.hold(protection({ local: [net('10.0.1.0/24'), net('10.0.3.0/24')] }));
    expect(fault?.why).toBe('no room');
    expect(noted.policies.size).toBe(0);
    expect(policies.size).toBe(0);
  });

  test('the more specific comes first', () => {
    const noted = plane();
    const policies = new Policies(noted);
    const orderOf = (remote: string) => {
      policies.hold(protection({ remote: [net(remote)] }));
      return [...noted.policies.values()].at(-1)!.priority;
    };
    const [all, wide, narrow, single] = ['0.0.0.0/0', '10.0.0.0/8', '10.0.2.0/24', '10.0.2.7/32'].map(orderOf);
    expect([all, wide, narrow, single]).toEqual([all, wide, narrow, single].sort((a, b) => b - a));
    expect(new Set([all, wide, narrow, single]).size).toBe(4);
  });
});
