/**
 * OpenSSL without an object for each operation (crypto.cc): inputs are copied into one arena, outputs out of it, and what was
 * in it is zeros afterwards. Names are OpenSSL's. Undefined: it is not done here, for OpenSSL does not know the name or
 * refuses the lengths, or for the octets are too many.
 */
import { numbering, withArena } from './openssl.ts';

/** Works on the arena that it was made with; crypto.cc says how it is laid out for each. */
interface RawCrypto {
  /** These three: the number to name it by, or -1. */
  hash(name: string): number;
  cipher(name: string): number;
  curve(name: string): number;
  digest(hash: number, octets: number): number;
  hmac(hash: number, keyOctets: number, octets: number): number;
  prfPlus(hash: number, keyOctets: number, seedOctets: number, octets: number): boolean;
  encrypt(cipher: number, key: number, nonce: number, aad: number, gap: number, text: number, tag: number): boolean;
  decrypt(cipher: number, key: number, nonce: number, aad: number, gap: number, text: number, tag: number): boolean;
  meet(curve: number, octets: number): boolean;
}

/** For a datagram of any length, with its keys. */
const ARENA_OCTETS = 72 * 1024;
/** Of the largest hash; what is written behind the inputs is no longer. */
const MARGIN = 64;

interface Aead {
  readonly name: string;
  readonly keyAndSalt: Uint8Array;
  readonly saltOctets: number;
  readonly tagOctets: number;
}

/** Undefined where the addon is not built, or was built for a Node whose OpenSSL is not to be reached. */
export const openCrypto = (): Crypto | undefined =>
  withArena<RawCrypto, Crypto>('Crypto', ARENA_OCTETS, (raw, arena) => new Crypto(raw, arena));

export class Crypto {
  readonly #raw: RawCrypto;
  readonly #arena: Uint8Array;
  readonly #hashes: (name: string) => number;
  readonly #ciphers: (name: string) => number;
  readonly #curves: (name: string) => number;

  constructor(raw: RawCrypto, arena: Uint8Array) {
    this.#raw = raw;
    this.#arena = arena;
    this.#hashes = numbering((name) => raw.hash(name));
    this.#ciphers = numbering((name) => raw.cipher(name));
    this.#curves = numbering((name) => raw.curve(name));
  }

  hash(name: string, octets: Uint8Array): Uint8Array | undefined {
    const hash = this.#hashes(name);
    if (hash < 0 || octets.length > ARENA_OCTETS - MARGIN) return undefined;
    this.#arena.set(octets);
    return this.#taken(0, this.#raw.digest(hash, octets.length), octets.length);
  }

  hmac(hash: string, key: Uint8Array, chunks: readonly Uint8Array[]): Uint8Array | undefined {
    const number = this.#hashes(hash);
    if (number < 0) return undefined;
    let octets = 0;
    for (const chunk of chunks) octets += chunk.length;
    if (key.length + octets > ARENA_OCTETS - MARGIN) return undefined;
    this.#arena.set(key);
    let end = key.length;
    for (const chunk of chunks) {
      this.#arena.set(chunk, end);
      end += chunk.length;
    }
    return this.#taken(0, this.#raw.hmac(number, key.length, octets), end);
  }

  prfPlus(hash: string, key: Uint8Array, seed: Uint8Array, octets: number): Uint8Array | undefined {
    const number = this.#hashes(hash);
    const at = key.length + seed.length;
    if (number < 0 || at + octets > ARENA_OCTETS - MARGIN) return undefined;
    this.#arena.set(key);
    this.#arena.set(seed, key.length);
    const isMade = this.#raw.prfPlus(number, key.length, seed.length, octets);
    return this.#taken(at, isMade ? octets : 0, at + octets);
  }

  /** `prefix` | IV | ciphertext | tag: an AEAD whose nonce is salt and IV, over `text`, padded, with `prefix` authentic too. */
  seal(
    { name, keyAndSalt, saltOctets, tagOctets }: Aead,
    iv: Uint8Array,
    prefix: Uint8Array,
    text: Uint8Array,
    paddedOctets: number,
  ): Uint8Array | undefined {
    const cipher = this.#ciphers(name);
    const at = keyAndSalt.length + iv.length;
    const textAt = at + prefix.length + iv.length;
    const end = textAt + paddedOctets;
    if (cipher < 0 || end > ARENA_OCTETS - MARGIN) return undefined;
    const arena = this.#arena;
    arena.set(keyAndSalt);
    arena.set(iv, keyAndSalt.length);
    arena.set(prefix, at);
    arena.set(iv, textAt - iv.length);
    arena.set(text, textAt);
    arena[end - 1] = paddedOctets - 1 - text.length;
    const keyOctets = keyAndSalt.length - saltOctets;
    const nonceOctets = saltOctets + iv.length;
    const [aad, gap] = [prefix.length, iv.length];
    const isDone = this.#raw.encrypt(cipher, keyOctets, nonceOctets, aad, gap, paddedOctets, tagOctets);
    return this.#taken(at, isDone ? end + tagOctets - at : 0, end);
  }

  /** The text of such a datagram, with its padding. */
  open(
    { name, keyAndSalt, saltOctets, tagOctets }: Aead,
    datagram: Uint8Array,
    prefixOctets: number,
    ivOctets: number,
  ): Uint8Array | 'unauthentic' | undefined {
    const cipher = this.#ciphers(name);
    const at = keyAndSalt.length + ivOctets;
    const textAt = at + prefixOctets + ivOctets;
    const end = at + datagram.length;
    if (cipher < 0 || end > ARENA_OCTETS - MARGIN) return undefined;
    const octets = end - tagOctets - textAt;
    if (octets < 1) return 'unauthentic';
    const arena = this.#arena;
    arena.set(keyAndSalt);
    arena.set(datagram, at);
    arena.copyWithin(keyAndSalt.length, at + prefixOctets, textAt);
    const keyOctets = keyAndSalt.length - saltOctets;
    const nonceOctets = saltOctets + ivOctets;
    const isAuthentic = this.#raw.decrypt(cipher, keyOctets, nonceOctets, prefixOctets, ivOctets, octets, tagOctets);
    return this.#taken(textAt, isAuthentic ? octets : 0, end) ?? 'unauthentic';
  }

  meet(curve: string, theirs: Uint8Array): { public: Uint8Array; shared: Uint8Array } | 'refused' | undefined {
    const number = this.#curves(curve);
    const { length } = theirs;
    if (number < 0 || length > MARGIN) return undefined;
    this.#arena.set(theirs);
    const hasMet = this.#raw.meet(number, length);
    const made = { public: this.#arena.slice(0, length), shared: this.#arena.slice(length, 2 * length) };
    this.#wipe(2 * length);
    return hasMet ? made : 'refused';
  }

  /** `octets` at `at`, fresh; the inputs ended at `used`. None: OpenSSL has failed, which is no answer. */
  #taken(at: number, octets: number, used: number): Uint8Array | undefined {
    const taken = octets > 0 ? this.#arena.slice(at, at + octets) : undefined;
    this.#wipe(used);
    return taken;
  }

  #wipe(used: number): void {
    this.#arena.fill(0, 0, used + MARGIN);
  }
}
