/** The keys that a RADIUS server sends along with an Access-Accept: RFC 2548 §2.4. */
import { createHash } from 'node:crypto';
import { every } from './attributes.ts';
import type { Packet } from './packet.ts';

const MICROSOFT = 311;
const SEND_KEY = 16;
const RECV_KEY = 17;
/** Of the MSK, RFC 3748 §7.10; and the most that either half has in it. */
const MSK = 64;
const HALF = 32;
const SALT = 2;
const BLOCK = 16;

/**
 * The MSK, 64 octets: MS-MPPE-Recv-Key, MS-MPPE-Send-Key, zeros. RFC 5216 §2.3 and RFC 3079 §3 name the halves from the
 * server's side of the wire. Undefined if the method has made none; `wrong` if the attributes make no sense.
 */
export function mskOf(
  packet: Packet,
  request: Uint8Array,
  secret: Uint8Array,
): Uint8Array | undefined | { readonly wrong: string } {
  const [recv, send] = [RECV_KEY, SEND_KEY].map((type) => microsoft(packet, type));
  if (recv.length === 0 && send.length === 0) return undefined;
  if (recv.length !== 1 || send.length !== 1)
    return { wrong: 'expected one MS-MPPE-Recv-Key and one MS-MPPE-Send-Key' };
  const halves = [recv, send].map(([value]) => unsalted(value, request, secret));
  // Outside of the heap, where the collector would leave a copy behind.
  const msk = new Uint8Array(new ArrayBuffer(MSK));
  let at = 0;
  for (const half of halves) {
    if (half) msk.set(half, at);
    at += half?.length ?? 0;
    half?.fill(0);
  }
  if (halves.every((half) => half !== undefined)) return msk;
  msk.fill(0);
  return { wrong: 'MS-MPPE-Recv-Key or MS-MPPE-Send-Key is malformed' };
}

/** Values of Microsoft's attributes of one type, RFC 2865 §5.26: vendor, then type, length and value, several if it likes. */
function microsoft({ attributes }: Packet, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const value of every(attributes, 'Vendor-Specific')) {
    if (value.length < 4 || new DataView(value.buffer, value.byteOffset).getUint32(0) !== MICROSOFT) continue;
    for (let at = 4; at + 2 <= value.length; ) {
      const [type, size] = [value[at], value[at + 1]];
      if (size < 2 || at + size > value.length) break;
      if (type === wanted) found.push(value.subarray(at + 2, at + size));
      at += size;
    }
  }
  return found;
}

/**
 * Salt, then blocks c(1), c(2)…: c(i) XOR MD5(secret, c(i-1)) is the length of the key, the key and padding, where c(0) is
 * the request's authenticator and the salt. RFC 2548 §2.4.2.
 */
function unsalted(value: Uint8Array, request: Uint8Array, secret: Uint8Array): Uint8Array | undefined {
  const blocks = value.subarray(SALT);
  if (value.length < SALT + BLOCK || blocks.length % BLOCK !== 0) return undefined;
  const plain = new Uint8Array(new ArrayBuffer(blocks.length));
  for (let at = 0; at < blocks.length; at += BLOCK) {
    const hash = createHash('md5').update(secret);
    if (at === 0) hash.update(request).update(value.subarray(0, SALT));
    else hash.update(blocks.subarray(at - BLOCK, at));
    const pad = hash.digest();
    for (let i = 0; i < BLOCK; i++) plain[at + i] = blocks[at + i] ^ pad[i];
    pad.fill(0);
  }
  const length = plain[0];
  const padding = plain.length - 1 - length;
  const key = length > 0 && length <= HALF && padding >= 0 && padding < BLOCK ? plain.slice(1, 1 + length) : undefined;
  plain.fill(0);
  return key;
}
