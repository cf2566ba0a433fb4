/**
 * Large numbers that can be wiped, which a bigint cannot: as much arithmetic as it takes to see whether an RSA key
 * is one. Little-endian, 16 bits in each 32-bit word. Not in constant time: nobody watches a file being read.
 */
export class Numbers {
  readonly #all: Uint32Array[] = [];

  /** From octets, big-endian. */
  of(octets: Uint8Array): Uint32Array {
    const words = this.#fresh((octets.length + 1) >> 1);
    for (let i = 0; i < octets.length; i++) {
      words[i >> 1] |= octets[octets.length - 1 - i] << (i & 1 ? 8 : 0);
    }
    return words;
  }

  product(a: Uint32Array, b: Uint32Array): Uint32Array {
    const words = this.#fresh(a.length + b.length);
    for (let i = 0; i < a.length; i++) {
      let carry = 0;
      for (let j = 0; j < b.length; j++) {
        // At most 0xffff² + 2·0xffff, which is 0xffffffff: it fits, as long as it is read without a sign.
        const sum = (Math.imul(a[i], b[j]) >>> 0) + words[i + j] + carry;
        words[i + j] = sum & 0xffff;
        carry = Math.floor(sum / 0x10000);
      }
      words[i + b.length] = carry;
    }
    return words;
  }

  /** `a` mod `modulus`, bit by bit; `modulus` is not 0. */
  remainder(a: Uint32Array, modulus: Uint32Array): Uint32Array {
    const size = wordsIn(modulus);
    const rest = this.#fresh(size + 1);
    for (let bit = 16 * wordsIn(a) - 1; bit >= 0; bit--) {
      let carry = (a[bit >> 4] >> (bit & 15)) & 1;
      for (let i = 0; i <= size; i++) {
        const doubled = (rest[i] << 1) | carry;
        rest[i] = doubled & 0xffff;
        carry = doubled >> 16;
      }
      if (compare(rest, modulus) >= 0) subtract(rest, modulus);
    }
    return rest;
  }

  /** `a` - 1, for an `a` that is not 0. */
  less1(a: Uint32Array): Uint32Array {
    const words = this.#fresh(a.length);
    words.set(a);
    subtract(words, ONE);
    return words;
  }

  equal = (a: Uint32Array, b: Uint32Array): boolean => compare(a, b) === 0;
  isZero = (a: Uint32Array): boolean => wordsIn(a) === 0;
  isOne = (a: Uint32Array): boolean => compare(a, ONE) === 0;

  /** Zeros for every number made here. */
  wipe(): void {
    for (const words of this.#all) words.fill(0);
    this.#all.length = 0;
  }

  #fresh(length: number): Uint32Array {
    // Outside of the heap, where the collector would move what is small and leave a copy behind.
    const words = new Uint32Array(new ArrayBuffer(4 * length));
    this.#all.push(words);
    return words;
  }
}

/** Of a number in octets, big-endian, without leading zeros. */
export const bitsOf = (octets: Uint8Array): number =>
  octets.length === 0 ? 0 : 8 * octets.length - (Math.clz32(octets[0]) - 24);

const ONE = Uint32Array.of(1);

function wordsIn(a: Uint32Array): number {
  let length = a.length;
  while (length > 0 && a[length - 1] === 0) length--;
  return length;
}

function compare(a: Uint32Array, b: Uint32Array): number {
  for (let i = Math.max(a.length, b.length) - 1; i >= 0; i--) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `a` -= `b`, for a `b` that is not larger. */
function subtract(a: Uint32Array, b: Uint32Array): void {
  let borrow = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] - (b[i] ?? 0) - borrow;
    borrow = difference < 0 ? 1 : 0;
    a[i] = difference & 0xffff;
  }
}
