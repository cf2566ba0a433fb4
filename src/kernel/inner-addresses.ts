/** Where the addresses go that peers lease us. */
import type { Address } from '../net/address.ts';

export interface InnerAddresses {
  /** What has been done, or why not, for the log. */
  add(address: Address, towards: Address): string;
  /** Once for each `add`. */
  remove(address: Address): string | undefined;
}

/** Where no traffic is carried an address would only lead astray. */
export const NO_ADDRESSES: InnerAddresses = {
  add: (address) => `${address} is not put on any interface: nothing is carried`,
  remove: () => undefined,
};
