/** Things by CIDR block, found by address: in as many steps as there are prefix lengths, however many blocks. */
import type { Address, Family } from '../net/address.ts';
import type { Subnet } from '../net/subnet.ts';

interface Length<T> {
  readonly prefix: number;
  /** Bits behind it. */
  readonly hostBits: bigint;
  readonly byNetwork: Map<bigint, T[]>;
}

export class Prefixes<T> {
  /** The longest prefix first. */
  readonly #lengths: { readonly [family in Family]: Length<T>[] } = { 4: [], 6: [] };
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add({ address, prefix, family }: Subnet, value: T): void {
    const lengths = this.#lengths[family];
    let length = lengths.find((known) => known.prefix === prefix);
    if (!length) {
      length = { prefix, hostBits: BigInt(address.bits - prefix), byNetwork: new Map() };
      lengths.push(length);
      lengths.sort((a, b) => b.prefix - a.prefix);
    }
    const network = address.toBigInt();
    const known = length.byNetwork.get(network);
    if (known) known.push(value);
    else length.byNetwork.set(network, [value]);
    this.#size++;
  }

  remove({ address, prefix, family }: Subnet, value: T): void {
    const lengths = this.#lengths[family];
    const length = lengths.find((known) => known.prefix === prefix);
    const network = address.toBigInt();
    const known = length?.byNetwork.get(network);
    const at = known?.indexOf(value) ?? -1;
    if (!length || !known || at < 0) return;
    known.splice(at, 1);
    this.#size--;
    if (known.length === 0) length.byNetwork.delete(network);
    if (length.byNetwork.size === 0) lengths.splice(lengths.indexOf(length), 1);
  }

  /** Of just this block, in the order they came. */
  at({ address, prefix, family }: Subnet): readonly T[] {
    const length = this.#lengths[family].find((known) => known.prefix === prefix);
    return length?.byNetwork.get(address.toBigInt()) ?? NONE;
  }

  /** Of the longest block that the address lies in. */
  around(address: Address): readonly T[] {
    return this.#first(address, 129);
  }

  /** Of the longest block that `subnet` is a part of, and not the whole. */
  enclosing(subnet: Subnet): readonly T[] {
    return this.#first(subnet.address, subnet.prefix);
  }

  /** Of those with a prefix shorter than `before`. */
  #first(address: Address, before: number): readonly T[] {
    const value = address.toBigInt();
    for (const { prefix, hostBits, byNetwork } of this.#lengths[address.family]) {
      if (prefix >= before) continue;
      const found = byNetwork.get((value >> hostBits) << hostBits);
      if (found) return found;
    }
    return NONE;
  }
}

const NONE: readonly never[] = Object.freeze([]);
