/**
 * What every handshake asks of OpenSSL a dozen times. node:crypto makes objects for each of these operations, which cost more
 * than the operations themselves; who runs us may bring something that does not. Without it all is the same, and slower.
 *
 * Names are OpenSSL's. Undefined: not done here, be it for the name, the lengths or the size; then node:crypto does it.
 */
export interface Shortcuts {
  hash(name: string, octets: Uint8Array): Uint8Array | undefined;
  hmac(hash: string, key: Uint8Array, chunks: readonly Uint8Array[]): Uint8Array | undefined;
  /** prf+ of RFC 7296 §2.13, with HMAC as its PRF. */
  prfPlus(hash: string, key: Uint8Array, seed: Uint8Array, octets: number): Uint8Array | undefined;
  /**
   * `prefix` | IV | ciphertext | tag by an AEAD whose nonce is the salt and the IV. `prefix` is authentic as well; `text` is
   * padded to `paddedOctets`, of which the last says how many were added.
   */
  seal(aead: Aead, iv: Uint8Array, prefix: Uint8Array, text: Uint8Array, paddedOctets: number): Uint8Array | undefined;
  /** The text of such a datagram, its padding included. */
  open(
    aead: Aead,
    datagram: Uint8Array,
    prefixOctets: number,
    ivOctets: number,
  ): Uint8Array | 'unauthentic' | undefined;
  /** A responder's half of X25519 and X448: a fresh pair meets the peer's public value. */
  meet(curve: string, theirs: Uint8Array): { public: Uint8Array; shared: Uint8Array } | 'refused' | undefined;
}

export interface Aead {
  readonly name: string;
  /** The salt is its end. */
  readonly keyAndSalt: Uint8Array;
  readonly saltOctets: number;
  readonly tagOctets: number;
}

/** Those that have been taken. */
export let shortcuts: Shortcuts | undefined;

/** For the whole thread, from now on. */
export function takeShortcuts(by: Shortcuts | undefined): void {
  shortcuts = by;
}
