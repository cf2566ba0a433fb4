/**
 * The addresses of one range, and who has them. Only addresses that somebody has, or had, take up memory: a pool of
 * 16 million is as small as its leases. Nothing in here knows a clock; times are ms since 1970.
 *
 *          never used ──┐                                   ┌──► blank    nobody will ask for it again
 *                       ├──► in use ── given back ──► held ─┤
 *     blank, kept ──────┘                (or at once)       └──► kept     for the identity that had it
 *
 * An identity gets its own address back while nobody else has it. Others get a blank one, then one that was never used,
 * then the one that was kept longest: what libreswan does, but for blank ones, which would pile up in a large pool.
 */
import { Address } from '../../net/address.ts';
import type { AddressRange } from '../../net/address-range.ts';
import { type Link, Queue } from './queue.ts';

/** From the first address; a bigint where it would not be exact. */
type Offset = number | bigint;

export class Lease implements Link<Lease> {
  offset: Offset;
  pool: Pool;
  /** Empty: nobody who could come back for it. */
  identity: string;
  /** Connections of one identity share it; 0: it is free. */
  users: number;
  /** ms: nobody else gets it before. */
  heldUntil = 0;
  before: Lease | undefined = undefined;
  after: Lease | undefined = undefined;

  constructor(pool: Pool, offset: Offset, identity: string, users: number) {
    this.pool = pool;
    this.offset = offset;
    this.identity = identity;
    this.users = users;
  }

  /** Made anew each time: whoever needs it often keeps it. */
  get address(): Address {
    return this.pool.addressAt(this.offset);
  }
}

/** Free addresses that are kept for somebody, in one pool: with so many of them, old ones go before new ones are touched. */
const MOST_KEPT = 1_000_000;

export class Pool {
  readonly range: AddressRange;
  readonly size: bigint;
  readonly #first: bigint;
  /** Offsets that are handed out in turn: all of them, or as many as a number counts. */
  readonly #inTurn: number;
  readonly #byOffset = new Map<Offset, Lease>();
  readonly #byIdentity = new Map<string, Lease>();
  readonly #blank = new Queue<Lease>();
  readonly #kept = new Queue<Lease>();
  /** By `heldUntil`. */
  readonly #held = new Queue<Lease>();
  #next = 0;
  #inUse = 0;
  /** Times that nothing was left for who asked. */
  exhausted = 0;

  constructor(range: AddressRange) {
    this.range = range;
    this.#first = range.start.toBigInt();
    this.size = range.end.toBigInt() - this.#first + 1n;
    this.#inTurn = Number(this.size < MOST_COUNTED ? this.size : MOST_COUNTED);
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** Addresses that are remembered, in use or not. */
  get known(): number {
    return this.#byOffset.size;
  }

  /** Free, and somebody's who may come back for it. */
  get reusable(): number {
    return this.#kept.length;
  }

  get held(): number {
    return this.#held.length;
  }

  /** Those that anybody may have at once, and nobody would miss. */
  get free(): bigint {
    return this.size - BigInt(this.#inUse + this.#held.length + this.#kept.length);
  }

  leases(): IterableIterator<Lease> {
    return this.#byOffset.values();
  }

  contains(address: Address): boolean {
    const { start, end } = this.range;
    return address.family === start.family && address.compare(start) >= 0 && address.compare(end) <= 0;
  }

  addressAt(offset: Offset): Address {
    return Address.fromBigInt(this.range.start.family, this.#first + BigInt(offset));
  }

  /** Whether `identity` has an address here, or would get its old one. */
  knows(identity: string): boolean {
    return identity !== '' && this.#byIdentity.has(identity);
  }

  /** What `identity` has, or had. `shares`: also when it is in use. */
  takeOwn(identity: string, now: number, shares: boolean): Lease | undefined {
    this.#release(now);
    const own = identity === '' ? undefined : this.#byIdentity.get(identity);
    return own && (own.users === 0 || shares) ? this.#use(own, identity) : undefined;
  }

  /** Its own, else one that is free; undefined: all are taken. */
  take(identity: string, now: number, shares: boolean): Lease | undefined {
    const own = this.takeOwn(identity, now, shares);
    if (own) return own;
    const blank = this.#blank.first;
    if (blank) return this.#use(blank, identity);
    const fresh = this.#kept.length < MOST_KEPT ? this.#fresh() : undefined;
    if (fresh !== undefined) return this.#add(fresh, identity);
    const oldest = this.#kept.first;
    if (!oldest) this.exhausted++;
    return oldest && this.#use(oldest, identity);
  }

  /** This very address, which must be of the range. Undefined: somebody else has it, or may think so. */
  claim(address: Address, identity: string, now: number, shares: boolean): Lease | undefined {
    this.#release(now);
    const offset = this.#offsetOf(address);
    const there = this.#byOffset.get(offset);
    if (!there) return this.#add(offset, identity);
    const isOwn = identity !== '' && there.identity === identity;
    if (there.users > 0 ? !isOwn || !shares : there.heldUntil > 0 && !isOwn) return undefined;
    return this.#use(there, identity);
  }

  /** `heldUntil`: ms, until when whoever had it may think that it still has; 0: it knows that it has not. */
  give(lease: Lease, heldUntil: number): void {
    lease.users--;
    if (lease.users > 0) return;
    this.#inUse--;
    // One of several that its identity had at once, and not the first.
    if (this.#byIdentity.get(lease.identity) !== lease) lease.identity = '';
    lease.heldUntil = heldUntil;
    this.#queueOf(lease).push(lease);
  }

  /** Takes it away, for another pool. */
  expel(lease: Lease): void {
    if (lease.users === 0) this.#queueOf(lease).remove(lease);
    else this.#inUse--;
    this.#forget(lease);
    this.#byOffset.delete(lease.offset);
  }

  /** One that another pool had, or another run of the daemon: free ones in the order in which they became free. */
  receive(lease: Lease): void {
    const offset = this.#offsetOf(lease.address);
    lease.pool = this;
    lease.offset = offset;
    this.#byOffset.set(offset, lease);
    if (lease.identity !== '' && !this.#byIdentity.has(lease.identity)) this.#byIdentity.set(lease.identity, lease);
    if (lease.users === 0) this.#queueOf(lease).push(lease);
    else this.#inUse++;
  }

  #offsetOf(address: Address): Offset {
    const offset = address.toBigInt() - this.#first;
    return offset < MOST_COUNTED ? Number(offset) : offset;
  }

  #fresh(): number | undefined {
    while (this.#next < this.#inTurn && this.#byOffset.has(this.#next)) this.#next++;
    return this.#next < this.#inTurn ? this.#next : undefined;
  }

  #add(offset: Offset, identity: string): Lease {
    const lease = new Lease(this, offset, '', 1);
    this.#byOffset.set(offset, lease);
    this.#inUse++;
    this.#name(lease, identity);
    return lease;
  }

  #use(lease: Lease, identity: string): Lease {
    if (lease.users === 0) {
      this.#queueOf(lease).remove(lease);
      lease.heldUntil = 0;
      this.#inUse++;
    }
    lease.users++;
    if (lease.identity !== identity) this.#name(lease, identity);
    return lease;
  }

  #name(lease: Lease, identity: string): void {
    this.#forget(lease);
    lease.identity = identity;
    if (identity === '') return;
    const former = this.#byIdentity.get(identity);
    // Two at once have one name: the first goes on to be known by it.
    if (former && former.users > 0) return;
    if (former) this.#blanken(former);
    this.#byIdentity.set(identity, lease);
  }

  #forget(lease: Lease): void {
    if (this.#byIdentity.get(lease.identity) === lease) this.#byIdentity.delete(lease.identity);
  }

  /** Free, and its identity has another one now. */
  #blanken(lease: Lease): void {
    if (lease.heldUntil === 0) {
      this.#kept.remove(lease);
      this.#blank.push(lease);
    }
    lease.identity = '';
  }

  /** Of a free one. */
  #queueOf(lease: Lease): Queue<Lease> {
    if (lease.heldUntil > 0) return this.#held;
    return this.#byIdentity.get(lease.identity) === lease ? this.#kept : this.#blank;
  }

  #release(now: number): void {
    for (let lease = this.#held.first; lease && lease.heldUntil <= now; lease = this.#held.first) {
      this.#held.remove(lease);
      lease.heldUntil = 0;
      this.#queueOf(lease).push(lease);
    }
  }
}

const MOST_COUNTED = BigInt(Number.MAX_SAFE_INTEGER);
