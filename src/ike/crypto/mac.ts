/**
 * Keyed hashes: what both PRFs and integrity algorithms are made of. A `Mac` is keyed once and used for several
 * messages, as prf+ and a window of fragments do.
 */
import { createCipheriv, createHmac, hash } from 'node:crypto';
import { INTEGS, type Integ, PRFS, type Prf } from './algorithms.ts';
import { wipe } from './misc.ts';
import { shortcuts } from './shortcuts.ts';

export interface Mac {
  /** The whole output over the chunks, untruncated; fresh octets. */
  of(...chunks: readonly Uint8Array[]): Uint8Array;
  /** Forgets the key. */
  wipe(): void;
}

/** `alg` under `key`. HMAC takes a key of any length; XCBC and CMAC shape what is not 16 octets as their PRFs do. */
export function mac(alg: Prf | Integ, key: Uint8Array): Mac {
  const name = NAMES.get(alg);
  if (!name) throw new RangeError(`${alg.name} is no keyed hash`);
  if (name === 'AES_XCBC') return blockMac(xcbcKeys(key));
  if (name === 'AES_CMAC') return blockMac(cmacKeys(key));
  return hmac(HASHES[name], key);
}

/** One output under a key that is not needed again. */
export function macOnce(alg: Prf | Integ, key: Uint8Array, ...chunks: readonly Uint8Array[]): Uint8Array {
  const hash = hashOf(alg);
  // Preparing pads pays from the second message on.
  if (hash !== undefined) return wholeHmac(hash, key, chunks);
  const keyed = mac(alg, key);
  const out = keyed.of(...chunks);
  keyed.wipe();
  return out;
}

/** OpenSSL's name of the hash that an HMAC is made of. */
export function hashOf(alg: Prf | Integ): string | undefined {
  const name = NAMES.get(alg);
  return name !== undefined && name in HASHES ? HASHES[name as keyof typeof HASHES].hash : undefined;
}

/** The integrity check value: the first `alg.icvOctets` of the output. */
export function icv(alg: Integ, key: Uint8Array, ...chunks: readonly Uint8Array[]): Uint8Array {
  return macOnce(alg, key, ...chunks).subarray(0, alg.icvOctets);
}

/** OpenSSL's name, and octets of block and of output, FIPS 180-4 and RFC 1321. */
const HASHES = {
  HMAC_MD5: { hash: 'md5', block: 64, out: 16 },
  HMAC_SHA1: { hash: 'sha1', block: 64, out: 20 },
  HMAC_SHA2_256: { hash: 'sha256', block: 64, out: 32 },
  HMAC_SHA2_384: { hash: 'sha384', block: 128, out: 48 },
  HMAC_SHA2_512: { hash: 'sha512', block: 128, out: 64 },
} as const;

type Name = keyof typeof HASHES | 'AES_XCBC' | 'AES_CMAC';

/** An integrity algorithm is named by its MAC and the bits that are left of it. */
const NAMES: ReadonlyMap<Prf | Integ, Name> = new Map(
  [...PRFS, ...INTEGS.filter((row) => row.id !== 0)].map((row) => [
    row,
    (row.kind === 'prf' ? row.name : row.name.replace(/_\d+$/, '')) as Name,
  ]),
);

/** Past this a one-shot hash would spend its gain on copying. */
const ONE_SHOT_OCTETS = 1024;

/**
 * RFC 2104. Two one-shot hashes over prepared pads cost a fifth less than an Hmac object, and prf+ asks for a
 * handful in a row with the same key.
 */
function hmac(h: (typeof HASHES)[keyof typeof HASHES], key: Uint8Array): Mac {
  const secret = key.length > h.block ? hash(h.hash, key, 'buffer') : key;
  const inner = Buffer.allocUnsafe(h.block + ONE_SHOT_OCTETS);
  const outer = Buffer.allocUnsafe(h.block + h.out);
  for (let i = 0; i < h.block; i++) {
    const octet = i < secret.length ? secret[i] : 0;
    inner[i] = octet ^ 0x36;
    outer[i] = octet ^ 0x5c;
  }
  let used: number = h.block;
  return {
    of(...chunks) {
      let end = h.block;
      for (const chunk of chunks) end += chunk.length;
      if (end > inner.length) return wholeHmac(h.hash, secret, chunks);
      used = Math.max(used, end);
      let at = h.block;
      for (const chunk of chunks) {
        inner.set(chunk, at);
        at += chunk.length;
      }
      outer.set(hash(h.hash, inner.subarray(0, end), 'buffer'), h.block);
      return hash(h.hash, outer, 'buffer');
    },
    wipe() {
      inner.fill(0, 0, used);
      outer.fill(0);
      if (secret !== key) wipe(secret);
    },
  };
}

function wholeHmac(name: string, key: Uint8Array, chunks: readonly Uint8Array[]): Uint8Array {
  const taken = shortcuts?.hmac(name, key, chunks);
  if (taken) return taken;
  const mac = createHmac(name, key);
  for (const chunk of chunks) mac.update(chunk);
  return mac.digest();
}

/** The keys of a CBC-MAC: `cbc` for the blocks; `whole` or `partial` is added to the last block, if full or padded. */
interface BlockMacKeys {
  readonly cbc: Uint8Array;
  readonly whole: Uint8Array;
  readonly partial: Uint8Array;
}

/** RFC 3566 §4 and RFC 4493 §2.4 differ in nothing but their keys: CBC under one key, the last block whitened. */
function blockMac(keys: BlockMacKeys): Mac {
  return {
    of(...chunks) {
      let octets = 0;
      for (const chunk of chunks) octets += chunk.length;
      const isWhole = octets > 0 && octets % 16 === 0;
      const text = Buffer.alloc(isWhole ? octets : octets - (octets % 16) + 16);
      let at = 0;
      for (const chunk of chunks) {
        text.set(chunk, at);
        at += chunk.length;
      }
      if (!isWhole) text[octets] = 0x80;
      const last = text.subarray(-16);
      const whitener = isWhole ? keys.whole : keys.partial;
      for (let i = 0; i < 16; i++) last[i] ^= whitener[i];
      const cipher = createCipheriv('aes-128-cbc', keys.cbc, ZERO_BLOCK).setAutoPadding(false);
      return Uint8Array.prototype.slice.call(cipher.update(text), -16);
    },
    wipe() {
      wipe(keys.cbc);
      wipe(keys.whole);
      wipe(keys.partial);
    },
  };
}

const ZERO_BLOCK = Buffer.alloc(16);

/** K1, K2, K3 of RFC 3566 §4. */
function xcbcKeys(key: Uint8Array): BlockMacKeys {
  const seeds = Buffer.alloc(48);
  seeds.fill(1, 0, 16).fill(2, 16, 32).fill(3, 32, 48);
  const k = ecb(sixteenXcbc(key), seeds);
  return { cbc: k.subarray(0, 16), whole: k.subarray(16, 32), partial: k.subarray(32, 48) };
}

/** K, K1, K2 of RFC 4493 §2.3. */
function cmacKeys(key: Uint8Array): BlockMacKeys {
  const cbc = sixteenCmac(key);
  const whole = double(ecb(cbc, ZERO_BLOCK));
  return { cbc, whole, partial: double(whole) };
}

/** RFC 4434 §2: a short key is padded with zeros, a long one hashed. */
function sixteenXcbc(key: Uint8Array): Uint8Array {
  if (key.length > 16) return blockMac(xcbcKeys(ZERO_BLOCK)).of(key);
  const padded = new Uint8Array(16);
  padded.set(key);
  return padded;
}

/** RFC 4615 §3: any key but one of 16 octets is hashed. */
const sixteenCmac = (key: Uint8Array): Uint8Array =>
  key.length === 16 ? Uint8Array.from(key) : blockMac(cmacKeys(ZERO_BLOCK)).of(key);

function ecb(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  return createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(blocks);
}

/** Times x in GF(2^128), RFC 4493 §2.3. */
function double(block: Uint8Array): Uint8Array {
  const out = new Uint8Array(16);
  for (let i = 0; i < 16; i++) out[i] = (block[i] << 1) | (i < 15 ? block[i + 1] >> 7 : 0);
  out[15] ^= (block[0] >> 7) * 0x87;
  return out;
}
