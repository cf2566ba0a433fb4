/**
 * OpenSSL without an object for each operation (crypto.cc): inputs are copied into one arena, outputs out of it, and what was
 * in it is zeros afterwards. Names are OpenSSL's. Undefined: it is not done here, for OpenSSL does not know the name or
 * refuses the lengths, or for the octets are too many.
 */
import { addon } from './addon.ts';

/** Works on the arena that it was made with; crypto.cc says how it is laid out for each. */
interface RawCrypto {
  /** These three: the number to name it by, or -1. */
  hash(name: string): number;
  cipher(name: string): number;
  curve(name: string): number;
  digest(hash: number, octets: number): number;
  hmac(hash: number, keyOctets: number, octets: number): number;
  prfPlus(hash: number, keyOctets: number, seedOctets: number, octets: number): boolean;
  encrypt(cipher: number, key: number, nonce: number, aad: number, text: number, tag: number): boolean;
  decrypt(cipher: number, key: number, nonce: number, aad: number, text: number, tag: number): boolean;
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
export function openCrypto(): Crypto | undefined {
  try {
    const { Crypto: Raw } = addon<{ readonly Crypto?: new (arena: Uint8Array) => RawCrypto }>();
    if (!Raw) return undefined;
    const arena = new Uint8Array(ARENA_OCTETS);
    return new Crypto(new Raw(arena), arena);
  } catch {
    return undefined;
  }
}

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

  encrypt(aead: Aead, iv: Uint8Array, aad: Uint8Array, text: Uint8Array): Uint8Array | undefined {
    const cipher = this.#ciphers(aead.name);
    const { keyAndSalt, tagOctets } = aead;
    const at = keyAndSalt.length + iv.length + aad.length;
    const end = at + text.length;
    if (cipher < 0 || end > ARENA_OCTETS - MARGIN) return undefined;
    this.#lay(keyAndSalt, iv, aad, text);
    const [keyOctets, nonceOctets] = lengths(aead, iv);
    const isDone = this.#raw.encrypt(cipher, keyOctets, nonceOctets, aad.length, text.length, tagOctets);
    return this.#taken(at, isDone ? text.length + tagOctets : 0, end);
  }

  decrypt(aead: Aead, iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | 'unauthentic' | undefined {
    const cipher = this.#ciphers(aead.name);
    const { keyAndSalt, tagOctets } = aead;
    const at = keyAndSalt.length + iv.length + aad.length;
    const end = at + sealed.length;
    if (cipher < 0 || end > ARENA_OCTETS - MARGIN) return undefined;
    const octets = sealed.length - tagOctets;
    if (octets < 0) return 'unauthentic';
    this.#lay(keyAndSalt, iv, aad, sealed);
    const [keyOctets, nonceOctets] = lengths(aead, iv);
    const isAuthentic = this.#raw.decrypt(cipher, keyOctets, nonceOctets, aad.length, octets, tagOctets);
    if (isAuthentic) return this.#taken(at, octets, end);
    this.#wipe(end);
    return 'unauthentic';
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

  #lay(...chunks: readonly Uint8Array[]): void {
    let at = 0;
    for (const chunk of chunks) {
      this.#arena.set(chunk, at);
      at += chunk.length;
    }
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

const lengths = ({ keyAndSalt, saltOctets }: Aead, iv: Uint8Array): readonly [key: number, nonce: number] => [
  keyAndSalt.length - saltOctets,
  saltOctets + iv.length,
];

/** Asks once for each name. */
function numbering(ask: (name: string) => number): (name: string) => number {
  const known = new Map<string, number>();
  return (name) => {
    const asked = known.get(name);
    if (asked !== undefined) return asked;
    const number = ask(name);
    known.set(name, number);
    return number;
  };
}
