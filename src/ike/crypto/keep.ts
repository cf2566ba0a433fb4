/**
 * Octets that live as long as an SA: its SPIs, keys, identity, last answer. In a buffer of their own each of them costs
 * 90 to 200 octets of heap beside what is in it, which 100,000 tunnels pay five times; here they share blocks.
 */

/** A block is gone when nobody has a view of it any more, so one that stays holds no more than this. */
const BLOCK = 16_384;
/** What is larger has a buffer of its own. */
const LARGEST = 1_024;

let block = new Uint8Array(0);
let used = 0;

/** The same octets, where they may stay. `octets` are the caller's again, to reuse or to wipe. */
export function keep(octets: Uint8Array): Uint8Array {
  if (octets.length > LARGEST) return octets.slice();
  if (used + octets.length > block.length) {
    block = new Uint8Array(BLOCK);
    used = 0;
  }
  const kept = block.subarray(used, used + octets.length);
  kept.set(octets);
  used += octets.length;
  return kept;
}
