/**
 * IP addresses, as small immutable values: 100,000 tunnels hold a few each, so an address is a family and
 * four machine words rather than octets in a buffer. Text is made when somebody reads it.
 */
import ipaddr from 'ipaddr.js';

/** 4 or 6, as in IPv4 and IPv6. */
export type Family = 4 | 6;

export class Address {
  readonly family: Family;
  // Network order, as signed 32-bit words so that the engine keeps them unboxed. IPv4 uses `w3` alone.
  readonly #w0: number;
  readonly #w1: number;
  readonly #w2: number;
  readonly #w3: number;

  private constructor(family: Family, w0: number, w1: number, w2: number, w3: number) {
    this.family = family;
    this.#w0 = w0 | 0;
    this.#w1 = w1 | 0;
    this.#w2 = w2 | 0;
    this.#w3 = w3 | 0;
  }

  /** 0.0.0.0 or ::, FreeS/WAN's `%any`. */
  static any(family: Family): Address {
    return family === 4 ? ANY4 : ANY6;
  }

  /** Dotted quad or RFC 4291 text, no zone, no prefix. Undefined if `text` is not an address. */
  static parse(text: string): Address | undefined {
    if (ipaddr.IPv4.isValidFourPartDecimal(text)) return Address.fromBytes(ipaddr.IPv4.parse(text).toByteArray());
    if (text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)) {
      return Address.fromBytes(ipaddr.IPv6.parse(text).toByteArray());
    }
    return undefined;
  }

  /** 4 or 16 octets in network order, starting at `offset`; any other length is our own bug and throws. */
  static fromBytes(bytes: ArrayLike<number>, offset = 0, length = bytes.length - offset): Address {
    if ((length !== 4 && length !== 16) || offset + length > bytes.length)
      throw new RangeError(`${length} octets are no address`);
    const word = (i: number) =>
      (bytes[offset + i] << 24) | (bytes[offset + i + 1] << 16) | (bytes[offset + i + 2] << 8) | bytes[offset + i + 3];
    return length === 4 ? new Address(4, 0, 0, 0, word(0)) : new Address(6, word(0), word(4), word(8), word(12));
  }

  static fromBigInt(family: Family, value: bigint): Address {
    const word = (shift: bigint) => Number((value >> shift) & 0xffffffffn);
    return family === 4 ? new Address(4, 0, 0, 0, word(0n)) : new Address(6, word(96n), word(64n), word(32n), word(0n));
  }

  /** 32 or 128. */
  get bits(): 32 | 128 {
    return this.family === 4 ? 32 : 128;
  }

  get isAny(): boolean {
    return (this.#w0 | this.#w1 | this.#w2 | this.#w3) === 0;
  }

  get isLoopback(): boolean {
    return this.family === 4 ? this.#w3 >>> 24 === 127 : (this.#w0 | this.#w1 | this.#w2) === 0 && this.#w3 === 1;
  }

  equals(other: Address): boolean {
    return (
      this.family === other.family &&
      this.#w3 === other.#w3 &&
      this.#w2 === other.#w2 &&
      this.#w1 === other.#w1 &&
      this.#w0 === other.#w0
    );
  }

  /** Negative, zero or positive; IPv4 sorts before IPv6. */
  compare(other: Address): number {
    return (
      this.family - other.family ||
      (this.#w0 >>> 0) - (other.#w0 >>> 0) ||
      (this.#w1 >>> 0) - (other.#w1 >>> 0) ||
      (this.#w2 >>> 0) - (other.#w2 >>> 0) ||
      (this.#w3 >>> 0) - (other.#w3 >>> 0)
    );
  }

  /** The prefix of the block that reaches from here to `last` (same family); undefined if it is no block. */
  prefixTo(last: Address): number | undefined {
    if (this.family === 4) return blockPrefix(this.#w3, last.#w3);
    const pairs = [this.#w0, last.#w0, this.#w1, last.#w1, this.#w2, last.#w2, this.#w3, last.#w3];
    let prefix = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      const bits = blockPrefix(pairs[i], pairs[i + 1]);
      // Once a bit varies, all behind it must.
      if (bits === undefined || (bits > 0 && prefix < 16 * i)) return undefined;
      prefix += bits;
    }
    return prefix;
  }

  /** The first address of the block of `prefix` bits that this one lies in. */
  first(prefix: number): Address {
    if (this.family === 4) {
      const w3 = this.#w3 & mask(prefix);
      return w3 === this.#w3 ? this : new Address(4, 0, 0, 0, w3);
    }
    const w0 = this.#w0 & mask(prefix);
    const w1 = this.#w1 & mask(prefix - 32);
    const w2 = this.#w2 & mask(prefix - 64);
    const w3 = this.#w3 & mask(prefix - 96);
    const isFirst = w0 === this.#w0 && w1 === this.#w1 && w2 === this.#w2 && w3 === this.#w3;
    return isFirst ? this : new Address(6, w0, w1, w2, w3);
  }

  /** The last one of that block. */
  last(prefix: number): Address {
    if (prefix === this.bits) return this;
    if (this.family === 4) return new Address(4, 0, 0, 0, this.#w3 | ~mask(prefix));
    const [w0, w1] = [this.#w0 | ~mask(prefix), this.#w1 | ~mask(prefix - 32)];
    return new Address(6, w0, w1, this.#w2 | ~mask(prefix - 64), this.#w3 | ~mask(prefix - 96));
  }

  /** 4 or 16 fresh octets in network order. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.bits / 8);
    this.copyTo(bytes, 0);
    return bytes;
  }

  /** Puts the same octets into `into`, from `at` on; returns how many they are. */
  copyTo(into: Uint8Array, at: number): number {
    if (this.family === 4) return put(into, at, this.#w3);
    put(into, at, this.#w0);
    put(into, at + 4, this.#w1);
    put(into, at + 8, this.#w2);
    return 12 + put(into, at + 12, this.#w3);
  }

  toBigInt(): bigint {
    const low = BigInt(this.#w3 >>> 0);
    if (this.family === 4) return low;
    return (BigInt(this.#w0 >>> 0) << 96n) | (BigInt(this.#w1 >>> 0) << 64n) | (BigInt(this.#w2 >>> 0) << 32n) | low;
  }

  /** Dotted quad, or RFC 5952 text. */
  toString(): string {
    if (this.family === 4) {
      const w = this.#w3;
      return `${w >>> 24}.${(w >>> 16) & 255}.${(w >>> 8) & 255}.${w & 255}`;
    }
    return ipaddr.fromByteArray([...this.toBytes()]).toString();
  }

  toJSON(): string {
    return this.toString();
  }
}

/** By hand: a DataView costs more than all the rest. */
function put(bytes: Uint8Array, at: number, word: number): number {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
  return 4;
}

/** A word whose first `bits` are ones: none below 1, all above 31. */
const mask = (bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits));

/** Of words, signed: leading bits that are equal, if all others are zero in one and one in the other. */
function blockPrefix(first: number, last: number): number | undefined {
  const varying = first ^ last;
  return (varying & (varying + 1)) === 0 && (first & varying) === 0 ? Math.clz32(varying) : undefined;
}

const ANY4 = Address.fromBigInt(4, 0n);
const ANY6 = Address.fromBigInt(6, 0n);
