/** A NAT in front of one house, as a home router has it: from outside only answers get in, at ports of its choosing. */
import type { Address } from '../net/address.ts';
import { Endpoint } from '../net/endpoint.ts';

/** Where its ports begin; port 500 inside is 40500 outside. */
const BASE = 40_000;

export class NatBox {
  readonly inside: Address;
  readonly outside: Address;
  /** Ports of the inside that have sent something. */
  readonly #open = new Set<number>();

  constructor(inside: Address, outside: Address) {
    this.inside = inside;
    this.outside = outside;
  }

  /** Where a datagram of `from` seems to come from. */
  outward(from: Endpoint): Endpoint {
    if (!from.address.equals(this.inside)) return from;
    this.#open.add(from.port);
    return new Endpoint(this.outside, BASE + from.port);
  }

  /** Where one to `to` arrives; undefined: nowhere. */
  inward(to: Endpoint): Endpoint | undefined {
    if (to.address.equals(this.outside)) {
      const port = to.port - BASE;
      return this.#open.has(port) ? new Endpoint(this.inside, port) : undefined;
    }
    return to.address.equals(this.inside) ? undefined : to;
  }
}
