import { describe, expect, test } from 'vitest';
import type { LeaseRequest } from '../../../src/ike/effects.ts';
import { Address } from '../../../src/net/address.ts';
import { Leases, LINGER } from '../../../src/services/leases/leases.ts';
import { range } from './ranges.ts';

const V4 = range('10.9.0.0-10.9.0.255');
const V6 = range('2001:db8:9::-2001:db8:9:ffff:ffff:ffff:ffff:ffff');

function index(shares = true) {
  const clock = { now: 1_000_000 };
  const notes: string[] = [];
  const leases = new Leases({
    wall: () => clock.now,
    shares,
    notes: {
      taken: ({ address, identity }) => void notes.push(`+ ${address} ${identity}`),
      given: ({ address, identity, heldUntil }) => void notes.push(`- ${address} ${identity} ${heldUntil}`),
    },
  });
  const ask = (identity: string | undefined, more: Partial<LeaseRequest> = {}) =>
    leases.lease({ pools: [V4, V6], families: [4, 6], identity, fixed: [], ...more });
  return { leases, clock, notes, ask };
}

const texts = ({ leases }: { leases: readonly { readonly address: Address }[] }) => leases.map((l) => `${l.address}`);

test('an address of each family that is asked for, and that there is a pool of', () => {
  const { leases, ask, notes } = index();
  for (const pool of [V4, V6]) leases.add(pool);
  expect(texts(ask('a'))).toEqual(['10.9.0.0', '2001:db8:9::']);
  expect(texts(ask('b', { families: [6] }))).toEqual(['2001:db8:9::1']);
  expect(texts(ask('b', { pools: [V4] }))).toEqual(['10.9.0.1']);
  expect(ask('b', { pools: [V4], families: [6] })).toEqual({ leases: [], lacks: [] });
  expect(notes[0]).toBe('+ 10.9.0.0 a');
});

test('the second pool of a connection when the first is exhausted; its own address wherever that is', () => {
  const { leases, ask } = index();
  const [one, two] = [range('10.9.0.0-10.9.0.0'), range('10.8.0.0-10.8.0.3')];
  leases.add(one);
  leases.add(two);
  const more = { pools: [one, two], families: [4] as const };
  expect(texts(ask('a', more))).toEqual(['10.9.0.0']);
  const b = ask('b', more);
  expect(texts(b)).toEqual(['10.8.0.0']);
  leases.release(b.leases[0], true);
  expect(texts(ask('b', { ...more, pools: [two, one] }))).toEqual(['10.8.0.0']);
});

test('pools are exhausted one after the other, and who comes back goes to the first that has room again', () => {
  const { leases, ask } = index();
  const pools = ['10.9.0.1-10.9.0.2', '10.8.0.0-10.8.0.0', '10.7.0.0-10.7.0.1'].map(range);
  for (const pool of pools) leases.add(pool);
  const from = (identity: string) => ask(identity, { pools, families: [4] });
  const all = ['a', 'b', 'c', 'd', 'e'].map(from);
  expect(all.flatMap(texts)).toEqual(['10.9.0.1', '10.9.0.2', '10.8.0.0', '10.7.0.0', '10.7.0.1']);
  expect(from('f').lacks).toEqual(['no address is left in 10.9.0.1-10.9.0.2, 10.8.0.0-10.8.0.0, 10.7.0.0-10.7.0.1']);
  for (const i of [4, 1]) leases.release(all[i].leases[0], true);
  expect(texts(from('f'))).toEqual(['10.9.0.2']);
});

test('without sharing, a second one of an identity comes from the first pool that has room, not from that of its first', () => {
  const { leases, ask } = index(false);
  const pools = ['10.9.0.1-10.9.0.1', '10.8.0.0-10.8.0.9'].map(range);
  for (const pool of pools) leases.add(pool);
  const from = (identity: string) => ask(identity, { pools, families: [4] });
  const [other] = from('a').leases;
  expect(texts(from('b'))).toEqual(['10.8.0.0']);
  leases.release(other, true);
  expect(texts(from('b'))).toEqual(['10.9.0.1']);
});

test.each([
  ['10.0.0.0-10.255.255.255', 16_777_216n],
  ['2001:db8:9::-2001:db8:9:ffff:ffff:ffff:ffff:ffff', 2n ** 80n],
])('%s costs what is leased of it', (text, size) => {
  const { leases, ask } = index();
  const pool = range(text);
  leases.add(pool);
  const given = Array.from({ length: 1_000 }, (_, i) => texts(ask(`peer${i}`, { pools: [pool] }))[0]);
  expect(new Set(given).size).toBe(1_000);
  const [only] = leases.pools();
  expect([only.size, only.known, only.inUse]).toEqual([size, 1_000, 1_000]);
});

test('exhaustion is an answer', () => {
  const { leases, ask } = index();
  const small = range('10.9.0.1-10.9.0.1');
  leases.add(small);
  ask('a', { pools: [small] });
  expect(ask('b', { pools: [small] })).toEqual({
    leases: [],
    lacks: ['no address is left in 10.9.0.1-10.9.0.1'],
  });
  expect(leases.refused).toBe(1);
});

describe('connections', () => {
  test('share a pool', () => {
    const { leases, ask } = index();
    const same = range('10.9.0.0-10.9.0.255');
    leases.add(V4);
    expect(leases.overlapped(same)).toBeUndefined();
    leases.add(same);
    expect(texts(ask('a', { pools: [V4] }))).toEqual(['10.9.0.0']);
    expect(texts(ask('b', { pools: [same] }))).toEqual(['10.9.0.1']);
    expect([...leases.pools()]).toHaveLength(1);
  });

  test('cannot have pools that overlap', () => {
    const { leases } = index();
    leases.add(V4);
    leases.add(range('10.10.0.0-10.10.0.255'));
    for (const other of ['10.9.0.9-10.9.0.9', '10.8.255.0-10.9.0.0', '10.9.0.255-10.10.0.0', '10.0.0.0-10.255.0.0'])
      expect(leases.overlapped(range(other)), other).toBeDefined();
    expect(leases.overlapped(range('10.9.1.0-10.9.255.255'))).toBeUndefined();
  });

  test('that are loaded again find their leases', () => {
    const { leases, ask } = index();
    leases.add(V4);
    const { leases: held } = ask('a', { pools: [V4] });
    leases.drop(V4);
    expect([...leases.pools()]).toEqual([]);
    leases.add(range('10.9.0.0-10.9.0.255'));
    expect(texts(ask('b', { pools: [V4] }))).toEqual(['10.9.0.1']);
    leases.release(held[0], true);
    expect(texts(ask('a', { pools: [V4] }))).toEqual(['10.9.0.0']);
  });

  test('that come with a larger pool go on from the smaller one, in use or not', () => {
    const { leases, ask } = index();
    leases.add(V4);
    const [a, b] = [ask('a', { pools: [V4] }), ask('b', { pools: [V4] })];
    leases.release(b.leases[0], true);
    leases.drop(V4);
    const larger = range('10.8.255.255-10.9.255.255');
    expect(leases.overlapped(larger)).toBeUndefined();
    leases.add(larger);
    const pools = { pools: [larger] };
    expect(texts(ask('b', pools))).toEqual(['10.9.0.1']);
    const others = Array.from({ length: 4 }, (_, i) => texts(ask(`other${i}`, pools))[0]);
    expect(others).toEqual(['10.8.255.255', '10.9.0.2', '10.9.0.3', '10.9.0.4']);
    leases.release(a.leases[0], true);
    expect(texts(ask('a', pools))).toEqual(['10.9.0.0']);
  });
});

describe('addresses that a server names', () => {
  const fixed = (text: string) => ({ pools: [V4], families: [4] as const, fixed: [Address.parse(text)!] });

  test('in a pool and outside of all, to one at a time', () => {
    const { leases, ask } = index();
    leases.add(V4);
    for (const address of ['10.9.0.7', '172.16.0.1']) {
      const given = ask('a', fixed(address));
      expect(texts(given)).toEqual([address]);
      expect(ask('b', fixed(address)).lacks).toEqual([`${address} is somebody else's`]);
      leases.release(given.leases[0], true);
      expect(texts(ask('b', fixed(address)))).toEqual([address]);
    }
  });

  test('are not handed out by a pool that comes later', () => {
    const { leases, ask } = index();
    ask('a', fixed('10.9.0.0'));
    leases.add(V4);
    expect(texts(ask('b', { pools: [V4] }))).toEqual(['10.9.0.1']);
  });
});

describe('after another run', () => {
  const heldUntil = 1_000_000 + LINGER;
  const address = Address.parse('10.9.0.0')!;

  test('who had an address gets it again, and nobody else does for a while', () => {
    const { leases, clock, ask } = index();
    leases.restore([{ address, identity: 'a', heldUntil }], true);
    leases.add(V4);
    expect(texts(ask('b', { pools: [V4] }))).toEqual(['10.9.0.1']);
    expect(texts(ask('a', { pools: [V4] }))).toEqual(['10.9.0.0']);
    clock.now = heldUntil;
    expect(texts(ask('c', { pools: [V4] }))).toEqual(['10.9.0.2']);
  });

  test('whose end nobody knows gives out nothing new until it is over', () => {
    const { leases, clock, ask } = index();
    leases.restore([{ address, identity: 'a', heldUntil: 0 }], false);
    leases.add(V4);
    expect(ask('b', { pools: [V4] }).lacks).toEqual(['the file of leases was damaged: who is new has to wait']);
    expect(texts(ask('a', { pools: [V4] }))).toEqual(['10.9.0.0']);
    clock.now = heldUntil;
    expect(texts(ask('b', { pools: [V4] }))).toEqual(['10.9.0.1']);
  });

  test('the longest unused goes first, whatever the order of addresses', () => {
    const { leases, ask } = index();
    const had = ['10.9.0.2', '10.9.0.0', '10.9.0.1'].map((text) => Address.parse(text)!);
    leases.restore(
      had.map((one, i) => ({ address: one, identity: `old${i}`, heldUntil: 0 })),
      true,
    );
    const pools = [range('10.9.0.0-10.9.0.2')];
    leases.add(pools[0]);
    expect(['x', 'y', 'z'].map((who) => texts(ask(who, { pools }))[0])).toEqual(had.map(String));
  });
});

test('who is cut off keeps its address from others for a while; who is told does not', () => {
  const { leases, clock, ask } = index();
  const one = range('10.9.0.0-10.9.0.0');
  leases.add(one);
  const more = { pools: [one], families: [4] as const };
  leases.release(ask('a', more).leases[0], false);
  expect(ask('b', more).leases).toEqual([]);
  clock.now += LINGER;
  leases.release(ask('b', more).leases[0], true);
  expect(texts(ask('c', more))).toEqual(['10.9.0.0']);
});
