import { Address } from '../../../src/net/address.ts';
import type { AddressRange } from '../../../src/net/address-range.ts';

/** `FIRST-LAST`. */
export function range(text: string): AddressRange {
  const [start, end] = text.split('-').map((part) => Address.parse(part));
  if (!start || !end) throw new Error(`${text} is no range`);
  return { start, end };
}
