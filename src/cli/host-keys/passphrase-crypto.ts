/**
 * Decrypting by a passphrase as PKCS#12 does (RFC 7292, RFC 8018), legacy ways included: old files are still around, and
 * only read here.
 *
 *     PBES2             PBKDF2 with any SHA, AES or 3DES in CBC
 *     1.2.840.113549.1.12.1.3, .4, .5, .6     PKCS#12's own derivation with SHA-1, 3DES or RC2 in CBC
 */
import { createDecipheriv, createHash, pbkdf2Sync } from 'node:crypto';
import forge from 'node-forge';
import type { Wrong } from '../../ike/crypto/signature/public-key.ts';
import { type Node, numberOf, octetsOf, oidOf, partsOf } from './ber.ts';

/** A passphrase in the two forms that files may mean by it, and how much work a file may make of it. */
export class Passphrase {
  /** For PBKDF2. */
  readonly utf8: Uint8Array;
  /** UTF-16, big-endian, with a zero behind it: PKCS#12's. */
  readonly bmp: Uint8Array;
  #roundsLeft = MOST_ROUNDS;

  /** Undefined: some files have none, which is not the same as an empty one. */
  constructor(text: string | undefined) {
    this.utf8 = Buffer.from(text ?? '');
    this.bmp = text === undefined ? new Uint8Array() : Buffer.from(`${text}\0`, 'utf16le').swap16();
  }

  /** How often to hash, unless that is more than all of the file may ask for. */
  rounds(node: Node | undefined): number | Wrong {
    const rounds = node ? numberOf(node) : 1;
    if (rounds === undefined || rounds < 1 || rounds > this.#roundsLeft)
      return { wrong: `it wants more rounds of hashing than ${MOST_ROUNDS}, or none` };
    this.#roundsLeft -= rounds;
    return rounds;
  }
}

/** Of hashing, for one file; more keep us busy for minutes, and protect nobody. */
export const MOST_ROUNDS = 5_000_000;

/** Another passphrase may be the one. */
export interface Locked extends Wrong {
  readonly isLocked: true;
}

export const NOT_THE_ONE: Locked = { wrong: 'the passphrase does not open it', isLocked: true };

/** What `octets` have been encrypted from. Wrong padding is a wrong passphrase, or damage. */
export function decrypt(
  algorithm: Node | undefined,
  octets: Uint8Array,
  passphrase: Passphrase,
): Uint8Array | Wrong | Locked {
  const [oid, parameters] = partsOf(algorithm);
  const name = oidOf(oid);
  if (name === PBES2) return pbes2(parameters, octets, passphrase);
  const way = LEGACY[name];
  if (way === undefined) return { wrong: `its encryption ${name || '(none)'} is unknown` };
  const [salt, rounds] = partsOf(parameters);
  const count = passphrase.rounds(rounds);
  if (typeof count !== 'number') return count;
  const derived = (id: number, length: number) =>
    derive({ id, length, hash: 'sha1', salt: octetsOf(salt), rounds: count, password: passphrase.bmp });
  const [key, iv] = [derived(KEY, way.octets), derived(IV, 8)];
  return way.cipher === 'rc2' ? rc2(key, iv, octets) : plain('des-ede3-cbc', key, iv, octets);
}

interface Derivation {
  /** What it is for: 1 a key, 2 an IV, 3 a MAC. */
  readonly id: number;
  readonly length: number;
  readonly hash: string;
  readonly salt: Uint8Array;
  readonly rounds: number;
  readonly password: Uint8Array;
}

export const [KEY, IV, MAC] = [1, 2, 3] as const;

/** RFC 7292 §B.2. */
export function derive({ id, length, hash, salt, rounds, password }: Derivation): Uint8Array {
  const block = hash === 'sha384' || hash === 'sha512' ? 128 : 64;
  const filled = (octets: Uint8Array) =>
    Uint8Array.from({ length: block * Math.ceil(octets.length / block) }, (_, i) => octets[i % octets.length]);
  const input = Buffer.concat([filled(salt), filled(password)]);
  const parts: Buffer[] = [];
  for (let done = 0; done < length; done += parts.at(-1)!.length) {
    let a = createHash(hash).update(new Uint8Array(block).fill(id)).update(input).digest();
    for (let round = 1; round < rounds; round++) a = createHash(hash).update(a).digest();
    parts.push(a);
    for (let at = 0; at < input.length; at += block) {
      let carry = 1;
      for (let i = block - 1; i >= 0; i--) {
        carry += input[at + i] + a[i % a.length];
        input[at + i] = carry & 255;
        carry >>= 8;
      }
    }
  }
  return Buffer.concat(parts).subarray(0, length);
}

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';

const LEGACY: Readonly<Record<string, { readonly cipher: '3des' | 'rc2'; readonly octets: number } | undefined>> = {
  '1.2.840.113549.1.12.1.3': { cipher: '3des', octets: 24 },
  '1.2.840.113549.1.12.1.5': { cipher: 'rc2', octets: 16 },
  '1.2.840.113549.1.12.1.6': { cipher: 'rc2', octets: 5 },
};

const PRFS: Readonly<Record<string, string | undefined>> = {
  '': 'sha1',
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

const CIPHERS: Readonly<Record<string, readonly [name: string, octets: number] | undefined>> = {
  '2.16.840.1.101.3.4.1.2': ['aes-128-cbc', 16],
  '2.16.840.1.101.3.4.1.22': ['aes-192-cbc', 24],
  '2.16.840.1.101.3.4.1.42': ['aes-256-cbc', 32],
  '1.2.840.113549.3.7': ['des-ede3-cbc', 24],
};

/** RFC 8018 §6.2. */
function pbes2(parameters: Node | undefined, octets: Uint8Array, passphrase: Passphrase): Uint8Array | Wrong | Locked {
  const [kdf, scheme] = partsOf(parameters);
  const [kdfOid, kdfParameters] = partsOf(kdf);
  if (oidOf(kdfOid) !== PBKDF2) return { wrong: `its key derivation ${oidOf(kdfOid)} is unknown` };
  const [salt, rounds, ...more] = partsOf(kdfParameters);
  const prf = PRFS[oidOf(partsOf(more.at(-1))[0])];
  const [cipherOid, iv] = partsOf(scheme);
  const cipher = CIPHERS[oidOf(cipherOid)];
  if (prf === undefined || cipher === undefined) return { wrong: 'its encryption in PBES2 is unknown' };
  const count = passphrase.rounds(rounds);
  if (typeof count !== 'number') return count;
  const [name, length] = cipher;
  const opened = (password: Uint8Array) =>
    plain(name, pbkdf2Sync(password, octetsOf(salt), count, length, prf), octetsOf(iv), octets);
  const first = opened(passphrase.utf8);
  // NSS's of old have taken PKCS#12's form of a passphrase here as well.
  return 'wrong' in first ? opened(passphrase.bmp) : first;
}

function plain(name: string, key: Uint8Array, iv: Uint8Array, octets: Uint8Array): Uint8Array | Wrong | Locked {
  try {
    const cipher = createDecipheriv(name, key, iv);
    return Buffer.concat([cipher.update(octets), cipher.final()]);
  } catch {
    return NOT_THE_ONE;
  }
}

/** OpenSSL has put it away. */
function rc2(key: Uint8Array, iv: Uint8Array, octets: Uint8Array): Uint8Array | Wrong | Locked {
  const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
  const cipher = forge.rc2.createDecryptionCipher(latin1(key), 8 * key.length);
  cipher.start(latin1(iv));
  cipher.update(forge.util.createBuffer(latin1(octets)));
  return cipher.finish() ? Buffer.from(cipher.output.getBytes(), 'latin1') : NOT_THE_ONE;
}
