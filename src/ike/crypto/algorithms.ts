/**
 * The algorithm registry: one row per algorithm, with its names in `ike=` and `esp=`, its IANA transform id
 * (RFC 7296 §3.3.2) and the lengths its RFC fixes. Parser, negotiation, key schedule, kernel and logs read these rows.
 */

/** Transform type 1. Lengths in octets, keys in bits. */
export interface Encr {
  readonly kind: 'encr';
  /** As libreswan prints it: `AES_GCM_16`. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly id: number;
  /** The lengths that may be asked for, longest first; none for NULL. */
  readonly keyBits: readonly number[];
  readonly defaultKeyBits: number;
  /** One length only, so the Key Length attribute is left out (RFC 7296 §3.3.5). */
  readonly fixedKeyLength: boolean;
  /** Taken from the key material after the key itself: the implicit part of the nonce. */
  readonly saltOctets: number;
  /** The explicit IV, as sent. */
  readonly ivOctets: number;
  /** What an encrypted payload is padded to. */
  readonly blockOctets: number;
  /** 0 unless AEAD. */
  readonly icvOctets: number;
  readonly isAead: boolean;
  /** Never offered or accepted unless a conn names it. */
  readonly weak: boolean;
  /** Can protect IKE messages; can protect ESP. */
  readonly ike: boolean;
  readonly esp: boolean;
  /** The Linux crypto API's name. */
  readonly kernel?: { readonly aead?: string; readonly crypt?: string };
}

/** Transform type 2. */
export interface Prf {
  readonly kind: 'prf';
  readonly name: string;
  readonly aliases: readonly string[];
  readonly id: number;
  /** The preferred key length, which is that of SK_d, SK_pi and SK_pr (RFC 7296 §2.13, §2.14). */
  readonly keyOctets: number;
  readonly outOctets: number;
  readonly weak: boolean;
}

/** Transform type 3. NONE has id 0. */
export interface Integ {
  readonly kind: 'integ';
  readonly name: string;
  readonly aliases: readonly string[];
  readonly id: number;
  readonly keyOctets: number;
  readonly icvOctets: number;
  readonly kernel: string;
  readonly weak: boolean;
}

/** Transform type 4 and, for additional exchanges, 6 to 12 (RFC 9370): key exchange methods. NONE has id 0. */
export interface Group {
  readonly kind: 'dh';
  readonly name: string;
  readonly aliases: readonly string[];
  readonly id: number;
  /** Of the public value in a KE payload (RFC 7296 §3.4, RFC 5903 §7, RFC 8031 §3.1). */
  readonly publicOctets: number;
  /** Of the responder's KE payload: a KEM's is no public value, but a ciphertext. */
  readonly answerOctets: number;
  readonly isKem: boolean;
  readonly weak: boolean;
}

export type Algorithm = Encr | Prf | Integ | Group;

const AES_BITS = [256, 192, 128];

/** CBC: the IV is one block, RFC 3602 §2, RFC 2451 §2.4. */
const cbc = (name: string, id: number, block: number, crypt: string, more: Partial<Encr> = {}): Encr =>
  encr(name, id, { ivOctets: block, blockOctets: block, kernel: { crypt }, ...more });

/** CTR: 4 octets of nonce after the key, 8 of IV, RFC 3686 §4 and RFC 5930 §2. */
const ctr = (name: string, id: number, crypt: string, more: Partial<Encr> = {}): Encr =>
  encr(name, id, { saltOctets: 4, ivOctets: 8, kernel: { crypt }, ...more });

/** AEAD, RFC 5282 §4: a salt after the key, 8 octets of IV. */
const aead = (name: string, id: number, icvOctets: number, saltOctets: number, kernel: string, more: Partial<Encr>) =>
  encr(name, id, { icvOctets, saltOctets, ivOctets: 8, isAead: true, kernel: { aead: kernel }, ...more });

const encr = (name: string, id: number, more: Partial<Encr>): Encr => ({
  kind: 'encr',
  name,
  aliases: [],
  id,
  keyBits: AES_BITS,
  defaultKeyBits: 128,
  fixedKeyLength: false,
  saltOctets: 0,
  ivOctets: 0,
  blockOctets: 1,
  icvOctets: 0,
  isAead: false,
  weak: false,
  ike: true,
  esp: true,
  ...more,
});

const GCM = 'rfc4106(gcm(aes))';
const CCM = 'rfc4309(ccm(aes))';
const fixed = (bits: number) => ({ keyBits: [bits], defaultKeyBits: bits, fixedKeyLength: true });

// biome-ignore format: a table is read by its columns
const ENCR_ROWS: readonly Encr[] = [
  cbc('AES_CBC',  12, 16, 'cbc(aes)', { aliases: ['aes'] }),
  aead('AES_GCM_16', 20, 16, 4, GCM, { aliases: ['aes_gcm', 'aes_gcm_c'] }),
  aead('AES_GCM_12', 19, 12, 4, GCM, { aliases: ['aes_gcm_b'] }),
  aead('AES_GCM_8',  18,  8, 4, GCM, { aliases: ['aes_gcm_a'] }),
  aead('AES_CCM_16', 16, 16, 3, CCM, { aliases: ['aes_ccm', 'aes_ccm_c'] }),
  aead('AES_CCM_12', 15, 12, 3, CCM, { aliases: ['aes_ccm_b'] }),
  aead('AES_CCM_8',  14,  8, 3, CCM, { aliases: ['aes_ccm_a'] }),
  ctr('AES_CTR', 13, 'rfc3686(ctr(aes))', { aliases: ['aesctr'] }),
  aead('CHACHA20_POLY1305', 28, 16, 4, 'rfc7539esp(chacha20,poly1305)', { aliases: ['chacha20poly1305'], ...fixed(256) }),
  cbc('CAMELLIA_CBC', 23, 16, 'cbc(camellia)', { aliases: ['camellia'] }),
  ctr('CAMELLIA_CTR', 24, 'rfc3686(ctr(camellia))', { aliases: ['camelliactr'] }),
  cbc('3DES_CBC', 3, 8, 'cbc(des3_ede)', { aliases: ['3des'], weak: true, ...fixed(192) }),
  aead('NULL_AUTH_AES_GMAC', 21, 16, 4, 'rfc4543(gcm(aes))', { aliases: ['aes_gmac'], ike: false, weak: true }),
  encr('NULL', 11, { keyBits: [], defaultKeyBits: 0, fixedKeyLength: true, ike: false, weak: true, kernel: { crypt: 'ecb(cipher_null)' } }),
];

const prf = (name: string, id: number, octets: number, aliases: string[], weak = false): Prf => ({
  kind: 'prf',
  name,
  aliases,
  id,
  keyOctets: octets,
  outOctets: octets,
  weak,
});

// biome-ignore format: a table is read by its columns
const PRF_ROWS: readonly Prf[] = [
  prf('HMAC_SHA2_512', 7, 64, ['sha512', 'sha2_512']),
  prf('HMAC_SHA2_384', 6, 48, ['sha384', 'sha2_384']),
  prf('HMAC_SHA2_256', 5, 32, ['sha2', 'sha256', 'sha2_256']),
  prf('HMAC_SHA1',     2, 20, ['sha', 'sha1']),
  prf('AES_XCBC',      4, 16, ['aes128_xcbc']),
  prf('AES_CMAC',      8, 16, ['aes128_cmac']),
  prf('HMAC_MD5',      1, 16, ['md5'], true),
];

const integ = (
  name: string,
  id: number,
  keyOctets: number,
  icvOctets: number,
  kernel: string,
  aliases: string[],
  weak = false,
): Integ => ({ kind: 'integ', name, aliases, id, keyOctets, icvOctets, kernel, weak });

// biome-ignore format: a table is read by its columns
const INTEG_ROWS: readonly Integ[] = [
  integ('HMAC_SHA2_512_256', 14, 64, 32, 'hmac(sha512)', ['sha512', 'sha2_512', 'hmac_sha2_512', 'sha2_512_256']),
  integ('HMAC_SHA2_384_192', 13, 48, 24, 'hmac(sha384)', ['sha384', 'sha2_384', 'hmac_sha2_384', 'sha2_384_192']),
  integ('HMAC_SHA2_256_128', 12, 32, 16, 'hmac(sha256)', ['sha2', 'sha256', 'sha2_256', 'hmac_sha2_256', 'sha2_256_128']),
  integ('HMAC_SHA1_96',       2, 20, 12, 'hmac(sha1)',   ['sha', 'sha1', 'sha1_96', 'hmac_sha1']),
  integ('AES_XCBC_96',        5, 16, 12, 'xcbc(aes)',    ['aes_xcbc', 'aes128_xcbc', 'aes128_xcbc_96']),
  integ('AES_CMAC_96',        8, 16, 12, 'cmac(aes)',    ['aes_cmac']),
  integ('HMAC_MD5_96',        1, 16, 12, 'hmac(md5)',    ['md5', 'md5_96', 'hmac_md5'], true),
  integ('NONE',               0,  0,  0, '',             ['null'], true),
];

const group = (name: string, id: number, publicOctets: number, aliases: string[], weak = false): Group => ({
  kind: 'dh',
  name,
  aliases: aliases.includes(`dh${id}`) || name === `DH${id}` ? aliases : [`dh${id}`, ...aliases],
  id,
  publicOctets,
  answerOctets: publicOctets,
  isKem: false,
  weak,
});

/** Octets of the encapsulation key and of the ciphertext, FIPS 203 §8. */
const kem = (name: string, id: number, publicOctets: number, answerOctets: number, aliases: string[]): Group => ({
  ...group(name, id, publicOctets, aliases),
  answerOctets,
  isKem: true,
});

// biome-ignore format: a table is read by its columns
const GROUP_ROWS: readonly Group[] = [
  group('NONE',      0,    0, ['null'], true),
  group('MODP1024',  2,  128, [], true),
  group('MODP1536',  5,  192, [], true),
  group('MODP2048', 14,  256, []),
  group('MODP3072', 15,  384, []),
  group('MODP4096', 16,  512, []),
  group('MODP6144', 17,  768, []),
  group('MODP8192', 18, 1024, []),
  group('DH19',     19,   64, ['ecp_256', 'ecp256']),
  group('DH20',     20,   96, ['ecp_384', 'ecp384']),
  group('DH21',     21,  132, ['ecp_521', 'ecp521']),
  group('DH22',     22,  128, ['modp1024s160'], true),
  group('DH23',     23,  256, ['modp2048s224']),
  group('DH24',     24,  256, ['modp2048s256']),
  group('DH28',     28,   64, ['ecp_256bp', 'brainpoolp256r1']),
  group('DH29',     29,   96, ['ecp_384bp', 'brainpoolp384r1']),
  group('DH30',     30,  128, ['ecp_512bp', 'brainpoolp512r1']),
  group('DH31',     31,   32, ['curve25519', 'x25519']),
  group('DH32',     32,   56, ['curve448', 'x448']),
  kem('ML_KEM_512',  35,  800,  768, ['mlkem512']),
  kem('ML_KEM_768',  36, 1184, 1088, ['mlkem768']),
  kem('ML_KEM_1024', 37, 1568, 1568, ['mlkem1024']),
];

export const ENCRS: readonly Encr[] = freeze(ENCR_ROWS);
export const PRFS: readonly Prf[] = freeze(PRF_ROWS);
export const INTEGS: readonly Integ[] = freeze(INTEG_ROWS);
export const GROUPS: readonly Group[] = freeze(GROUP_ROWS);

const encrs = index(ENCRS);
const prfs = index(PRFS);
const integs = index(INTEGS);
const groups = index(GROUPS);

/** By IANA transform id; undefined for what we do not implement. */
export const encrById = (id: number): Encr | undefined => encrs.ids.get(id);
export const prfById = (id: number): Prf | undefined => prfs.ids.get(id);
export const integById = (id: number): Integ | undefined => integs.ids.get(id);
export const groupById = (id: number): Group | undefined => groups.ids.get(id);

/** By name or alias, in either case. */
export const encrByName = (name: string): Encr | undefined => encrs.names.get(name.toLowerCase());
export const prfByName = (name: string): Prf | undefined => prfs.names.get(name.toLowerCase());
export const integByName = (name: string): Integ | undefined => integs.names.get(name.toLowerCase());
export const groupByName = (name: string): Group | undefined => groups.names.get(name.toLowerCase());

/** The integrity algorithm that `ike=aes-sha1` means besides the PRF it names. */
export const integOfPrf = (prf: Prf): Integ =>
  INTEGS.find((integ) => integ.name === prf.name || integ.name.startsWith(`${prf.name}_`))!;

/**
 * Key lengths in bits that a proposal of `alg` with `bits` stands for, in the order they are offered. With no length
 * asked for that is the longest and the default, as libreswan does; [0] where no Key Length attribute is sent.
 */
export function offeredKeyBits(alg: Encr, bits: number): readonly number[] {
  if (alg.fixedKeyLength) return [0];
  if (bits !== 0) return [bits];
  return [...new Set([alg.keyBits[0], alg.defaultKeyBits])];
}

/** Octets that `alg` takes from the key material: the key, then the salt. `bits` 0 means the default length. */
export const encrKeyOctets = (alg: Encr, bits: number): number =>
  (alg.fixedKeyLength || bits === 0 ? alg.defaultKeyBits : bits) / 8 + alg.saltOctets;

function freeze<T extends Algorithm>(rows: readonly T[]): readonly T[] {
  for (const row of rows) {
    Object.freeze(row.aliases);
    if (row.kind === 'encr') Object.freeze(row.keyBits);
    Object.freeze(row);
  }
  return Object.freeze(rows);
}

function index<T extends Algorithm>(rows: readonly T[]): { ids: Map<number, T>; names: Map<string, T> } {
  const names = new Map<string, T>();
  for (const row of rows) for (const name of [row.name, ...row.aliases]) names.set(name.toLowerCase(), row);
  return { ids: new Map(rows.map((row) => [row.id, row])), names };
}
