/** The bare hash of a suite: initialization vectors and NAT detection take it without a key. RFC 2409 appendix B, RFC 3947 §3.2. */
import { createHash } from 'node:crypto';
import type { Prf } from '../../crypto/algorithms.ts';
import { joined } from '../../crypto/misc.ts';
import { shortcuts } from '../../crypto/shortcuts.ts';

/** IKEv1 negotiates a hash, and its PRF is the HMAC of it; by the PRF's row, OpenSSL's name. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ['HMAC_MD5', 'md5'],
  ['HMAC_SHA1', 'sha1'],
  ['HMAC_SHA2_256', 'sha256'],
  ['HMAC_SHA2_384', 'sha384'],
  ['HMAC_SHA2_512', 'sha512'],
]);

/** `prf.outOctets` octets over the chunks; a PRF that is no HMAC is our own bug and throws. */
export function hash(prf: Prf, ...chunks: readonly Uint8Array[]): Uint8Array {
  const name = HASHES.get(prf.name);
  if (!name) throw new RangeError(`${prf.name} is the HMAC of no hash`);
  const taken = shortcuts?.hash(name, joined(...chunks));
  if (taken) return taken;
  const digest = createHash(name);
  for (const chunk of chunks) digest.update(chunk);
  return digest.digest();
}
