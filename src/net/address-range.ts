import type { Address } from './address.ts';

/** Both ends belong to it. */
export interface AddressRange {
  readonly start: Address;
  readonly end: Address;
}
