/**
 * IANA's transform types and the transform IDs of each (RFC 7296 §3.3.2): numbers and names only. What an
 * algorithm can do (key lengths, implementations) is the algorithm registry's business.
 */
import { nameOf, namesIn } from './names.ts';

/** RFC 7296 §3.3.2, whose DH and ESN the registry now calls KE and SN; ADDKE RFC 9370. */
export const TRANSFORM = {
  ENCR: 1,
  PRF: 2,
  INTEG: 3,
  DH: 4,
  ESN: 5,
  ADDKE1: 6,
  ADDKE2: 7,
  ADDKE3: 8,
  ADDKE4: 9,
  ADDKE5: 10,
  ADDKE6: 11,
  ADDKE7: 12,
  KWA: 13,
  GCAUTH: 14,
} as const;

export const TRANSFORM_NAMES = namesIn(TRANSFORM);

export const ENCR_ID = {
  ENCR_DES_IV64: 1,
  ENCR_DES: 2,
  ENCR_3DES: 3,
  ENCR_RC5: 4,
  ENCR_IDEA: 5,
  ENCR_CAST: 6,
  ENCR_BLOWFISH: 7,
  ENCR_3IDEA: 8,
  ENCR_DES_IV32: 9,
  ENCR_NULL: 11,
  ENCR_AES_CBC: 12,
  ENCR_AES_CTR: 13,
  ENCR_AES_CCM_8: 14,
  ENCR_AES_CCM_12: 15,
  ENCR_AES_CCM_16: 16,
  ENCR_AES_GCM_8: 18,
  ENCR_AES_GCM_12: 19,
  ENCR_AES_GCM_16: 20,
  ENCR_NULL_AUTH_AES_GMAC: 21,
  ENCR_CAMELLIA_CBC: 23,
  ENCR_CAMELLIA_CTR: 24,
  ENCR_CAMELLIA_CCM_8: 25,
  ENCR_CAMELLIA_CCM_12: 26,
  ENCR_CAMELLIA_CCM_16: 27,
  ENCR_CHACHA20_POLY1305: 28,
  ENCR_AES_CCM_8_IIV: 29,
  ENCR_AES_GCM_16_IIV: 30,
  ENCR_CHACHA20_POLY1305_IIV: 31,
  ENCR_KUZNYECHIK_MGM_KTREE: 32,
  ENCR_MAGMA_MGM_KTREE: 33,
  ENCR_KUZNYECHIK_MGM_MAC_KTREE: 34,
  ENCR_MAGMA_MGM_MAC_KTREE: 35,
} as const;

export const PRF_ID = {
  PRF_HMAC_MD5: 1,
  PRF_HMAC_SHA1: 2,
  PRF_HMAC_TIGER: 3,
  PRF_AES128_XCBC: 4,
  PRF_HMAC_SHA2_256: 5,
  PRF_HMAC_SHA2_384: 6,
  PRF_HMAC_SHA2_512: 7,
  PRF_AES128_CMAC: 8,
  PRF_HMAC_STREEBOG_512: 9,
} as const;

export const INTEG_ID = {
  NONE: 0,
  AUTH_HMAC_MD5_96: 1,
  AUTH_HMAC_SHA1_96: 2,
  AUTH_DES_MAC: 3,
  AUTH_KPDK_MD5: 4,
  AUTH_AES_XCBC_96: 5,
  AUTH_HMAC_MD5_128: 6,
  AUTH_HMAC_SHA1_160: 7,
  AUTH_AES_CMAC_96: 8,
  AUTH_AES_128_GMAC: 9,
  AUTH_AES_192_GMAC: 10,
  AUTH_AES_256_GMAC: 11,
  AUTH_HMAC_SHA2_256_128: 12,
  AUTH_HMAC_SHA2_384_192: 13,
  AUTH_HMAC_SHA2_512_256: 14,
} as const;

/** Key exchange methods, once called Diffie-Hellman groups. */
export const KE_ID = {
  NONE: 0,
  MODP768: 1,
  MODP1024: 2,
  MODP1536: 5,
  MODP2048: 14,
  MODP3072: 15,
  MODP4096: 16,
  MODP6144: 17,
  MODP8192: 18,
  ECP_256: 19,
  ECP_384: 20,
  ECP_521: 21,
  MODP1024_160: 22,
  MODP2048_224: 23,
  MODP2048_256: 24,
  ECP_192: 25,
  ECP_224: 26,
  BRAINPOOL_P224R1: 27,
  BRAINPOOL_P256R1: 28,
  BRAINPOOL_P384R1: 29,
  BRAINPOOL_P512R1: 30,
  CURVE25519: 31,
  CURVE448: 32,
  GOST3410_2012_256: 33,
  GOST3410_2012_512: 34,
  ML_KEM_512: 35,
  ML_KEM_768: 36,
  ML_KEM_1024: 37,
} as const;

/** Sequence numbers: 0 and 1 were once called "no ESN" and "ESN". */
export const SN_ID = {
  SEQUENTIAL_32: 0,
  SEQUENTIAL_64_PARTIAL: 1,
  UNSPECIFIED_32: 2,
} as const;

export const KE_ID_NAMES = namesIn(KE_ID);

const ID_NAMES: Readonly<Record<number, ReadonlyMap<number, string>>> = {
  [TRANSFORM.ENCR]: namesIn(ENCR_ID),
  [TRANSFORM.PRF]: namesIn(PRF_ID),
  [TRANSFORM.INTEG]: namesIn(INTEG_ID),
  [TRANSFORM.ESN]: namesIn(SN_ID),
};

/** `ENCR_AES_CBC`, `DH=CURVE25519`, `ADDKE1=ML_KEM_768`; numbers where there is no name. */
export function transformName(type: number, id: number): string {
  if (type === TRANSFORM.DH || (type >= TRANSFORM.ADDKE1 && type <= TRANSFORM.ADDKE7))
    return `${nameOf(TRANSFORM_NAMES, type)}=${nameOf(KE_ID_NAMES, id)}`;
  const name = ID_NAMES[type]?.get(id) ?? `${id}`;
  return /^[A-Z]+_[A-Z]/.test(name) && type !== TRANSFORM.ESN ? name : `${nameOf(TRANSFORM_NAMES, type)}=${name}`;
}
