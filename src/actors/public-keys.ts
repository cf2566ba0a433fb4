/** The public keys that peers' signatures are checked by, by identity. Raw keys come here from whack; none is secret. */
import { type RsaPublicKey, rsaBits, rsaKeyId } from '../ike/crypto/rsa-public-key.ts';
import type { Id } from '../net/id.ts';

export interface PublicKey {
  readonly id: Id;
  readonly algorithm: 'RSA';
  readonly rsa: RsaPublicKey;
  /** Of the modulus. */
  readonly bits: number;
  readonly keyId: string;
  /** ms since 1970. */
  readonly installed: number;
}

/** Of one identity: a peer's signature may be tried against each. */
export const MOST_KEYS = 16;

export class PublicKeys {
  readonly #byId = new Map<string, readonly PublicKey[]>();

  /** In the order in which they came; a key that is there already is not taken twice. Undefined: no room for more. */
  add(id: Id, rsa: RsaPublicKey, installed: number): PublicKey | undefined {
    const key = { id, algorithm: 'RSA', rsa, bits: rsaBits(rsa), keyId: rsaKeyId(rsa), installed } as const;
    const known = this.of(id);
    const same = known.find((k) => isSame(k.rsa, rsa));
    if (same) return same;
    if (known.length >= MOST_KEYS) return undefined;
    this.#byId.set(indexOf(id), [...known, key]);
    return key;
  }

  /** How many there were. */
  forget(id: Id): number {
    const { length } = this.of(id);
    this.#byId.delete(indexOf(id));
    return length;
  }

  of(id: Id): readonly PublicKey[] {
    return this.#byId.get(indexOf(id)) ?? NONE;
  }

  /** All of them. */
  list(): readonly PublicKey[] {
    return [...this.#byId.values()].flat();
  }
}

const NONE: readonly PublicKey[] = Object.freeze([]);

const indexOf = (id: Id) => `${id.type} ${Buffer.from(id.data).toString('latin1')}`;

const isSame = (a: RsaPublicKey, b: RsaPublicKey) =>
  Buffer.compare(a.modulus, b.modulus) === 0 && Buffer.compare(a.exponent, b.exponent) === 0;
