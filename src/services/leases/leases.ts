/**
 * Who has which inner address: the pools of all connections, and what is leased besides them. One address is in one place
 * only, so that nobody can be given what somebody else has, whatever connections come and go.
 *
 *     restore ──► outside ──add──► pool ──lease──► (an SA) ──release──► pool
 *                    └── addresses that a server names, in nobody's pool
 */
import type { LeaseRequest, LeasesGranted } from '../../ike/effects.ts';
import { Address, type Family } from '../../net/address.ts';
import type { AddressRange } from '../../net/address-range.ts';
import { Lease, Pool } from './pool.ts';

/** With what we know of each. */
interface Granted extends LeasesGranted {
  readonly leases: readonly Lease[];
}

/** One that another run of the daemon gave. */
export interface Remembered {
  readonly address: Address;
  /** Empty: nobody who could come back. */
  readonly identity: string;
  /** ms since 1970: nobody else gets it before; 0: at once. */
  readonly heldUntil: number;
}

/** Whoever writes down what is given: it must be there after a crash. Called before anybody is told. */
export interface Notes {
  taken(lease: Lease): void;
  /** Its last user has gone. */
  given(lease: Lease): void;
}

export interface LeasesOptions {
  /** ms since 1970. */
  readonly wall: () => number;
  /** One identity has one address, however often it comes (`uniqueids=`). */
  readonly shares: boolean;
  readonly notes: Notes;
}

/** Why somebody has no address of a family. */
interface Lack {
  readonly why: 'exhausted' | 'taken' | 'unsure';
  readonly text: string;
}

interface Known {
  readonly pool: Pool;
  /** Connections that name it. */
  conns: number;
}

/** ms that an address is kept from others where the peer may not know that it has lost it: several times what liveness checks take. */
export const LINGER = 180_000;

export class Leases {
  readonly #options: LeasesOptions;
  readonly #outside: Record<Family, Pool> = { 4: everything(4), 6: everything(6) };
  /** By where they begin; none overlaps another. */
  readonly #known: Record<Family, Known[]> = { 4: [], 6: [] };
  #byRange = new WeakMap<AddressRange, Pool>();
  /** What was outside when somebody looked last, by address; with the order in which it had come there. */
  #strays: readonly Stray[] | undefined = undefined;
  /** ms: what an earlier run gave may not be known; until then whoever had it may think that it still has. */
  #unsureUntil = 0;
  /** Addresses given. */
  granted = 0;
  /** Peers that got none, by why. */
  readonly refusals: Record<Lack['why'] | 'no-pool', number> = { exhausted: 0, taken: 0, unsure: 0, 'no-pool': 0 };

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  /** What an earlier run knew, oldest first; `isWhole`: all that it knew. Before any pool is there. */
  restore(all: Iterable<Remembered>, isWhole: boolean): void {
    if (!isWhole) this.#unsureUntil = this.#options.wall() + LINGER;
    for (const { address, identity, heldUntil } of all) {
      const outside = this.#outside[address.family];
      const lease = new Lease(
        outside,
        address.family === 4 ? Number(address.toBigInt()) : address.toBigInt(),
        identity,
        0,
      );
      lease.heldUntil = heldUntil;
      outside.receive(lease);
    }
    this.#strays = undefined;
  }

  // --- pools -------------------------------------------------------------------------------------------------

  /** The pool of another connection that overlaps `range`, and is not the same. */
  overlapped(range: AddressRange): AddressRange | undefined {
    return this.#near(range).find(({ pool, conns }) => conns > 0 && !isSame(pool.range, range))?.pool.range;
  }

  /** A connection names it; `overlapped` must have nothing against it. */
  add(range: AddressRange): void {
    const near = this.#near(range);
    const there = near.find(({ pool }) => isSame(pool.range, range));
    if (there) {
      there.conns++;
      return;
    }
    // What no connection names any more.
    for (const known of near) this.#dissolve(known);
    const pool = new Pool(range);
    const all = this.#known[range.start.family];
    all.splice(placeOf(all, range.start), 0, { pool, conns: 1 });
    for (const lease of this.#straysIn(range)) {
      this.#outside[range.start.family].expel(lease);
      pool.receive(lease);
    }
  }

  /** A connection that named it is gone. Its leases stay, for it may come again. */
  drop(range: AddressRange): void {
    const there = this.#near(range).find(({ pool }) => isSame(pool.range, range));
    if (there && there.conns > 0) there.conns--;
  }

  /** Those that connections name. */
  *pools(): Generator<Pool> {
    for (const family of [4, 6] as const) for (const { pool, conns } of this.#known[family]) if (conns > 0) yield pool;
  }

  // --- leases ------------------------------------------------------------------------------------------------

  lease(ask: LeaseRequest): Granted {
    const leases: Lease[] = [];
    const lacks: Lack[] = [];
    for (const family of ask.families) {
      const found = this.#one(family, ask);
      if (found === undefined) continue;
      if ('why' in found) lacks.push(found);
      else leases.push(found);
    }
    if (leases.length === 0) this.refusals[lacks[0]?.why ?? 'no-pool']++;
    this.granted += leases.length;
    for (const lease of leases) this.#options.notes.taken(lease);
    return { leases, lacks: lacks.map(({ text }) => text) };
  }

  /** `isKnown`: the peer knows that it has it no more. */
  release(lease: Lease, isKnown: boolean): void {
    const { pool } = lease;
    pool.give(lease, isKnown ? 0 : this.#options.wall() + LINGER);
    if (lease.users > 0) return;
    this.#options.notes.given(lease);
    if (pool === this.#outside[pool.range.start.family] && lease.heldUntil === 0) pool.expel(lease);
  }

  get refused(): number {
    return Object.values(this.refusals).reduce((sum, count) => sum + count, 0);
  }

  /** Addresses that servers name and no pool has, in use and held. */
  get outside(): { readonly inUse: number; readonly held: number } {
    const [four, six] = [this.#outside[4], this.#outside[6]];
    return { inUse: four.inUse + six.inUse, held: four.held + six.held };
  }

  /** For `--globalstatus`: names and values. */
  *figures(): Generator<readonly [string, number]> {
    const all = [...this.pools()];
    const sum = (count: (pool: Pool) => number) => all.reduce((so, pool) => so + count(pool), 0);
    yield ['current.leases.pools', all.length];
    yield ['current.leases.inuse', sum(({ inUse }) => inUse)];
    yield ['current.leases.known', sum(({ known }) => known)];
    yield ['current.leases.lingering', sum(({ held }) => held)];
    yield ['total.leases.granted', this.granted];
    yield ['total.leases.refused', this.refused];
  }

  /** All that is remembered. */
  *all(): Generator<Lease> {
    for (const family of [4, 6] as const) {
      yield* this.#outside[family].leases();
      for (const { pool } of this.#known[family]) yield* pool.leases();
    }
  }

  #one(family: Family, { pools, identity = '', fixed }: LeaseRequest): Lease | Lack | undefined {
    const { shares, wall } = this.#options;
    const own = fixed.find((address) => address.family === family);
    if (own) {
      const pool = this.#poolAt(own) ?? this.#outside[family];
      const lease = pool.claim(own, identity, wall(), shares);
      if (pool === this.#outside[family]) this.#strays = undefined;
      return lease ?? { why: 'taken', text: `${own} is somebody else's` };
    }
    const mine = pools.filter(({ start }) => start.family === family).flatMap((range) => this.#poolOf(range) ?? []);
    if (mine.length === 0) return undefined;
    const now = wall();
    // Its own, in whichever pool that is, comes before any of an earlier pool.
    for (const pool of mine) {
      const lease = pool.takeOwn(identity, now, shares);
      if (lease) return lease;
    }
    const isNew = !mine.some((pool) => pool.knows(identity));
    if (isNew && now < this.#unsureUntil)
      return { why: 'unsure', text: 'the file of leases was damaged: who is new has to wait' };
    for (const pool of mine) {
      const lease = pool.take(identity, now, shares);
      if (lease) return lease;
    }
    return { why: 'exhausted', text: `no address is left in ${mine.map(({ range }) => rangeText(range)).join(', ')}` };
  }

  /** Undefined: its connection is gone, and others have its addresses. */
  #poolOf(range: AddressRange): Pool | undefined {
    const known = this.#byRange.get(range);
    if (known) return known;
    const found = this.#near(range).find(({ pool }) => isSame(pool.range, range));
    if (found) this.#byRange.set(range, found.pool);
    return found?.pool;
  }

  #poolAt(address: Address): Pool | undefined {
    return this.#near({ start: address, end: address })[0]?.pool;
  }

  /** Those that have something in common with `range`. */
  #near({ start, end }: AddressRange): Known[] {
    const all = this.#known[start.family];
    const near: Known[] = [];
    for (let i = placeOf(all, start); i < all.length && all[i].pool.range.start.compare(end) <= 0; i++)
      near.push(all[i]);
    return near;
  }

  #dissolve({ pool }: Known): void {
    const { family } = pool.range.start;
    this.#known[family] = this.#known[family].filter((known) => known.pool !== pool);
    for (const lease of [...pool.leases()]) {
      pool.expel(lease);
      this.#outside[family].receive(lease);
    }
    this.#strays = undefined;
    this.#byRange = new WeakMap();
  }

  /** In the order in which they became free. */
  #straysIn({ start, end }: AddressRange): readonly Lease[] {
    this.#strays ??= [...this.#outside[4].leases(), ...this.#outside[6].leases()]
      .map((lease, order) => ({ lease, order, address: lease.address }))
      .sort((a, b) => a.address.compare(b.address));
    const strays = this.#strays;
    const first = lowest(strays.length, (i) => strays[i].address.compare(start) >= 0);
    const after = lowest(strays.length, (i) => strays[i].address.compare(end) > 0);
    const outside = this.#outside[start.family];
    const inside = strays.slice(first, after).filter(({ lease }) => lease.pool === outside);
    return inside.sort((a, b) => a.order - b.order).map(({ lease }) => lease);
  }
}

interface Stray {
  readonly lease: Lease;
  readonly order: number;
  readonly address: Address;
}

export const rangeText = ({ start, end }: AddressRange): string => `${start}-${end}`;

const everything = (family: Family): Pool => {
  const bits = family === 4 ? 32n : 128n;
  return new Pool({ start: Address.any(family), end: Address.fromBigInt(family, (1n << bits) - 1n) });
};

const isSame = (a: AddressRange, b: AddressRange): boolean => a.start.equals(b.start) && a.end.equals(b.end);

/** Of the first that does not end before `start`. */
const placeOf = (all: readonly Known[], start: Address): number =>
  lowest(all.length, (i) => all[i].pool.range.end.compare(start) >= 0);

/** The lowest index below `count` for which it is true, and for all after it; `count` if there is none. */
function lowest(count: number, isTrue: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
