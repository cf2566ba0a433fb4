/**
 * Addresses that peers lease us, on the interface that leads to the peer for as long as somebody has them. An address
 * that is there already is its owner's: it stays when the lease goes.
 */
import { addressAdd, addressDel, isFault, localAddresses, routeGet } from '../native/index.ts';
import type { Address } from '../net/address.ts';
import type { InnerAddresses } from './inner-addresses.ts';

interface Held {
  users: number;
  /** 0: it was there before. */
  readonly ifindex: number;
}

export class LinkAddresses implements InnerAddresses {
  readonly #held = new Map<string, Held>();

  add(address: Address, towards: Address): string {
    const held = this.#held.get(`${address}`);
    if (held) {
      held.users++;
      return `${address} is on its interface already`;
    }
    const octets = address.toBytes();
    const local = localAddresses();
    const there = isFault(local) ? undefined : local.find((one) => Buffer.compare(one.address, octets) === 0);
    if (there) {
      this.#held.set(`${address}`, { users: 1, ifindex: 0 });
      return `${address} is on ${there.interface} already, and stays there`;
    }
    const way = routeGet(towards.toBytes());
    if (isFault(way)) return `${address} is not put on any interface: no route to ${towards}: ${way.why}`;
    const fault = addressAdd(way.oif, octets, address.bits);
    if (fault) return `${address} cannot be put on interface ${way.oif}: ${fault.why} (${fault.errno})`;
    this.#held.set(`${address}`, { users: 1, ifindex: way.oif });
    const name = isFault(local) ? undefined : local.find(({ ifindex }) => ifindex === way.oif)?.interface;
    return `put ${address} on ${name ?? `interface ${way.oif}`}`;
  }

  remove(address: Address): string | undefined {
    const held = this.#held.get(`${address}`);
    if (!held || --held.users > 0) return undefined;
    this.#held.delete(`${address}`);
    if (held.ifindex === 0) return undefined;
    const fault = addressDel(held.ifindex, address.toBytes(), address.bits);
    return fault
      ? `${address} cannot be taken off its interface: ${fault.why} (${fault.errno})`
      : `took ${address} off`;
  }
}
