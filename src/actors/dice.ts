/** The daemon's randomness: OpenSSL's, a few kilobytes at a time, because a call costs more than the octets. */
import { randomFillSync } from 'node:crypto';

const POOL_OCTETS = 16_384;

export function dice(): (octets: number) => Uint8Array {
  const pool = new Uint8Array(POOL_OCTETS);
  let used = POOL_OCTETS;
  return (octets) => {
    if (octets > POOL_OCTETS) throw new RangeError(`${octets} random octets at once`);
    if (used + octets > POOL_OCTETS) {
      randomFillSync(pool);
      used = 0;
    }
    const drawn = pool.slice(used, used + octets);
    // What has been given away is not to be found here again.
    pool.fill(0, used, used + octets);
    used += octets;
    return drawn;
  };
}
