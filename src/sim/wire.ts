/** The network between houses: every datagram goes by here, and so does whoever listens in. */
import type { TestClock } from '../actors/runtime/index.ts';
import type { Datagram } from '../ike/effects.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { NatBox } from './nat-box.ts';

export interface Receiver {
  receive(datagram: Datagram): void;
}

export class Wire {
  readonly #clock: TestClock;
  readonly #houses = new Map<string, Receiver>();
  /** ms a datagram is under way. */
  delay = 0;
  loses: (datagram: Datagram) => boolean = () => false;
  sent = 0;
  /** Sees every datagram as it leaves; `arrives` is false for one that nobody will receive. */
  tap: (from: Endpoint, to: Endpoint, bytes: Uint8Array, arrives: boolean) => void = () => {};
  nat: NatBox | undefined = undefined;

  constructor(clock: TestClock) {
    this.#clock = clock;
  }

  connect(address: string, house: Receiver): void {
    this.#houses.set(address, house);
  }

  carry(from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    const source = this.nat ? this.nat.outward(from) : from;
    const target = this.nat ? this.nat.inward(to) : to;
    const datagram = { local: target ?? to, peer: source, bytes: Uint8Array.from(bytes) };
    this.sent++;
    const receiver = target && this.#houses.get(`${target.address}`);
    const isLost = this.loses(datagram);
    this.tap(from, to, bytes, receiver !== undefined && !isLost);
    if (isLost) return;
    // Looked up on arrival: the house may be built meanwhile.
    const arrive = () => target && this.#houses.get(`${target.address}`)?.receive(datagram);
    if (this.delay === 0) this.#clock.soon(arrive);
    else this.#clock.alarm(this.#clock.now() + this.delay, arrive);
  }
}
