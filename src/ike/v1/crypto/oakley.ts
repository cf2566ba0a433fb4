/**
 * How IKEv1's numbers map to the algorithm registry, whose ids are IKEv2's: RFC 2409 appendix A, RFC 2407 §4.4 and §4.5,
 * and IANA's registries of both. What has no row here is neither offered nor understood.
 */
import {
  type Encr,
  encrByName,
  type Group,
  groupById,
  type Integ,
  integByName,
  type Prf,
  prfByName,
} from '../../crypto/algorithms.ts';

/** Both ways between a number and a row of the registry. */
interface Table<T> {
  readonly row: (number: number) => T | undefined;
  readonly number: (row: T) => number | undefined;
}

function table<T extends object>(
  byName: (name: string) => T | undefined,
  numbers: Readonly<Record<string, number>>,
): Table<T> {
  const pairs = Object.entries(numbers).map(([name, number]) => {
    const row = byName(name);
    if (row === undefined) throw new RangeError(`no algorithm is called ${name}`);
    return [number, row] as const;
  });
  const rows = new Map(pairs);
  const back = new Map(pairs.map(([number, row]) => [row, number]));
  return { row: (number) => rows.get(number), number: (row) => back.get(row) };
}

/** "Encryption Algorithm" of phase 1. */
export const OAKLEY_ENCR: Table<Encr> = table(encrByName, { '3DES_CBC': 5, AES_CBC: 7, CAMELLIA_CBC: 8 });

/** "Hash Algorithm" of phase 1, whose HMAC is the PRF. */
export const OAKLEY_HASH: Table<Prf> = table(prfByName, {
  HMAC_MD5: 1,
  HMAC_SHA1: 2,
  HMAC_SHA2_256: 4,
  HMAC_SHA2_384: 5,
  HMAC_SHA2_512: 6,
});

/** "ESP Transform Identifiers". */
export const ESP_TRANSFORM: Table<Encr> = table(encrByName, {
  '3DES_CBC': 3,
  NULL: 11,
  AES_CBC: 12,
  AES_CTR: 13,
  AES_CCM_8: 14,
  AES_CCM_12: 15,
  AES_CCM_16: 16,
  AES_GCM_8: 18,
  AES_GCM_12: 19,
  AES_GCM_16: 20,
  CAMELLIA_CBC: 22,
  NULL_AUTH_AES_GMAC: 23,
  CAMELLIA_CTR: 24,
});

/** "Authentication Algorithm" of ESP and AH. */
export const AUTH_ALGORITHM: Table<Integ> = table(integByName, {
  HMAC_MD5_96: 1,
  HMAC_SHA1_96: 2,
  HMAC_SHA2_256_128: 5,
  HMAC_SHA2_384_192: 6,
  HMAC_SHA2_512_256: 7,
  AES_XCBC_96: 9,
});

/** "AH Transform Identifiers", each with the same algorithm once more as an attribute. */
export const AH_TRANSFORM: Table<Integ> = table(integByName, {
  HMAC_MD5_96: 2,
  HMAC_SHA1_96: 3,
  HMAC_SHA2_256_128: 5,
  HMAC_SHA2_384_192: 6,
  HMAC_SHA2_512_256: 7,
  AES_XCBC_96: 9,
});

const GROUP_NUMBERS = new Set([2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 28, 29, 30, 31, 32]);

/** "Group Description": the registry's own ids, as far as IKEv1 has them. */
export const GROUP: Table<Group> = {
  row: (number) => (GROUP_NUMBERS.has(number) ? groupById(number) : undefined),
  number: ({ id }) => (GROUP_NUMBERS.has(id) ? id : undefined),
};
