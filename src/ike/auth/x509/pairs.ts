/**
 * What a thread has found to be true of two things, each known by its SHA-256: in one array, because peers come by the hundred
 * thousand, and objects for each would be what garbage collection costs. A pair takes the place of another one if it must, so
 * that it grows no further; what is there is all 64 octets of it.
 */

const DIGEST = 32;
const PAIR = 2 * DIGEST;

export class Pairs {
  readonly #places: number;
  #octets: Buffer | undefined;

  /** So many at most; a power of two. 64 octets each, from the first one on. */
  constructor(places: number) {
    this.#places = places;
  }

  has(one: Uint8Array, other: Uint8Array): boolean {
    const at = this.#placeOf(one);
    const octets = this.#octets;
    return (
      octets !== undefined &&
      octets.compare(one, 0, DIGEST, at, at + DIGEST) === 0 &&
      octets.compare(other, 0, DIGEST, at + DIGEST, at + PAIR) === 0
    );
  }

  add(one: Uint8Array, other: Uint8Array): void {
    this.#octets ??= Buffer.alloc(this.#places * PAIR);
    const at = this.#placeOf(one);
    this.#octets.set(one, at);
    this.#octets.set(other, at + DIGEST);
  }

  /** By what a digest begins with: nobody has chosen that. */
  #placeOf([a, b, c, d]: Uint8Array): number {
    return PAIR * ((((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % this.#places);
  }
}
