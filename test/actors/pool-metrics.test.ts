/** What metrics say of pools: a bounded number of series, however many pools, and every refusal by why. */
import { expect, test } from 'vitest';
import { poolSamples } from '../../src/actors/pools.ts';
import { Address } from '../../src/net/address.ts';
import { Leases, LINGER } from '../../src/services/leases/leases.ts';
import { range } from '../services/leases/ranges.ts';

function index() {
  const clock = { now: 1_000_000 };
  const leases = new Leases({
    wall: () => clock.now,
    shares: true,
    notes: { taken: () => {}, given: () => {} },
  });
  const ask = (identity: string, pools: readonly ReturnType<typeof range>[], fixed: readonly Address[] = []) =>
    leases.lease({ pools, families: [4], identity, fixed });
  const values = () =>
    new Map(poolSamples(leases).map(({ metric, labels, value }) => [[metric, ...labels].join(' '), value]));
  return { clock, leases, ask, values };
}

const of = (values: ReadonlyMap<string, number>, metric: string, pool: string) =>
  ['in-use', 'lingering', 'kept', 'free'].map((state) => values.get(`${metric} ${pool} ${state}`.replace('  ', ' ')));

test('an address is in use, lingers, is kept, and is free: each in one place', () => {
  const { clock, leases, ask, values } = index();
  const pool = range('10.9.0.0-10.9.0.3');
  leases.add(pool);
  const name = '10.9.0.0-10.9.0.3';
  expect(of(values(), 'poolAddresses', name)).toEqual([0, 0, 0, 4]);
  const [[a], [b]] = [ask('a', [pool]).leases, ask('b', [pool]).leases];
  ask('c', [pool]);
  leases.release(a, true);
  leases.release(b, false);
  expect(of(values(), 'poolAddresses', name)).toEqual([1, 1, 1, 1]);
  expect(of(values(), 'innerAddresses', '')).toEqual([1, 1, 1, 1]);
  clock.now += LINGER;
  ask('d', [pool]);
  expect(of(values(), 'poolAddresses', name)).toEqual([2, 0, 2, 0]);
  expect(values().get('leasesGranted')).toBe(4);
});

test('who gets none is counted by why; a pool that had none left, though another had, by pool', () => {
  const { leases, ask, values } = index();
  const [one, two] = ['10.9.0.1-10.9.0.1', '10.8.0.1-10.8.0.1'].map(range);
  for (const pool of [one, two]) leases.add(pool);
  for (const identity of ['a', 'b', 'c']) ask(identity, [one, two]);
  ask('d', []);
  ask('e', [], [Address.parse('10.9.0.1')!]);
  const seen = values();
  expect(['10.9.0.1-10.9.0.1', '10.8.0.1-10.8.0.1'].map((pool) => seen.get(`poolExhausted ${pool}`))).toEqual([2, 1]);
  const refused = ['exhausted', 'taken', 'unsure', 'no-pool'].map((why) => seen.get(`leasesRefused ${why}`));
  expect(refused).toEqual([1, 1, 0, 1]);
  expect(leases.refused).toBe(3);
});

test('beyond a hundred pools there are sums', () => {
  const { leases, ask, values } = index();
  const pools = Array.from({ length: 120 }, (_, i) => range(`10.9.${i}.0-10.9.${i}.1`));
  for (const pool of pools) leases.add(pool);
  for (const pool of pools) ask('a', [pool]);
  const seen = values();
  const named = [...seen.keys()].filter((key) => key.startsWith('poolExhausted'));
  expect(named).toHaveLength(101);
  expect(of(seen, 'poolAddresses', 'other')).toEqual([20, 0, 0, 20]);
  expect(of(seen, 'innerAddresses', '')).toEqual([120, 0, 0, 120]);
  expect(seen.get('pools')).toBe(120);
});

test('a pool too large for a number to count is shown all the same', () => {
  const { leases, values } = index();
  leases.add(range('2001:db8::-2001:db8:0:ffff:ffff:ffff:ffff:ffff'));
  expect(of(values(), 'innerAddresses', '')).toEqual([0, 0, 0, 2 ** 80]);
});
