import { Address } from '../../../src/net/address.ts';
import type { Range } from '../../../src/services/leases/pool.ts';

/** `FIRST-LAST`. */
export function range(text: string): Range {
  const [start, end] = text.split('-').map((part) => Address.parse(part));
  if (!start || !end) throw new Error(`${text} is no range`);
  return { start, end };
}
