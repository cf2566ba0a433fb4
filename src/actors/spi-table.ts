/**
 * From an SPI to whose it is: open addressing in typed arrays, 25 octets an entry and nothing for the garbage
 * collector to walk, where a Map of strings takes 60 and a hash of a fresh string per packet.
 */

const EMPTY = -1;
const DELETED = -2;
/** Slots in use per slot before it grows. */
const MAX_LOAD = 0.6;

export class SpiTable<T> {
  readonly #seed: number;
  #keys = new Uint32Array(2 * 64);
  #slots = new Int32Array(64).fill(EMPTY);
  #used = 0;
  readonly #values: (T | undefined)[] = [];
  readonly #free: number[] = [];
  #size = 0;

  /** `seed`: where strangers choose the keys, four octets that they cannot know. */
  constructor(seed: Uint8Array = new Uint8Array(4)) {
    this.#seed = word(seed, 0);
  }

  get size(): number {
    return this.#size;
  }

  values(): T[] {
    return this.#values.filter((v) => v !== undefined);
  }

  /** The value of the eight octets at `offset`. */
  find(spi: Uint8Array, offset = 0): T | undefined {
    const at = this.#locate(word(spi, offset), word(spi, offset + 4));
    return at < 0 ? undefined : this.#values[this.#slots[at]];
  }

  set(spi: Uint8Array, value: T): void {
    const hi = word(spi, 0);
    const lo = word(spi, 4);
    const found = this.#locate(hi, lo);
    if (found >= 0) {
      this.#values[this.#slots[found]] = value;
      return;
    }
    if (this.#used + 1 > this.#slots.length * MAX_LOAD) this.#grow();
    const index = this.#free.pop() ?? this.#values.length;
    this.#values[index] = value;
    this.#place(hi, lo, index);
    this.#size++;
  }

  delete(spi: Uint8Array): boolean {
    const at = this.#locate(word(spi, 0), word(spi, 4));
    if (at < 0) return false;
    this.#values[this.#slots[at]] = undefined;
    this.#free.push(this.#slots[at]);
    this.#slots[at] = DELETED;
    this.#size--;
    return true;
  }

  /** The slot that holds the key, or -1. */
  #locate(hi: number, lo: number): number {
    const mask = this.#slots.length - 1;
    for (let at = mix(this.#seed, hi, lo) & mask; ; at = (at + 1) & mask) {
      const index = this.#slots[at];
      if (index === EMPTY) return -1;
      if (index !== DELETED && this.#keys[2 * at] === hi && this.#keys[2 * at + 1] === lo) return at;
    }
  }

  #place(hi: number, lo: number, index: number): void {
    const mask = this.#slots.length - 1;
    let at = mix(this.#seed, hi, lo) & mask;
    while (this.#slots[at] !== EMPTY) at = (at + 1) & mask;
    this.#keys[2 * at] = hi;
    this.#keys[2 * at + 1] = lo;
    this.#slots[at] = index;
    this.#used++;
  }

  /** Twice the room, or the same without the graves. */
  #grow(): void {
    const keys = this.#keys;
    const slots = this.#slots;
    const length = this.#size * 2 > slots.length * MAX_LOAD ? slots.length * 2 : slots.length;
    this.#keys = new Uint32Array(2 * length);
    this.#slots = new Int32Array(length).fill(EMPTY);
    this.#used = 0;
    for (let at = 0; at < slots.length; at++) {
      if (slots[at] >= 0) this.#place(keys[2 * at], keys[2 * at + 1], slots[at]);
    }
  }
}

const word = (b: Uint8Array, at: number) => ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0;

/**
 * SPIs are random, but for those that a hostile peer makes up: with an unknown seed they cannot be made to meet. Each
 * round leaves every bit of the key to decide about every bit that is kept.
 */
function mix(seed: number, hi: number, lo: number): number {
  let h = Math.imul(hi ^ seed, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ lo, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13) ^ seed, 0x9e3779b1);
  return (h ^ (h >>> 16)) >>> 0;
}
