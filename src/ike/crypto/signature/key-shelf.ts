/**
 * Private keys for all threads, each in one place: memory that the threads share. A job names its key by number; a thread
 * that meets the number for the first time reads the key there and keeps what OpenSSL makes of it, so that no job carries
 * a secret, threads that are replaced find all keys again, and a key that is dropped is gone everywhere.
 *
 *     Int32    0             1 …             then a room for each slot
 *              drops so far  number, length  PKCS#8
 *
 * A number is its slot and how often slots were used: none is used twice, and 0 is none.
 */
import { wipe } from '../misc.ts';
import { importPkcs8, type SigningKey } from './private-key.ts';

/** Where a job's key is. */
export interface Keyring {
  find(key: number): SigningKey | undefined;
}

export const NO_KEYS: Keyring = { find: () => undefined };

export const MOST_KEYS = 256;
/** RSA with 16384 bits has 9,3 kB. Untouched rooms cost nothing. */
const ROOM = 10_240;
const HEAD = 4 * (1 + 2 * MOST_KEYS);

/** The side that keys are put on. */
export class KeyShelf {
  /** For `KeyReader`s, in this thread or another. */
  readonly shared = new SharedArrayBuffer(HEAD + MOST_KEYS * ROOM);
  readonly #head = new Int32Array(this.shared, 0, HEAD / 4);
  #uses = 0;

  /** The number of the key whose PKCS#8 this is, which stays the caller's to wipe; undefined if there is no room. */
  put(pkcs8: Uint8Array): number | undefined {
    let slot = 0;
    while (slot < MOST_KEYS && this.#head[at(slot)] !== 0) slot++;
    if (slot === MOST_KEYS || pkcs8.length > ROOM || this.#uses >= MOST_USES) return undefined;
    const key = ++this.#uses * MOST_KEYS + slot;
    roomOf(this.shared, slot).set(pkcs8);
    Atomics.store(this.#head, at(slot) + 1, pkcs8.length);
    Atomics.store(this.#head, at(slot), key);
    return key;
  }

  /** Nobody signs with it any more. One that is not there is no news. */
  drop(key: number): void {
    const slot = key % MOST_KEYS;
    if (this.#head[at(slot)] !== key) return;
    Atomics.store(this.#head, at(slot), 0);
    Atomics.store(this.#head, at(slot) + 1, 0);
    wipe(roomOf(this.shared, slot));
    Atomics.add(this.#head, 0, 1);
  }

  dropAll(): void {
    for (let slot = 0; slot < MOST_KEYS; slot++) this.drop(this.#head[at(slot)]);
  }
}

/** The side that they are found on. What OpenSSL holds of dropped keys goes with the first job after that. */
export class KeyReader implements Keyring {
  readonly #shared: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #known = new Map<number, SigningKey>();
  #drops = 0;

  constructor(shared: SharedArrayBuffer) {
    this.#shared = shared;
    this.#head = new Int32Array(shared, 0, HEAD / 4);
  }

  find(key: number): SigningKey | undefined {
    const drops = Atomics.load(this.#head, 0);
    if (drops !== this.#drops) {
      this.#drops = drops;
      for (const known of this.#known.keys()) if (!this.#isThere(known)) this.#known.delete(known);
    }
    const found = this.#known.get(key) ?? this.#read(key);
    return found && this.#isThere(key) ? found : undefined;
  }

  #read(key: number): SigningKey | undefined {
    if (!this.#isThere(key)) return undefined;
    const slot = key % MOST_KEYS;
    const pkcs8 = new Uint8Array(new ArrayBuffer(Atomics.load(this.#head, at(slot) + 1)));
    pkcs8.set(roomOf(this.#shared, slot).subarray(0, pkcs8.length));
    // Dropped meanwhile, it is half a key at most.
    const found = this.#isThere(key) ? importPkcs8(pkcs8) : undefined;
    wipe(pkcs8);
    if (found) this.#known.set(key, found);
    return found;
  }

  #isThere(key: number): boolean {
    return key !== 0 && Atomics.load(this.#head, at(key % MOST_KEYS)) === key;
  }
}

/** So that a number fits its 31 bits. */
const MOST_USES = Math.floor(0x7fffffff / MOST_KEYS) - 1;

const at = (slot: number): number => 1 + 2 * slot;
const roomOf = (shared: SharedArrayBuffer, slot: number): Uint8Array =>
  new Uint8Array(shared, HEAD + slot * ROOM, ROOM);
