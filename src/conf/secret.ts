import { inspect } from 'node:util';

/** Octets that never show: every way of printing it says only how many there are. */
export class Secret {
  readonly #slab: Uint8Array;
  readonly #start: number;
  readonly #end: number;

  /** Takes over what is in `slab` from `start` to `end`. */
  constructor(slab: Uint8Array, start = 0, end = slab.length) {
    this.#slab = slab;
    this.#start = start;
    this.#end = end;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** The octets themselves, not a copy: they turn to zeros on `wipe`. */
  reveal(): Uint8Array {
    return this.#slab.subarray(this.#start, this.#end);
  }

  equals(other: Secret): boolean {
    if (this.length !== other.length) return false;
    for (let i = 0; i < this.length; i++) {
      if (this.#slab[this.#start + i] !== other.#slab[other.#start + i]) return false;
    }
    return true;
  }

  wipe(): void {
    this.#slab.fill(0, this.#start, this.#end);
  }

  toString(): string {
    return `<${this.length} octets>`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/**
 * Room for many secrets in few buffers. They lie outside of the heap, where the collector would move what is small
 * and leave a copy behind; and a buffer for each would cost ten times what a key has.
 */
export class SecretSlab {
  #slabs: Uint8Array[] = [];
  #slab = offHeap(0);
  #at = 0;

  /** What `write` puts into the room it is given, saying how many octets; undefined if that is undefined. */
  keep(most: number, write: (room: Uint8Array) => number): Secret;
  keep(most: number, write: (room: Uint8Array) => number | undefined): Secret | undefined;
  keep(most: number, write: (room: Uint8Array) => number | undefined): Secret | undefined {
    if (this.#slab.length - this.#at < most) {
      this.#slab = offHeap(Math.max(most, this.#slabs.length === 0 ? FIRST_SLAB : SLAB));
      this.#slabs.push(this.#slab);
      this.#at = 0;
    }
    const room = this.#slab.subarray(this.#at, this.#at + most);
    const length = write(room);
    if (length === undefined) {
      room.fill(0);
      return undefined;
    }
    this.#at += length;
    return new Secret(this.#slab, this.#at - length, this.#at);
  }

  /** Zeros for everything that was ever in it. */
  wipe(): void {
    for (const slab of this.#slabs) slab.fill(0);
  }

  [inspect.custom](): string {
    return `<${this.#slabs.length} slabs>`;
  }
}

const FIRST_SLAB = 1024;
const SLAB = 65_536;

/** A small `new Uint8Array(length)` would be on the heap. */
export const offHeap = (length: number): Uint8Array => new Uint8Array(new ArrayBuffer(length));
