/** SIGNATURE_HASH_ALGORITHMS, RFC 7427 §4: numbers of two octets, in no order that means anything. */
import { HASH } from '../../wire/registry.ts';
import type { Wrong } from './public-key.ts';
import type { Hash } from './scheme.ts';

export function encodeHashAlgorithms(hashes: readonly Hash[]): Uint8Array {
  return Uint8Array.from(hashes.flatMap((hash) => [0, HASH[hash]]));
}

/** Those we know; the others are none of our business. */
export function parseHashAlgorithms(octets: Uint8Array): ReadonlySet<Hash> | Wrong {
  if (octets.length % 2 !== 0) return { wrong: `${octets.length} octets are no list of hash algorithms` };
  const hashes = new Set<Hash>();
  for (let at = 0; at < octets.length; at += 2) {
    const hash = BY_ID.get(octets[at] * 256 + octets[at + 1]);
    if (hash) hashes.add(hash);
  }
  return hashes;
}

const BY_ID: ReadonlyMap<number, Hash> = new Map(
  (Object.keys(HASH) as Hash[]).map((hash) => [HASH[hash], hash] as const),
);
