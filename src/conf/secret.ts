import { inspect } from 'node:util';

/** Octets that never show: every way of printing it says only how many there are. */
export class Secret {
  readonly #bytes: Uint8Array;

  /** Takes `bytes` over. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** The octets themselves, not a copy: they turn to zeros on `wipe`. */
  reveal(): Uint8Array {
    return this.#bytes;
  }

  equals(other: Secret): boolean {
    return Buffer.compare(this.#bytes, other.#bytes) === 0;
  }

  wipe(): void {
    this.#bytes.fill(0);
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
