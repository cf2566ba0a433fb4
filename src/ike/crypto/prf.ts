import type { Prf } from './algorithms.ts';
import { hashOf, mac, macOnce } from './mac.ts';
import { wipe } from './misc.ts';
import { shortcuts } from './shortcuts.ts';

/** prf(key, data...): `alg.outOctets` octets, RFC 7296 §2.13. A key of any length. */
export function prf(alg: Prf, key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
  return macOnce(alg, key, ...data);
}

/**
 * prf+(key, seed), RFC 7296 §2.13: T1 = prf(K, S | 1), Tn = prf(K, Tn-1 | S | n). Its counter is one octet, so
 * more than 255 outputs of the PRF is our own bug and throws.
 */
export function prfPlus(alg: Prf, key: Uint8Array, seed: Uint8Array, octets: number): Uint8Array {
  if (octets > 255 * alg.outOctets) throw new RangeError(`prf+ cannot make ${octets} octets`);
  const hash = shortcuts && hashOf(alg);
  const taken = hash && shortcuts?.prfPlus(hash, key, seed, octets);
  if (taken) return taken;
  const keyed = mac(alg, key);
  const out = new Uint8Array(octets);
  const counter = new Uint8Array(1);
  let t: Uint8Array = new Uint8Array();
  for (let at = 0; at < octets; at += alg.outOctets) {
    counter[0]++;
    const next = keyed.of(t, seed, counter);
    wipe(t);
    t = next;
    out.set(t.subarray(0, Math.min(t.length, octets - at)), at);
  }
  wipe(t);
  keyed.wipe();
  return out;
}
