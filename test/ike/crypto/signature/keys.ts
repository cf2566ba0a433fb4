import { generateKeyPairSync } from 'node:crypto';
import { type KeyKind, KINDS } from '../../../../src/ike/crypto/signature/key-kind.ts';
import { type PrivateKey, parsePrivateKey } from '../../../../src/ike/crypto/signature/private-key.ts';

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
export const toHex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
export const text = (words: string): Uint8Array => Uint8Array.from(Buffer.from(words));

/** What may also be a reason is taken for the value, or the test fails with the reason. */
export function good<T extends object>(value: T): Exclude<T, { readonly wrong: string }> {
  if ('wrong' in value) throw new Error(`refused: ${value.wrong}`);
  return value as Exclude<T, { readonly wrong: string }>;
}

/** PKCS#8 in DER of a new key. */
export function makePkcs8(kind: KeyKind, bits = 2048): Uint8Array {
  return Uint8Array.from(makePair(kind, bits).privateKey.export({ type: 'pkcs8', format: 'der' }));
}

function makePair(kind: KeyKind, bits: number) {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: bits });
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'ed448') return generateKeyPairSync('ed448');
  return generateKeyPairSync('ec', { namedCurve: KINDS.find((row) => row.kind === kind)!.curve });
}

const made = new Map<string, PrivateKey>();

/** One key of each kind and size, made when it is wanted. */
export function keyOf(kind: KeyKind, bits = 2048): PrivateKey {
  const name = `${kind}${bits}`;
  const key = made.get(name) ?? good(parsePrivateKey(makePkcs8(kind, bits)));
  made.set(name, key);
  return key;
}

export const ALL_KINDS: readonly KeyKind[] = KINDS.map(({ kind }) => kind);
