/**
 * Private keys that sign: from files (PKCS#1, PKCS#8, SEC 1; PEM or DER) and from FreeS/WAN's eight numbers. One that
 * is read has signed something that its public half has verified, so a damaged key is found when it is read, and not
 * by a peer.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { wipe } from '../misc.ts';
import { der, derInteger, TAG } from './der.ts';
import { type KeyKind, kindOf } from './key-kind.ts';
import { type PublicKey, parseSpki, type Wrong } from './public-key.ts';
import { SELF_TEST } from './scheme.ts';
import { sign, verify } from './sign.ts';

/** What it takes to sign, wherever the key came from. */
export interface SigningKey {
  readonly kind: KeyKind;
  readonly bits: number;
  readonly handle: KeyObject;
}

export interface PrivateKey extends SigningKey {
  readonly public: PublicKey;
}

/** Larger files hold no private key. */
export const MAX_KEY_FILE = 1 << 16;

/** A file's octets; they stay the caller's. What is wrong completes "bad key: …" and has no word of the key. */
export function parsePrivateKey(octets: Uint8Array, passphrase?: Uint8Array): PrivateKey | Wrong {
  if (octets.length > MAX_KEY_FILE) return { wrong: `it is larger than ${MAX_KEY_FILE} octets` };
  const key = lent(octets);
  const unlock = passphrase ? { passphrase: lent(passphrase) } : {};
  const failures: unknown[] = [];
  for (const form of key.includes('-----BEGIN ') ? PEM : DER) {
    const opened = opening({ key, ...form, ...unlock });
    if ('handle' in opened) return complete(opened.handle);
    failures.push(opened.code);
  }
  if (passphrase) return { wrong: 'there is no private key that the passphrase opens' };
  return failures.some((code) => NEEDS_PASSPHRASE.has(code))
    ? { wrong: 'it is encrypted, and there is no passphrase' }
    : { wrong: 'there is no private key, in PEM or DER' };
}

/**
 * The numbers of PKCS#1 (RFC 8017 §A.1.2) in network order: modulus, public and private exponent, the two primes, the
 * two exponents for them, the coefficient.
 */
export function rsaPrivateKey(numbers: readonly Uint8Array[]): PrivateKey | Wrong {
  if (numbers.length !== 8) return { wrong: `expected 8 numbers, not ${numbers.length}` };
  const parts = [Uint8Array.of(0), ...numbers].map(derInteger);
  const octets = der(TAG.SEQUENCE, ...parts);
  try {
    return parsePrivateKey(octets);
  } finally {
    for (const part of parts) wipe(part);
    wipe(octets);
  }
}

/** PKCS#8 in DER, unencrypted, in octets of the caller's to wipe. */
export function encodePkcs8({ handle }: SigningKey): Uint8Array {
  return handle.export({ type: 'pkcs8', format: 'der' });
}

/** What `encodePkcs8` made of a key, without the checks that it has been through. */
export function importPkcs8(octets: Uint8Array): SigningKey | undefined {
  const opened = opening({ key: lent(octets), format: 'der', type: 'pkcs8' });
  return 'handle' in opened ? withKind(opened.handle) : undefined;
}

const PEM = [{ format: 'pem' }] as const;
const DER = (['pkcs8', 'pkcs1', 'sec1'] as const).map((type) => ({ format: 'der', type }) as const);

/** What OpenSSL says when it would have asked at the terminal, and what Node says in its place. */
const NEEDS_PASSPHRASE: ReadonlySet<unknown> = new Set([
  'ERR_MISSING_PASSPHRASE',
  'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED',
]);

function opening(input: Parameters<typeof createPrivateKey>[0]): { handle: KeyObject } | { code: unknown } {
  try {
    return { handle: createPrivateKey(input) };
  } catch (e) {
    return { code: e instanceof Error && 'code' in e ? e.code : undefined };
  }
}

function withKind(handle: KeyObject): SigningKey | undefined {
  const row = kindOf(handle);
  return row && { kind: row.kind, bits: row.bits || (handle.asymmetricKeyDetails?.modulusLength ?? 0), handle };
}

function complete(handle: KeyObject): PrivateKey | Wrong {
  const key = withKind(handle);
  if (key === undefined) return { wrong: 'it is neither RSA, ECDSA on a known curve, Ed25519 nor Ed448' };
  const theirs = publicHalf(handle);
  if ('wrong' in theirs) return theirs;
  const signature = sign(key, SELF_TEST[key.kind], MESSAGE);
  if ('wrong' in signature || verify(theirs, SELF_TEST[key.kind], MESSAGE, signature))
    return { wrong: 'its private and its public half do not belong together' };
  return { ...key, public: theirs };
}

const MESSAGE = new Uint8Array(32);

function publicHalf(handle: KeyObject): PublicKey | Wrong {
  try {
    return parseSpki(createPublicKey(handle).export({ type: 'spki', format: 'der' }));
  } catch {
    return { wrong: 'it has no public half' };
  }
}

/** A window, not a copy: who wipes the octets wipes all there is. */
const lent = (octets: Uint8Array): Buffer => Buffer.from(octets.buffer, octets.byteOffset, octets.length);
