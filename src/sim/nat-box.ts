/** A NAT in front of one house or several, as a home router has it: from outside only answers get in, at ports of its choosing. */
import type { Address } from '../net/address.ts';
import { Endpoint } from '../net/endpoint.ts';

/** Where its ports begin; port 500 of the first inside is 40500 outside, of the second 46500. */
const BASE = 40_000;
const APART = 6_000;

export class NatBox {
  readonly outside: Address;
  readonly #insides: readonly Address[];
  /** By the port outside: who has sent something. */
  readonly #open = new Map<number, Endpoint>();

  /** Three houses at most, as their ports must not meet. */
  constructor(insides: readonly [Address, Address?, Address?], outside: Address) {
    this.#insides = insides.flatMap((inside) => (inside ? [inside] : []));
    this.outside = outside;
  }

  /** Where a datagram of `from` seems to come from. */
  outward(from: Endpoint): Endpoint {
    const place = this.#insides.findIndex((inside) => from.address.equals(inside));
    if (place < 0) return from;
    const port = BASE + APART * place + from.port;
    this.#open.set(port, from);
    return new Endpoint(this.outside, port);
  }

  /** Where one to `to` arrives; undefined: nowhere. */
  inward(to: Endpoint): Endpoint | undefined {
    if (to.address.equals(this.outside)) return this.#open.get(to.port);
    return this.#insides.some((inside) => to.address.equals(inside)) ? undefined : to;
  }
}
