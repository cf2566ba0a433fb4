/**
 * The daemon's randomness: OpenSSL's, a few kilobytes at a time, because a call costs more than the octets. What is
 * drawn is a view of them, and nobody else's.
 */
import { randomFillSync } from 'node:crypto';

const POOL_OCTETS = 16_384;

export function dice(): (octets: number) => Uint8Array {
  let pool = new Uint8Array(0);
  let used = POOL_OCTETS;
  return (octets) => {
    if (octets > POOL_OCTETS) throw new RangeError(`${octets} random octets at once`);
    if (used + octets > POOL_OCTETS) {
      pool = randomFillSync(new Uint8Array(POOL_OCTETS));
      used = 0;
    }
    used += octets;
    return pool.subarray(used - octets, used);
  };
}
