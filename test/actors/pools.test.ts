/** Inner addresses, from ipsec.conf to what whack shows. West and its neighbours are road warriors, east leases. */
import { expect, test } from 'vitest';
import { TestClock } from '../../src/actors/runtime/index.ts';
import { Wire } from '../../src/sim/wire.ts';
import { conn, EAST, House, type HouseOptions, town, WEST } from './town.ts';

const POOL = '10.9.0.1-10.9.0.2';
const SECRETS = ': PSK "swordfish"\n';

const server = (name = 'pool', changes: Record<string, string | undefined> = {}) =>
  conn(name, {
    left: EAST,
    leftid: '@east',
    leftsubnet: '0.0.0.0/0',
    right: '%any',
    rightid: undefined,
    rightsubnet: undefined,
    rightaddresspool: POOL,
    ...changes,
  });

const client = (address: string, id: string, changes: Record<string, string | undefined> = {}) =>
  conn('road', {
    left: address,
    leftid: id,
    leftsubnet: undefined,
    leftmodecfgclient: 'yes',
    rightsubnet: '0.0.0.0/0',
    ...changes,
  });

/** East and three road warriors. */
function roads(east: Partial<HouseOptions> = {}) {
  const clock = new TestClock();
  const wire = new Wire(clock);
  const house = (name: string, address: string, conf: string, more: Partial<HouseOptions> = {}) =>
    new House(name, clock, wire, { address, conf, secrets: SECRETS, ...more });
  const made = {
    clock,
    east: house('east', EAST, server(), east),
    road: ['192.0.2.11', '192.0.2.12', '192.0.2.13'].map((at, i) => house(`road${i}`, at, client(at, `@road${i}`))),
  };
  clock.settle();
  return made;
}

const up = (house: House) => house.whack({ kind: 'initiate', name: 'road' });
const down = (house: House) => house.whack({ kind: 'terminate', name: 'road' });
const insideOf = (house: House) => [...house.plane.policies.values()].map(({ src }) => `${src}`);

async function leases(house: House): Promise<readonly string[]> {
  const heard = await house.report({ kind: 'addresspoolstatus' });
  return heard.rowsOf('leases').map(({ address, holder, state }) => `${address} ${holder} ${state}`);
}

test('a report of several pools counts the addresses of each', async () => {
  const rightaddresspool = '10.9.0.1,10.8.0.0/16,2001:db8::/48';
  const { east, road } = roads({ conf: server('pool', { leftsubnet: '0.0.0.0/0,::/0', rightaddresspool }) });
  expect([up(road[0]).exit, up(road[1]).exit]).toEqual([0, 0]);
  const heard = await east.report({ kind: 'addresspoolstatus' });
  expect(heard.rowsOf('pools').map(({ size }) => size)).toEqual([65_536n, 1n, 2n ** 80n]);
});

test('two road warriors get two addresses, and whack shows who has which', async () => {
  const { east, road } = roads();
  expect([up(road[0]).exit, up(road[1]).exit]).toEqual([0, 0]);
  expect(await leases(east)).toEqual(['10.9.0.1 @road0 in-use', '10.9.0.2 @road1 in-use']);
  const traffic = await east.report({ kind: 'trafficstatus' });
  expect(traffic.rowsOf('traffic').map(({ lease }) => lease)).toEqual([['10.9.0.1/32'], ['10.9.0.2/32']]);
  const [pool] = (await east.report({ kind: 'addresspoolstatus' })).rowsOf('pools');
  expect(pool).toEqual({ range: POOL, size: 2n, leases: 2, inUse: 2, free: 0n, reusable: 0 });
  expect(road[0].log).toContainEqual(expect.stringContaining('the peer leases us 10.9.0.1'));
});

test('several pools are exhausted one after the other, and whack shows each with its leases', async () => {
  const pools = ['10.9.0.1-10.9.0.1', '10.8.0.0-10.8.0.0', '2001:db8:9::-2001:db8:9::ffff'];
  const rightaddresspool = '10.9.0.1,10.8.0.0/32,2001:db8:9::/112';
  const { east, road } = roads({ conf: server('pool', { leftsubnet: '0.0.0.0/0,::/0', rightaddresspool }) });
  expect([up(road[0]).exit, up(road[1]).exit]).toEqual([0, 0]);
  expect(up(road[2]).exit).not.toBe(0);
  expect(east.log).toContainEqual(expect.stringContaining(`no address is left in ${pools[0]}, ${pools[1]}`));
  expect(await leases(east)).toEqual(['10.9.0.1 @road0 in-use', '10.8.0.0 @road1 in-use'].toSorted());
  const rows = (await east.report({ kind: 'addresspoolstatus' })).rowsOf('pools');
  expect(rows.map(({ range, inUse }) => `${range} ${inUse}`).toSorted()).toEqual(
    [`${pools[0]} 1`, `${pools[1]} 1`, `${pools[2]} 0`].toSorted(),
  );
  const [template] = (await east.report({ kind: 'connectionstatus' })).rowsOf('connections');
  expect(template.remote.addresspool).toEqual(pools);
  down(road[1]);
  expect(up(road[2]).exit).toBe(0);
  expect((await leases(east)).filter((row) => row.endsWith('in-use'))).toContain('10.8.0.0 @road2 in-use');
});

test('a pool that one of several overlaps is refused whole', () => {
  const { east } = town({ east: { conf: server('a'), secrets: SECRETS } });
  expect(() => east.load(server('c', { rightaddresspool: '10.7.0.0/24,10.9.0.0/24' }))).toThrow('overlaps');
  east.load(server('d', { rightaddresspool: '10.7.0.0/25' }));
});

test('connections say what is leased, and what they lease from', async () => {
  const { east, road } = roads();
  up(road[0]);
  const [own] = (await road[0].report({ kind: 'connectionstatus' })).rowsOf('connections');
  expect([own.local.sourceip, own.local.modecfg]).toEqual(['10.9.0.1', 'client']);
  const [template, instance] = (await east.report({ kind: 'connectionstatus' })).rowsOf('connections');
  expect([template.remote.addresspool, template.remote.sourceip]).toEqual([[POOL], undefined]);
  expect(instance.remote.sourceip).toBe('10.9.0.1');
});

test('the third is refused, and gets the address of the first that leaves', async () => {
  const { east, road } = roads();
  up(road[0]);
  up(road[1]);
  expect(up(road[2]).exit).not.toBe(0);
  expect(east.log).toContainEqual(expect.stringContaining(`Child SA refused: no address is left in ${POOL}`));
  down(road[2]);
  down(road[0]);
  expect(await leases(east)).toEqual(['10.9.0.1 @road0 free', '10.9.0.2 @road1 in-use']);
  expect(up(road[2]).exit).toBe(0);
  expect(await leases(east)).toEqual(['10.9.0.1 @road2 in-use', '10.9.0.2 @road1 in-use']);
});

test('a road warrior that comes again has its address again, while the old SA is still there', async () => {
  const { east, road } = roads();
  up(road[0]);
  const again = new House('again', east.clock, east.wire, {
    address: '192.0.2.99',
    conf: client('192.0.2.99', '@road0'),
    secrets: SECRETS,
  });
  expect(up(again).exit).toBe(0);
  expect(again.log).toContainEqual(expect.stringContaining('the peer leases us 10.9.0.1'));
  east.clock.advance(60_000);
  expect(await leases(east)).toEqual(['10.9.0.1 @road0 in-use']);
  expect(insideOf(east).filter((src) => src === '10.9.0.1/32').length).toBeGreaterThan(0);
});

test('with uniqueids=no each has one of its own', async () => {
  const { east, road } = roads({ uniqueIds: false });
  up(road[0]);
  const again = new House('again', east.clock, east.wire, {
    address: '192.0.2.99',
    conf: client('192.0.2.99', '@road0'),
    secrets: SECRETS,
  });
  up(again);
  expect(await leases(east)).toEqual(['10.9.0.1 @road0 in-use', '10.9.0.2 @road0 in-use']);
});

test('a lease ends with a peer that falls silent, and is kept for it', async () => {
  const { east, road, clock } = roads({ conf: server('pool', { dpddelay: '10', 'retransmit-timeout': '20s' }) });
  up(road[0]);
  road[0].hasLeft = true;
  clock.advance(120_000);
  expect(await leases(east)).toEqual(['10.9.0.1 @road0 lingering']);
});

test('pools that overlap are refused', () => {
  const { east } = town({ east: { conf: server('a') + server('b'), secrets: SECRETS } });
  expect(() => east.load(server('c', { rightaddresspool: '10.9.0.0/24' }))).toThrow(
    `"c": failed to add connection: address pool 10.9.0.0-10.9.0.255 overlaps ${POOL} of another connection`,
  );
  for (const name of ['a', 'b']) east.whack({ kind: 'delete', name });
  east.load(server('c', { rightaddresspool: '10.9.0.0/24' }));
});

test('figures for globalstatus', async () => {
  const { east, road } = roads();
  up(road[0]);
  up(road[1]);
  up(road[2]);
  const rows = (await east.report({ kind: 'globalstatus' })).rowsOf('globals');
  const figures = Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  expect(figures).toMatchObject({
    'current.leases.pools': 1,
    'current.leases.inuse': 2,
    'total.leases.granted': 2,
    'total.leases.refused': 1,
  });
});

test('both families, name servers and domains, as ipsec.conf says', () => {
  const clock = new TestClock();
  const wire = new Wire(clock);
  const conf = server('pool', {
    leftsubnet: '0.0.0.0/0,::/0',
    rightaddresspool: '10.9.0.0/24,2001:db8:9::/112',
    modecfgdns: '10.0.0.53,2001:db8::53',
    modecfgdomains: 'example.org,b.test',
    modecfgbanner: '"hello"',
  });
  new House('east', clock, wire, { address: EAST, conf, secrets: SECRETS });
  const west = new House('west', clock, wire, {
    address: WEST,
    conf: client(WEST, '@west', { rightsubnet: '0.0.0.0/0,::/0' }),
    secrets: SECRETS,
  });
  clock.settle();
  expect(up(west).exit).toBe(0);
  expect(west.log.find((line) => line.includes('leases us'))).toContain(
    'the peer leases us 10.9.0.0 and 2001:db8:9::; name servers 10.0.0.53, 2001:db8::53 for example.org, b.test; it says: hello',
  );
});
