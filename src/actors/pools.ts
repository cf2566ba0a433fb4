/** Inner addresses: what connections lease from, and the leases as reports show them. */
import type { Conn } from '../conf/conn.ts';
import type { LeaseRow } from '../control/status/rows.ts';
import type { AddressRange } from '../net/address-range.ts';
import { type Leases, type Notes, rangeText } from '../services/leases/leases.ts';
import type { Lease } from '../services/leases/pool.ts';
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

/** A pool that several connections name is one. Each is followed by its leases. */
export function* pools(leases: Leases): Making {
  for (const pool of [...leases.pools()]) {
    const { size, known, inUse, reusable } = pool;
    const range = rangeText(pool.range);
    // As libreswan counts: what was never used is neither in use nor free.
    yield { of: 'pools', rows: [{ range, size, leases: known, inUse, free: BigInt(known - inUse), reusable }] };
    for (const slice of slices(pool.leases()))
      yield { of: 'leases', rows: slice.map((lease) => leaseRow(range, lease)) };
  }
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
