/** Writes netlink messages, in the machine's byte order and with netlink's alignment, one after another. */
import { endianness } from 'node:os';

export const isLittleEndian = endianness() === 'LE';

const CAPACITY = 256 * 1024;
const LARGEST = 16 * 1024; // of one message; ours have a few hundred octets
const NLM_F_REQUEST_ACK = 0x5;

export class NetlinkWriter {
  readonly buffer = new Uint8Array(CAPACITY);
  readonly #view = new DataView(this.buffer.buffer);
  #at = 0;
  #message = 0;

  /** Octets written. */
  get length(): number {
    return this.#at;
  }

  /** For one more message, of any kind that we write. */
  get hasRoom(): boolean {
    return this.#at + LARGEST <= CAPACITY;
  }

  reset(): void {
    this.#at = 0;
  }

  /** Messages carry keys: nothing of them stays. */
  wipe(): void {
    this.buffer.fill(0, 0, this.#at);
    this.#at = 0;
  }

  begin(type: number, flags = 0): this {
    this.#message = this.#at;
    return this.u32(0)
      .u16(type)
      .u16(flags | NLM_F_REQUEST_ACK)
      .zeros(8);
  }

  end(): void {
    this.#view.setUint32(this.#message, this.#at - this.#message, isLittleEndian);
    this.#align(4);
  }

  u8(value: number): this {
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#at, value, isLittleEndian);
    this.#at += 2;
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#at, value, isLittleEndian);
    this.#at += 4;
    return this;
  }

  u64(value: bigint): this {
    this.#view.setBigUint64(this.#at, value, isLittleEndian);
    this.#at += 8;
    return this;
  }

  /** Network order. */
  be16(value: number): this {
    this.#view.setUint16(this.#at, value);
    this.#at += 2;
    return this;
  }

  /** Network order. */
  be32(value: number): this {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
    return this;
  }

  /** `octets`, then zeros up to `width`. */
  bytes(octets: Uint8Array, width = octets.length): this {
    this.buffer.set(octets, this.#at);
    this.#at += octets.length;
    return this.zeros(width - octets.length);
  }

  /** An address, then zeros up to the 16 octets of a union that holds either family. */
  address(from: { copyTo(into: Uint8Array, at: number): number }): this {
    const octets = from.copyTo(this.buffer, this.#at);
    this.#at += octets;
    return this.zeros(16 - octets);
  }

  /** `text`, which is ASCII, then zeros up to `width`. */
  ascii(text: string, width: number): this {
    for (let i = 0; i < text.length; i++) this.buffer[this.#at + i] = text.charCodeAt(i);
    this.#at += text.length;
    return this.zeros(width - text.length);
  }

  zeros(count: number): this {
    this.buffer.fill(0, this.#at, this.#at + count);
    this.#at += count;
    return this;
  }

  /** An attribute whose value is what `value` writes. */
  attribute(type: number, value: (to: this) => void): this {
    const start = this.#at;
    this.u16(0).u16(type);
    value(this);
    this.#view.setUint16(start, this.#at - start, isLittleEndian);
    return this.#align(4);
  }

  #align(to: number): this {
    return this.zeros(-(this.#at - this.#message) & (to - 1));
  }
}
