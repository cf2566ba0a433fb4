/**
 * ECDSA for peers that come once. node:crypto makes an object of each key and tests it at length, which costs as much as to
 * verify with it; who runs us may bring something that does not. Without it all is the same, and slower.
 *
 * Curves are named as OpenSSL names them. Undefined: not done here; then node:crypto does it.
 */
export interface Curves {
  /** Whether X9.62's octets are a point of the curve, which is of prime order. */
  isPoint(curve: string, point: Uint8Array): boolean | undefined;
  /** Whether `signature`, `r | s`, is one of `digest`; false also for a point that is none. */
  verify(curve: string, point: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean | undefined;
}

/** Those that have been taken. */
export let curves: Curves | undefined;

/** For the whole thread, from now on. */
export function takeCurves(by: Curves | undefined): void {
  curves = by;
}
