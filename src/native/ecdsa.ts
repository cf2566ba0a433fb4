/**
 * Signatures by ECDSA without an object for each key (ecdsa.cc): what is to be looked at is copied into one arena. Undefined:
 * it is not done here, because OpenSSL does not know the curve, or lengths are none of it.
 */
import { numbering, withArena } from './openssl.ts';

/** Works on the arena that it was made with; ecdsa.cc says how it is laid out for each. */
interface RawEcdsa {
  /** The number to name it by, or -1. */
  curve(name: string): number;
  isPoint(curve: number, octets: number): boolean;
  verify(curve: number, pointOctets: number, digestOctets: number, octets: number): boolean;
}

/** A point, a digest and a signature of the largest curve. */
const ARENA_OCTETS = 512;

/** Undefined where the addon is not built, or was built for a Node whose OpenSSL is not to be reached. */
export const openEcdsa = (): Ecdsa | undefined =>
  withArena<RawEcdsa, Ecdsa>('Ecdsa', ARENA_OCTETS, (raw, arena) => new Ecdsa(raw, arena));

export class Ecdsa {
  readonly #raw: RawEcdsa;
  readonly #arena: Uint8Array;
  readonly #curves: (name: string) => number;

  constructor(raw: RawEcdsa, arena: Uint8Array) {
    this.#raw = raw;
    this.#arena = arena;
    this.#curves = numbering((name) => raw.curve(name));
  }

  /** Whether `point`, as X9.62 encodes them, is one of the curve that OpenSSL calls so. */
  isPoint(curve: string, point: Uint8Array): boolean | undefined {
    const number = this.#curves(curve);
    if (number < 0 || point.length > ARENA_OCTETS) return undefined;
    this.#arena.set(point);
    return this.#raw.isPoint(number, point.length);
  }

  /** Whether `signature`, `r | s`, is one of `digest` by the key whose point this is. */
  verify(curve: string, point: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean | undefined {
    const number = this.#curves(curve);
    const octets = signature.length / 2;
    const isFit = Number.isInteger(octets) && point.length + digest.length + signature.length <= ARENA_OCTETS;
    if (number < 0 || !isFit) return undefined;
    this.#arena.set(point);
    this.#arena.set(digest, point.length);
    this.#arena.set(signature, point.length + digest.length);
    return this.#raw.verify(number, point.length, digest.length, octets);
  }
}
