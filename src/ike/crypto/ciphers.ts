import type { Encr } from './algorithms.ts';

/** OpenSSL's names by registry name; a key length stands for `*`. */
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

/** OpenSSL's name for a cipher that protects IKE; the registry's `ike: false` rows have none, which throws. */
export function opensslCipher(alg: Encr, bits: number): string {
  const name = OPENSSL[alg.name];
  if (name === undefined) throw new TypeError(`${alg.name} does not protect IKE`);
  return name.replace('*', `${bits || alg.defaultKeyBits}`);
}
