/** Road warriors that come, move, vanish and come again: what is kept of them is theirs, once, and goes with them. */
import v8 from 'node:v8';
import { expect, test } from 'vitest';
import { Entry } from '../../src/actors/entry.ts';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { Id } from '../../src/net/id.ts';
import { conn, House, town } from './town.ts';

const SECRETS = '%any : PSK "swordfish"\n';
const POOL = { leftaddresspool: '10.20.0.0/24', rightsubnet: '0.0.0.0/0', leftsubnet: undefined };

function gate(changes: Record<string, string | undefined> = {}) {
  const any = { left: '%any', leftid: '%any', leftsubnet: undefined, ...changes };
  return town({ east: { conf: conn('road', any), secrets: SECRETS } });
}

const instances = ({ world: { registry } }: House) =>
  registry.instancesOf(registry.named('road')!).map(({ policy }) => policy?.instance);

test('whoever comes back to where it was has the same instance; from elsewhere, another, and the old one goes', () => {
  const { east, wire, clock } = gate(POOL);
  let visits = 0;
  const visit = (address: string) => {
    visits++;
    const own = { left: address, leftid: '@paul', leftsubnet: undefined, leftmodecfgclient: 'yes', keyingtries: '1' };
    const conf = conn('home', { ...own, rightsubnet: '0.0.0.0/0' });
    const house = new House(`${'abcd'[visits]}`, clock, wire, { address, conf, secrets: SECRETS });
    const up = house.whack({ kind: 'initiate', name: 'home' });
    expect(up.exit, up.text).toBe(0);
    clock.advance(6_000);
    const inner = east.plane.outbound().map((sa) => `${sa.selectors[0].dst}`);
    house.hasLeft = true;
    return { numbers: instances(east), inner };
  };
  const first = visit('198.51.100.1');
  expect(first).toEqual({ numbers: [1], inner: ['10.20.0.0/32'] });
  expect(visit('198.51.100.1')).toEqual(first);
  expect(visit('198.51.100.2')).toEqual({ numbers: [2], inner: first.inner });
  expect(visit('198.51.100.1')).toEqual({ numbers: [3], inner: first.inner });
  expect(east.log.filter((line) => line.includes('deleting connection instance'))).toHaveLength(2);
  expect([...east.crashes, ...east.plane.mistakes]).toEqual([]);
});

test('an instance can be deleted by its number, and is said to be one; its template stays', () => {
  const { east, wire, clock } = gate(POOL);
  const own = { left: '198.51.100.1', leftid: '@paul', leftsubnet: undefined, leftmodecfgclient: 'yes' };
  const conf = conn('home', { ...own, rightsubnet: '0.0.0.0/0' });
  const house = new House('a', clock, wire, { address: own.left, conf, secrets: SECRETS });
  expect(house.whack({ kind: 'initiate', name: 'home' }).exit).toBe(0);
  house.hasLeft = true;
  const deleted = east.whack({ kind: 'delete', name: 'road[1]' });
  expect([deleted.exit, deleted.text]).toEqual([0, expect.stringContaining('"road"[1] 198.51.100.1: deleting conn')]);
  expect(deleted.text).not.toContain('"road": deleting');
  expect(instances(east)).toEqual([]);
  expect(east.whack({ kind: 'delete', name: 'road[1]' }).exit).toBe(21);
});

test.each([
  ['secret', { authby: 'secret' }],
  ['EAP', { authby: undefined, leftauth: 'eap', rightauth: 'secret' }],
])(
  'ten thousand who prove themselves by %s leave nothing behind',
  (_, auth) => {
    const { east, clock } = gate(auth);
    const { registry } = east.world;
    const { policy } = registry.named('road')!;
    const before = { actors: east.system.counters().actors, registry: east.world.registry.size };
    const come = (i: number) => {
      const address = Address.parse(`198.51.${(i >> 8) & 255}.${i & 255}`)!;
      const peerId = Id.parse(`@w${i}`)!;
      const instance = registry.instantiate(policy!, peerId, new Endpoint(address, 4500));
      const sa = { tell: () => {}, offer: () => true, name: `${i}`, path: `/${i}`, hasEnded: false };
      const key = registry.peerOf(instance, { peerId, user: undefined, isNameless: false })!;
      registry.registerIkeSa(instance, sa);
      registry.registerPeer(key, sa);
      return () => {
        registry.forgetPeer(key, sa);
        registry.unregisterIkeSa(instance, sa);
        const { reqid } = instance.child;
        return [
          registry.owner(instance),
          registry.ikeSa(instance),
          east.connections.byReqid(reqid),
          ...registry.samePeer(key),
        ];
      };
    };
    for (let round = 0; round < 100; round++) {
      const guests = Array.from({ length: 100 }, (_, i) => come(100 * round + i));
      expect(registry.instances).toBe(100);
      expect(guests.flatMap((go) => go()).filter((left) => left !== undefined)).toEqual([]);
      expect(registry.instances).toBe(0);
    }
    clock.settle();
    expect({ actors: east.system.counters().actors, registry: registry.size }).toEqual(before);
    // Whoever still had one would keep it alive; those of the last round may be in our own hands.
    expect(v8.queryObjects(Entry)).toBeLessThan(200);
    expect(v8.queryObjects(Object.assign(() => {}, { prototype: policy }))).toBeLessThan(200);
  },
  30_000,
);
