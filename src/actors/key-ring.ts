/**
 * Our private keys, as everything but the helpers sees them: numbers on the shelf, and whose they are. One whole reading
 * takes the place of the one before. A key that is in both keeps its number; one that is gone stays on the shelf until
 * the jobs that were given its number are done.
 */
import type { Index } from '../conf/secret-entry.ts';
import { wipe } from '../ike/crypto/misc.ts';
import { ckaid, keyId } from '../ike/crypto/signature/key-id.ts';
import { KeyShelf } from '../ike/crypto/signature/key-shelf.ts';
import { encodePkcs8, type PrivateKey, type SigningKey } from '../ike/crypto/signature/private-key.ts';
import { encodeSpki } from '../ike/crypto/signature/public-key.ts';
import type { Id } from '../net/id.ts';
import type { Clock } from './runtime/index.ts';

export interface OurKey extends Pick<SigningKey, 'kind' | 'bits'> {
  /** On the shelf. */
  readonly number: number;
  readonly isWeak: boolean;
  /** 40 hex digits. */
  readonly ckaid: string;
  readonly keyId: string;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array;
  /** Indices of each entry that names it; a list without any is for everybody. */
  readonly owners: readonly (readonly Index[])[];
  /** The file that it is in, and the line of a key in braces. */
  readonly where: string;
}

/** ms that a key outlives its reading: a job waits for a helper for less. */
const LINGERS = 30_000;

export class KeyRing {
  /** For the helpers. */
  readonly shelf = new KeyShelf();
  readonly #clock: Clock;
  #keys: readonly OurKey[] = [];
  #bySpki: ReadonlyMap<string, OurKey> = new Map();
  readonly #leaving = new Map<number, { cancel(): void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In the order of the files. */
  list(): readonly OurKey[] {
    return this.#keys;
  }

  /** The key whose public half this is, SubjectPublicKeyInfo in DER. */
  matching(spki: Uint8Array): OurKey | undefined {
    return this.#bySpki.get(textOf(spki));
  }

  /** `ckaid`: hex, or the beginning of it. */
  withCkaid(ckaid: string): readonly OurKey[] {
    return ckaid === '' ? [] : this.#keys.filter((key) => key.ckaid.startsWith(ckaid));
  }

  /** A reading: nothing of it is in force until it is. */
  begin(): NextKeys {
    return new NextKeys(this.shelf, this.#bySpki, (keys) => this.#replace(keys));
  }

  /** Nobody signs with anything any more. */
  wipe(): void {
    for (const alarm of this.#leaving.values()) alarm.cancel();
    this.#leaving.clear();
    this.#keys = [];
    this.#bySpki = new Map();
    this.shelf.dropAll();
  }

  #replace(next: ReadonlyMap<string, OurKey>): void {
    const staying = new Set([...next.values()].map(({ number }) => number));
    for (const { number } of this.#keys) if (!staying.has(number)) this.#leave(number);
    for (const number of staying) this.#stay(number);
    this.#bySpki = next;
    this.#keys = [...next.values()];
  }

  #leave(number: number): void {
    const drop = () => {
      this.#leaving.delete(number);
      this.shelf.drop(number);
    };
    this.#leaving.set(number, this.#clock.alarm(this.#clock.now() + LINGERS, drop));
  }

  /** It was gone and has come again. */
  #stay(number: number): void {
    this.#leaving.get(number)?.cancel();
    this.#leaving.delete(number);
  }
}

/** Keys on their way onto the ring. */
export class NextKeys {
  readonly #shelf: KeyShelf;
  readonly #known: ReadonlyMap<string, OurKey>;
  readonly #replace: (keys: ReadonlyMap<string, OurKey>) => void;
  readonly #keys = new Map<string, OurKey>();
  readonly #fresh: number[] = [];

  constructor(
    shelf: KeyShelf,
    known: ReadonlyMap<string, OurKey>,
    replace: (keys: ReadonlyMap<string, OurKey>) => void,
  ) {
    this.#shelf = shelf;
    this.#known = known;
    this.#replace = replace;
  }

  /** `owners`: undefined for a key that no entry names. False: there is no room for it. */
  add(key: PrivateKey, owners: readonly Index[] | undefined, where: string): boolean {
    const spki = encodeSpki(key.public);
    const name = textOf(spki);
    const twin = this.#keys.get(name);
    if (twin) {
      // The file of a key that an entry names says nothing more about whose it is.
      if (owners) this.#keys.set(name, { ...twin, owners: [...twin.owners, owners] });
      return true;
    }
    const number = this.#known.get(name)?.number ?? this.#put(key);
    if (number === undefined) return false;
    const { kind, bits } = key;
    const { isWeak } = key.public;
    const names = { ckaid: Buffer.from(ckaid(key.public)).toString('hex'), keyId: keyId(key.public) };
    this.#keys.set(name, { number, kind, bits, isWeak, ...names, spki, owners: [owners ?? []], where });
    return true;
  }

  /** From now on these are our keys. */
  use(): void {
    this.#replace(this.#keys);
  }

  /** There were others sooner. */
  forget(): void {
    for (const number of this.#fresh) this.#shelf.drop(number);
  }

  #put(key: PrivateKey): number | undefined {
    const pkcs8 = encodePkcs8(key);
    const number = this.#shelf.put(pkcs8);
    wipe(pkcs8);
    if (number !== undefined) this.#fresh.push(number);
    return number;
  }
}

/** Whether the entry is for `id`: named, as anybody, or without any name at all; the larger, the more it means `id`. */
export function meaning({ owners }: OurKey, id: Id): 0 | 1 | 2 | 3 {
  let most: 0 | 1 | 2 | 3 = 0;
  for (const indices of owners) {
    if (indices.some((index) => index.t === 'id' && index.id.equals(id))) return 3;
    if (indices.some(({ t }) => t === 'any')) most = 2;
    else if (indices.length === 0 && most === 0) most = 1;
  }
  return most;
}

const textOf = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1');
