/**
 * What EAP's oldest methods are made of, and nothing else may be: MD5 (RFC 3748 §5.4), MD4 (RFC 1320) and single DES
 * for MSCHAPv2 (RFC 2759). OpenSSL has the last two among its "legacy" algorithms, which Node does not load.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { wipe } from './misc.ts';

/** 16 octets. */
export function md5(...chunks: readonly Uint8Array[]): Uint8Array {
  const digest = createHash('md5');
  for (const chunk of chunks) digest.update(chunk);
  return digest.digest();
}

/**
 * `block`, 8 octets, enciphered with single DES under `key`, 7 octets without parity: what Triple DES is with one key
 * three times. RFC 2759 §8.6.
 */
export function desEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  if (key.length !== 7 || block.length !== 8)
    throw new RangeError(`a key of ${key.length}, a block of ${block.length}`);
  const thrice = new Uint8Array(new ArrayBuffer(24));
  for (let i = 0; i < 8; i++) {
    // 56 bits in eight times seven; DES does not look at the parity bit.
    const septet = (((key[i - 1] ?? 0) << 8) | (key[i] ?? 0)) >> i;
    thrice[i] = septet & 0xfe;
  }
  thrice.copyWithin(8, 0, 8);
  thrice.copyWithin(16, 0, 8);
  const cipher = createCipheriv('des-ede3-ecb', thrice, null).setAutoPadding(false);
  wipe(thrice);
  return cipher.update(block);
}

/** 16 octets, RFC 1320. What it computes with is zeros afterwards, because it is given passwords. */
export function md4(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(new ArrayBuffer((((message.length + 8) >> 6) + 1) << 6));
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, message.length << 3, true);
  view.setUint32(padded.length - 4, Math.floor(message.length / 0x2000_0000), true);
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  const words = new Uint32Array(16);
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + 4 * i, true);
    mix(state, words);
  }
  wipe(padded);
  words.fill(0);
  const digest = new Uint8Array(new ArrayBuffer(16));
  state.forEach((word, i) => void new DataView(digest.buffer).setUint32(4 * i, word, true));
  state.fill(0);
  return digest;
}

/** RFC 1320 §3.4: a round's function and constant, the order of its words, how far each of four steps rotates. */
const ROUNDS = [
  {
    f: (x: number, y: number, z: number) => (x & y) | (~x & z),
    plus: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    by: [3, 7, 11, 19],
  },
  {
    f: (x: number, y: number, z: number) => (x & y) | (x & z) | (y & z),
    plus: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    by: [3, 5, 9, 13],
  },
  {
    f: (x: number, y: number, z: number) => x ^ y ^ z,
    plus: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    by: [3, 9, 11, 15],
  },
] as const;

function mix(state: Uint32Array, words: Uint32Array): void {
  let [a, b, c, d] = state;
  for (const { f, plus, order, by } of ROUNDS) {
    for (let i = 0; i < 16; i++) {
      const sum = (a + f(b, c, d) + words[order[i]] + plus) >>> 0;
      const turned = (sum << by[i & 3]) | (sum >>> (32 - by[i & 3]));
      [a, b, c, d] = [d, turned >>> 0, b, c];
    }
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}
