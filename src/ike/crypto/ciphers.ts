/** The ciphers that protect IKE, raw: no padding, no MAC of ours. Keys hold their salts. */
import { type CipherGCMTypes, createCipheriv, createDecipheriv } from 'node:crypto';
import type { Encr } from './algorithms.ts';
import { joined } from './misc.ts';
import { type Aead, shortcuts } from './shortcuts.ts';

/** Ciphertext, followed by the ICV of an AEAD, which alone looks at `aad`. `text` is whole blocks. */
export function encrypt(
  alg: Encr,
  bits: number,
  keyAndSalt: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
): Uint8Array {
  const name = opensslName(alg, bits);
  const { key, nonce } = keyAndNonce(alg, keyAndSalt, iv);
  if (!alg.isAead)
    return quickly(name, key, nonce, text) ?? createCipheriv(name, key, nonce).setAutoPadding(false).update(text);
  const cipher = createCipheriv(name as CipherGCMTypes, key, nonce, { authTagLength: alg.icvOctets });
  cipher.setAAD(aad, { plaintextLength: text.length });
  const out = new Uint8Array(text.length + alg.icvOctets);
  out.set(cipher.update(text));
  cipher.final();
  out.set(cipher.getAuthTag(), text.length);
  return out;
}

/** The plaintext of `sealed` as `encrypt` made it; undefined if an AEAD's ICV is not right. */
export function decrypt(
  alg: Encr,
  bits: number,
  keyAndSalt: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const name = opensslName(alg, bits);
  const { key, nonce } = keyAndNonce(alg, keyAndSalt, iv);
  if (!alg.isAead) {
    const text = shortcuts?.open(tagless(name, key), joined(nonce, sealed), 0, nonce.length);
    if (text instanceof Uint8Array) return text;
    return createDecipheriv(name, key, nonce).setAutoPadding(false).update(sealed);
  }
  const octets = sealed.length - alg.icvOctets;
  const decipher = createDecipheriv(name as CipherGCMTypes, key, nonce, { authTagLength: alg.icvOctets });
  decipher.setAuthTag(sealed.subarray(octets));
  decipher.setAAD(aad, { plaintextLength: octets });
  try {
    const text = decipher.update(sealed.subarray(0, octets));
    decipher.final();
    return text;
  } catch {
    return undefined;
  }
}

/** To the shortcuts a cipher that authenticates nothing is an AEAD whose tag has no octets. */
const tagless = (name: string, keyAndSalt: Uint8Array): Aead => ({ name, keyAndSalt, saltOctets: 0, tagOctets: 0 });

/** The shortcuts pad by themselves, as IKEv2 has it: only what ends as if they had done it may go in without that. */
function quickly(name: string, key: Uint8Array, nonce: Uint8Array, text: Uint8Array): Uint8Array | undefined {
  if (!shortcuts || text.length === 0) return undefined;
  const end = text.length - 1;
  const from = end - text[end];
  for (let i = end - 1; i >= from; i--) if (text[i] !== 0) return undefined;
  const sealed = shortcuts.seal(tagless(name, key), nonce, NOTHING, text.subarray(0, from), text.length);
  return sealed?.slice(nonce.length);
}

const NOTHING = new Uint8Array();

/** An AEAD as `shortcuts.ts` wants it named. */
export const aeadOf = (alg: Encr, bits: number, keyAndSalt: Uint8Array): Aead => ({
  name: opensslName(alg, bits),
  keyAndSalt,
  saltOctets: alg.saltOctets,
  tagOctets: alg.icvOctets,
});

/** OpenSSL's names by registry name; a key length stands for `*`. Node's types know the AEADs by one of their families. */
const OPENSSL: Readonly<Record<string, string>> = {
  AES_CBC: 'aes-*-cbc',
  AES_CTR: 'aes-*-ctr',
  AES_GCM_16: 'aes-*-gcm',
  AES_GCM_12: 'aes-*-gcm',
  AES_GCM_8: 'aes-*-gcm',
  AES_CCM_16: 'aes-*-ccm',
  AES_CCM_12: 'aes-*-ccm',
  AES_CCM_8: 'aes-*-ccm',
  CHACHA20_POLY1305: 'chacha20-poly1305',
  CAMELLIA_CBC: 'camellia-*-cbc',
  CAMELLIA_CTR: 'camellia-*-ctr',
  '3DES_CBC': 'des-ede3-cbc',
};

/** By key length, as far as they have been asked for. */
const names = new Map<Encr, ReadonlyMap<number, string>>();

function opensslName(alg: Encr, bits: number): string {
  const known = names.get(alg)?.get(bits);
  if (known !== undefined) return known;
  const pattern = OPENSSL[alg.name];
  if (pattern === undefined) throw new TypeError(`${alg.name} does not protect IKE`);
  const name = pattern.replace('*', `${bits || alg.defaultKeyBits}`);
  names.set(alg, new Map(names.get(alg)).set(bits, name));
  return name;
}

function keyAndNonce(alg: Encr, keyAndSalt: Uint8Array, iv: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  if (alg.saltOctets === 0) return { key: keyAndSalt, nonce: iv };
  const keyOctets = keyAndSalt.length - alg.saltOctets;
  // A counter mode's nonce is a whole block, its counter starting at one (RFC 3686 §4).
  const nonce = new Uint8Array(alg.isAead ? alg.saltOctets + iv.length : 16);
  nonce.set(keyAndSalt.subarray(keyOctets));
  nonce.set(iv, alg.saltOctets);
  if (!alg.isAead) nonce[15] = 1;
  return { key: keyAndSalt.subarray(0, keyOctets), nonce };
}
