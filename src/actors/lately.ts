/** Initiators that have been here lately, by SPI and place: for so long as a copy of what they sent may lie somewhere. */
import type { Endpoint } from '../net/endpoint.ts';

/** ms; whoever comes is remembered for this long at least and twice as long at most. */
const HALF = 10_000;
/** Of each half; who comes when it is full begins the next one early. */
const MOST = 8_192;

export class Lately {
  #now = new Set<string>();
  #before = new Set<string>();
  #since = 0;

  add(spiI: Uint8Array, peer: Endpoint, now: number): void {
    if (now - this.#since > HALF || this.#now.size >= MOST) this.#turn(now);
    this.#now.add(key(spiI, peer));
  }

  has(spiI: Uint8Array, peer: Endpoint, now: number): boolean {
    if (now - this.#since > HALF) this.#turn(now);
    if (this.#now.size === 0 && this.#before.size === 0) return false;
    const one = key(spiI, peer);
    return this.#now.has(one) || this.#before.has(one);
  }

  #turn(now: number): void {
    this.#before = now - this.#since > 2 * HALF ? new Set() : this.#now;
    this.#now = new Set();
    this.#since = now;
  }
}

const key = (spiI: Uint8Array, peer: Endpoint) => `${Buffer.from(spiI).toString('latin1')}${peer}`;
