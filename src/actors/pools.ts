/** Inner addresses: what connections lease from, and the leases as reports show them. */
import type { Conn } from '../conf/conn.ts';
import type { LeaseRow, PoolRow } from '../control/status/rows.ts';
import type { AddressRange } from '../net/address-range.ts';
import type { MetricName } from '../ops/metrics.ts';
import type { Sample } from '../ops/snapshot.ts';
import { type Leases, type Notes, rangeText } from '../services/leases/leases.ts';
import type { Lease, Pool } from '../services/leases/pool.ts';
import { type Making, slices } from './reporter.ts';

/** Nobody writes down what is leased. */
export const NO_NOTES: Notes = { taken: () => {}, given: () => {} };

export const poolsOf = ({ left, right }: Conn): readonly AddressRange[] => [...left.addresspool, ...right.addresspool];

/** Takes the pools of a connection into the index; why not, if they overlap those of another. */
export function addPools(leases: Leases, conn: Conn): string | undefined {
  const pools = poolsOf(conn);
  for (const pool of pools) {
    const other = leases.overlapped(pool);
    if (other) return `address pool ${rangeText(pool)} overlaps ${rangeText(other)} of another connection`;
  }
  for (const pool of pools) leases.add(pool);
  return undefined;
}

export function dropPools(leases: Leases, conn: Conn): void {
  for (const pool of poolsOf(conn)) leases.drop(pool);
}

/** A pool that several connections name is one. The leases come after all pools, in the order of these. */
export function* pools(leases: Leases): Making {
  const all = [...leases.pools()];
  for (const slice of slices(all)) yield { of: 'pools', rows: slice.map(poolRow) };
  for (const pool of all) {
    const range = rangeText(pool.range);
    for (const slice of slices(pool.leases()))
      yield { of: 'leases', rows: slice.map((lease) => leaseRow(range, lease)) };
  }
}

export const POOL_METRICS: readonly MetricName[] = [
  ...(['pools', 'poolAddresses', 'poolExhausted', 'innerAddresses', 'leasesGranted', 'leasesRefused'] as const),
];

/** Pools with series of their own; beyond them, all others together. */
const MOST_SHOWN = 100;
const OTHERS = 'other';

/** Costs some microseconds, and 0.3 µs for each pool beyond those that are shown. */
export function poolSamples(leases: Leases): Sample[] {
  const [all, others] = [figures(), figures()];
  const samples: Sample[] = [];
  const show = (name: string, own: Figures) => {
    for (const [state, value] of Object.entries(byState(own)))
      samples.push({ metric: 'poolAddresses', labels: [name, state], value });
    samples.push({ metric: 'poolExhausted', labels: [name], value: own.exhausted });
  };
  for (const pool of leases.pools()) {
    const own = figures(pool);
    sum(all, own);
    if (++all.count <= MOST_SHOWN) show(rangeText(pool.range), own);
    else sum(others, own);
  }
  if (all.count > MOST_SHOWN) show(OTHERS, others);
  const { outside, granted, refusals } = leases;
  const states = byState({ ...all, inUse: all.inUse + outside.inUse, lingering: all.lingering + outside.held });
  samples.push({ metric: 'pools', labels: [], value: all.count });
  for (const [state, value] of Object.entries(states))
    samples.push({ metric: 'innerAddresses', labels: [state], value });
  samples.push({ metric: 'leasesGranted', labels: [], value: granted });
  for (const [why, value] of Object.entries(refusals)) samples.push({ metric: 'leasesRefused', labels: [why], value });
  return samples;
}

interface Figures {
  count: number;
  inUse: number;
  lingering: number;
  kept: number;
  free: number;
  exhausted: number;
}

const byState = ({ inUse, lingering, kept, free }: Figures) => ({ 'in-use': inUse, lingering, kept, free });

const figures = (pool?: Pool): Figures => ({
  count: 0,
  inUse: pool?.inUse ?? 0,
  lingering: pool?.held ?? 0,
  kept: pool?.reusable ?? 0,
  free: Number(pool?.free ?? 0),
  exhausted: pool?.exhausted ?? 0,
});

function sum(into: Figures, { inUse, lingering, kept, free, exhausted }: Figures): void {
  into.inUse += inUse;
  into.lingering += lingering;
  into.kept += kept;
  into.free += free;
  into.exhausted += exhausted;
}

function poolRow({ range, size, known, inUse, reusable }: Pool): PoolRow {
  // As libreswan counts: what was never used is neither in use nor free.
  return { range: rangeText(range), size, leases: known, inUse, free: BigInt(known - inUse), reusable };
}

function leaseRow(pool: string, { address, identity, users, heldUntil }: Lease): LeaseRow {
  const state = users > 0 ? 'in-use' : heldUntil > 0 ? 'lingering' : 'free';
  return { pool, address: `${address}`, holder: holderText(identity), state };
}

/** Identities are known by their keys, which are not made to be read. */
function holderText(identity: string): string {
  if (identity === '') return '(nobody)';
  const [, kind, name] = /^([23]):(.*)$/.exec(identity) ?? [];
  return kind === '2' ? `@${name}` : (name ?? identity);
}
