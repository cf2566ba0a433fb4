/**
 * The public keys that peers' signatures are checked by, by identity: raw keys that whack brings or that connections say
 * (`rightrsasigkey=`). None is secret. What many connections say of one identity is kept once.
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

interface Held {
  readonly key: KnownKey;
  /** Connections that say it. */
  uses: number;
  /** whack has brought it. */
  isStanding: boolean;
}

export class PublicKeys {
  readonly #byId = new Map<string, readonly Held[]>();

  /** whack's, in the order in which they came; one that is there already is not taken twice. Undefined: no room for more. */
  add(id: Id, key: PublicKey, installed: number): KnownKey | undefined {
    const held = this.#hold(id, key, installed);
    if (held) held.isStanding = true;
    return held?.key;
  }

  /** A connection's, until it is released as often. Undefined: no room for more. */
  hold(id: Id, key: PublicKey, installed: number): KnownKey | undefined {
    const held = this.#hold(id, key, installed);
    if (held) held.uses++;
    return held?.key;
  }

  /** What `hold` returned. */
  release({ id, spki }: KnownKey): void {
    const held = this.#held(id).find(({ key }) => isSame(key.spki, spki));
    if (held === undefined || held.uses === 0) return;
    held.uses--;
    if (held.uses === 0 && !held.isStanding) this.#keep(id, (other) => other !== held);
  }

  /** Those of whack; how many there were. */
  forget(id: Id): number {
    const standing = this.#held(id).filter(({ isStanding }) => isStanding);
    for (const held of standing) held.isStanding = false;
    this.#keep(id, ({ uses }) => uses > 0);
    return standing.length;
  }

  of(id: Id): readonly KnownKey[] {
    return this.#held(id).map(({ key }) => key);
  }

  /** All of them. */
  *list(): Generator<KnownKey, void> {
    for (const all of this.#byId.values()) for (const { key } of all) yield key;
  }

  #held(id: Id): readonly Held[] {
    return this.#byId.get(id.key) ?? NONE;
  }

  #hold(id: Id, key: PublicKey, installed: number): Held | undefined {
    const spki = encodeSpki(key);
    const all = this.#held(id);
    const known = all.find((held) => isSame(held.key.spki, spki));
    if (known) return known;
    if (all.length >= MOST_KEYS) return undefined;
    const { kind, bits } = key;
    const held = {
      key: { id, kind, bits, keyId: keyId(key), ckaid: ckaid(key), spki, installed },
      uses: 0,
      isStanding: false,
    };
    this.#byId.set(id.key, [...all, held]);
    return held;
  }

  #keep(id: Id, isWanted: (held: Held) => boolean): void {
    const left = this.#held(id).filter(isWanted);
    if (left.length === 0) this.#byId.delete(id.key);
    else this.#byId.set(id.key, left);
  }
}

const NONE: readonly Held[] = Object.freeze([]);

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
