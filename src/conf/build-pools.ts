/** The address pools of a configuration: conns may share one, but two that overlap would lease an address twice. */
import type { Family } from '../net/address.ts';
import type { AddressRange } from '../net/address-range.ts';

export class Pools {
  /** By where they begin; none overlaps another. */
  readonly #known: Record<Family, { readonly range: AddressRange; readonly conn: string }[]> = { 4: [], 6: [] };

  /** The conn whose pool overlaps `range`, which then is not taken in. */
  add(range: AddressRange, conn: string): string | undefined {
    const known = this.#known[range.start.family];
    let [low, high] = [0, known.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (known[middle].range.end.compare(range.start) < 0) low = middle + 1;
      else high = middle;
    }
    // The first that does not end before this one begins.
    const next = known[low];
    if (!next || next.range.start.compare(range.end) > 0) known.splice(low, 0, { range, conn });
    else if (!next.range.start.equals(range.start) || !next.range.end.equals(range.end)) return next.conn;
    return undefined;
  }
}
