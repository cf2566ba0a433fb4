/** The small primitives the exchanges need besides the suites: so that only this folder touches OpenSSL. */
import { createHash, hash, timingSafeEqual } from 'node:crypto';
import { shortcuts } from './shortcuts.ts';

/** SHA-1 over the chunks, 20 octets: NAT_DETECTION_*_IP, RFC 7296 §2.23. */
export function sha1(...chunks: readonly Uint8Array[]): Uint8Array {
  // One chunk is the fast way, and the caller's usual one: SPIs, address and port are 22 or 34 octets.
  if (chunks.length === 1) return shortcuts?.hash('sha1', chunks[0]) ?? hash('sha1', chunks[0], 'buffer');
  const digest = createHash('sha1');
  for (const chunk of chunks) digest.update(chunk);
  return digest.digest();
}

/** SHA-256, 32 octets: cookies, RFC 7296 §2.6. */
export const sha256 = (octets: Uint8Array): Uint8Array =>
  shortcuts?.hash('sha256', octets) ?? hash('sha256', octets, 'buffer');

/** Whether `a` and `b` are the same octets, in a time that depends on their lengths only. */
export function equalSecret(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether `a` and `b` are the same octets, none of which is a secret. For a few: Buffer.compare is dearer then. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** One after the other; fresh octets. A spread into an array would box each of them. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  let octets = 0;
  for (const part of parts) octets += part.length;
  const whole = new Uint8Array(octets);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Overwrites a secret that is no longer needed. Undefined is welcome: an optional secret needs no `if`. */
export function wipe(bytes: Uint8Array | undefined): void {
  bytes?.fill(0);
}
