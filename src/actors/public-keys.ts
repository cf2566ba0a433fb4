/**
 * The public keys that whack brings, by identity: a peer's signature is checked by those, and by what its connection says
 * (`rightrsasigkey=`). None is secret.
 */
import { ckaid, keyId } from '../ike/crypto/signature/key-id.ts';
import type { KeyKind } from '../ike/crypto/signature/key-kind.ts';
import { encodeSpki, type PublicKey } from '../ike/crypto/signature/public-key.ts';
import type { Id } from '../net/id.ts';

/** What is kept of a key: no handle of OpenSSL's, of which each takes kilobytes. */
export interface KnownKey {
  readonly id: Id;
  readonly kind: KeyKind;
  readonly bits: number;
  readonly keyId: string;
  /** 20 octets. */
  readonly ckaid: Uint8Array;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array;
  /** ms since 1970. */
  readonly installed: number;
}

/** Of one identity: a peer's signature may be tried against each. */
export const MOST_KEYS = 16;

export class PublicKeys {
  readonly #byId = new Map<string, readonly KnownKey[]>();

  /** In the order in which they came; a key that is there already is not taken twice. Undefined: no room for more. */
  add(id: Id, key: PublicKey, installed: number): KnownKey | undefined {
    const spki = encodeSpki(key);
    const all = this.of(id);
    const same = all.find((known) => isSame(known.spki, spki));
    if (same) return same;
    if (all.length >= MOST_KEYS) return undefined;
    const { kind, bits } = key;
    const known = { id, kind, bits, keyId: keyId(key), ckaid: ckaid(key), spki, installed };
    this.#byId.set(id.key, [...all, known]);
    return known;
  }

  /** How many there were. */
  forget(id: Id): number {
    const { length } = this.of(id);
    this.#byId.delete(id.key);
    return length;
  }

  of(id: Id): readonly KnownKey[] {
    return this.#byId.get(id.key) ?? NONE;
  }

  /** All of them. */
  *list(): Generator<KnownKey, void> {
    for (const all of this.#byId.values()) yield* all;
  }
}

const NONE: readonly KnownKey[] = Object.freeze([]);

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
