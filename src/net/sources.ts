/**
 * Who has how much of something that strangers can use up. A source is an IPv4 address, or an IPv6 /64: whoever has one
 * address of that has all of them. Nothing is kept of sources that have nothing.
 */
import type { Address } from './address.ts';

/** Four or eight octets as characters: a key, not for reading. */
export function sourceOf(address: Address): string {
  return String.fromCharCode(...address.toBytes().subarray(0, address.family === 4 ? 4 : 8));
}

/**
 * Whether one that has `held` of all `taken` may have another: as much as is left for everybody else. Alone it comes to
 * half of `most`, two come to a third each; to leave nothing for who has nothing yet, it takes as many sources as `most`.
 */
export const isFairShare = (held: number, taken: number, most: number): boolean => held < most - taken;

export class Sources {
  readonly #held = new Map<string, number>();

  /** Sources that have something. */
  get size(): number {
    return this.#held.size;
  }

  held(source: string): number {
    return this.#held.get(source) ?? 0;
  }

  take(source: string): void {
    this.#held.set(source, this.held(source) + 1);
  }

  giveBack(source: string): void {
    const held = this.held(source);
    if (held > 1) this.#held.set(source, held - 1);
    else this.#held.delete(source);
  }
}
