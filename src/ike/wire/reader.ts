import { Address } from '../../net/address.ts';
import { type Malformed, malformed } from './fault.ts';

/**
 * Reads network-order fields, and never beyond the innermost window.
 *
 * The first fault sticks: from then on nothing is left to read, numbers are 0 and octets empty. So a reader of
 * fields needs no check after each of them, its caller checks `fault` once, and no loop over `more` goes on.
 */
export class Reader {
  /** The next octet, counted from the first. */
  at = 0;
  /** Where the innermost window ends. */
  end: number;
  /** Whose octets these are: the payload that a fault names. */
  where: string;
  fault: Malformed | undefined;
  /** The size or count field last read, for the field that it measures (`lengthOf`, `countOf` in field.ts). */
  measure = 0;
  readonly #octets: Uint8Array;

  constructor(octets: Uint8Array, where: string) {
    this.#octets = plain(octets);
    this.end = octets.length;
    this.where = where;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Records the first fault; `offset` is where a person should look. */
  fail(why: string, offset = this.at): void {
    this.fault ??= malformed(this.where, offset, why);
    this.at = this.end = 0;
  }

  /** An unsigned integer of `octets` octets. */
  uint(octets: 1 | 2 | 4): number {
    if (!this.#has(octets)) return 0;
    const o = this.#octets;
    const at = this.at;
    this.at = at + octets;
    if (octets === 1) return o[at];
    if (octets === 2) return (o[at] << 8) | o[at + 1];
    return ((o[at] << 24) | (o[at + 1] << 16) | (o[at + 2] << 8) | o[at + 3]) >>> 0;
  }

  /** A view, not a copy: it keeps the whole datagram alive, and whoever stores it beyond that should copy it. */
  octets(count: number): Uint8Array {
    if (!this.#has(count)) return NONE;
    const at = this.at;
    this.at = at + count;
    return this.#octets.subarray(at, at + count);
  }

  /** Of 4 or 16 octets; undefined if they are not there. */
  address(octets: 4 | 16): Address | undefined {
    if (!this.#has(octets)) return undefined;
    const at = this.at;
    this.at = at + octets;
    return Address.fromBytes(this.#octets, at, octets);
  }

  skip(count: number): void {
    if (this.#has(count)) this.at += count;
  }

  /** Narrows the window to the next `count` octets; give what this returns to `leave`. */
  enter(count: number, lengthAt: number): number {
    const outer = this.end;
    if (this.fault) return outer;
    if (count < 0) this.fail('length shorter than its own header', lengthAt);
    else if (count > this.left) this.fail(`length ${count - this.left} octets beyond the end`, lengthAt);
    else this.end = this.at + count;
    return outer;
  }

  /** Widens the window again. What was not read is a fault. */
  leave(outer: number): void {
    if (this.fault) return;
    if (this.at < this.end) this.fail(`${octetsText(this.left)} trailing`);
    else this.end = outer;
  }

  #has(count: number): boolean {
    if (count <= this.end - this.at) return true;
    this.fail(`${octetsText(count)} wanted, ${this.left} left`);
    return false;
  }
}

/** A Buffer's views are Buffers, slower to make and unequal to Uint8Arrays; nothing here needs their methods. */
export const plain = (octets: Uint8Array): Uint8Array =>
  octets.constructor === Uint8Array ? octets : new Uint8Array(octets.buffer, octets.byteOffset, octets.length);

const NONE = new Uint8Array();

const octetsText = (count: number): string => `${count} octet${count === 1 ? '' : 's'}`;
