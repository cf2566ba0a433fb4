import type { Address } from '../../net/address.ts';

/**
 * Writes network-order fields into one arena that grows and is kept. Messages are made one at a time and
 * synchronously, so the arena is shared (`written`), and a message costs one allocation: its own octets.
 *
 * A value that does not fit its field is our own bug and throws RangeError.
 */
export class Writer {
  at = 0;
  #arena = new Uint8Array(4096);

  uint(octets: 1 | 2 | 4, value: number): void {
    // A negative or fractional number differs from its unsigned self too.
    if (value >>> (octets === 4 ? 0 : octets * 8) !== (octets === 4 ? value : 0) || value !== Math.trunc(value))
      throw new RangeError(`${value} does not fit ${octets} octets`);
    this.#reserve(octets);
    const a = this.#arena;
    if (octets === 4) {
      a[this.at++] = value >>> 24;
      a[this.at++] = value >>> 16;
    }
    if (octets >= 2) a[this.at++] = value >>> 8;
    a[this.at++] = value;
  }

  octets(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#arena.set(value, this.at);
    this.at += value.length;
  }

  address(value: Address): void {
    this.#reserve(16);
    this.at += value.copyTo(this.#arena, this.at);
  }

  zeros(count: number): void {
    this.#reserve(count);
    this.#arena.fill(0, this.at, this.at + count);
    this.at += count;
  }

  /** Overwrites one octet that was written before. */
  patch8(at: number, value: number): void {
    this.#arena[at] = value;
  }

  /** Fills the 16-bit length field at `at`: the octets written since `from`, and `more` that others will add. */
  patchLength16(at: number, from: number, more = 0): void {
    const length = this.at - from + more;
    if (length > 0xffff) throw new RangeError(`${length} octets do not fit a payload`);
    this.#arena[at] = length >>> 8;
    this.#arena[at + 1] = length;
  }

  patch32(at: number, value: number): void {
    const end = this.at;
    this.at = at;
    this.uint(4, value);
    this.at = end;
  }

  /** A copy of everything written. Wipes and rewinds the arena: inner payloads may hold secrets (EAP). */
  take(): Uint8Array {
    const octets = this.#arena.slice(0, this.at);
    this.rewind();
    return octets;
  }

  rewind(): void {
    this.#arena.fill(0, 0, this.at);
    this.at = 0;
  }

  #reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.#arena.length) return;
    const grown = new Uint8Array(2 ** Math.ceil(Math.log2(needed)));
    grown.set(this.#arena.subarray(0, this.at));
    this.#arena.fill(0);
    this.#arena = grown;
  }
}

const shared = new Writer();

/** What `write` wrote, in octets of its own. Not to be nested. */
export function written(write: (w: Writer) => void): Uint8Array {
  try {
    write(shared);
    return shared.take();
  } catch (bug) {
    shared.rewind();
    throw bug;
  }
}
