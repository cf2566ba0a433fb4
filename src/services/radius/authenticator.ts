/**
 * What makes a packet authentic between two that share a secret: the authenticators of RFC 2865 §3, RFC 2866 §3 and
 * RFC 5176 §2.3, and Message-Authenticator, RFC 3579 §3.2. The former are a bare MD5 that an attacker in the middle can
 * forge (CVE-2024-3596), so answers to Access-Requests must have the latter.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { type Attribute, attribute, typeOf } from './attributes.ts';
import { AUTHENTICATOR_AT, AUTHENTICATOR_OCTETS, HEADER, type Packet } from './packet.ts';

const MESSAGE_AUTHENTICATOR = typeOf('Message-Authenticator');
const ZEROS = new Uint8Array(AUTHENTICATOR_OCTETS);

/** To be filled in by `signMessage`: in first place, where nothing that an attacker chooses can stand before it. */
export const unsigned = (): Attribute => attribute('Message-Authenticator', ZEROS);

/** Fills in the Message-Authenticator that a packet begins with. Its authenticator is that of the request already. */
export function signMessage(octets: Uint8Array, secret: Uint8Array): void {
  octets.set(createHmac('md5', secret).update(octets).digest(), HEADER + 2);
}

/** The authenticator of an Accounting-Request or one of RFC 5176: MD5 over it with zeros in its place. */
export function signRequest(octets: Uint8Array, secret: Uint8Array): void {
  octets.fill(0, AUTHENTICATOR_AT, AUTHENTICATOR_AT + AUTHENTICATOR_OCTETS);
  signResponse(octets, secret);
}

/** The authenticator of an answer; `octets` has the request's in its place. */
export function signResponse(octets: Uint8Array, secret: Uint8Array): void {
  octets.set(digest(octets, undefined, secret), AUTHENTICATOR_AT);
}

export function isSignedRequest({ octets, authenticator }: Packet, secret: Uint8Array): boolean {
  return timingSafeEqual(digest(octets, ZEROS, secret), authenticator);
}

/** Whether it answers the request with this authenticator. */
export function isSignedResponse({ octets, authenticator }: Packet, request: Uint8Array, secret: Uint8Array): boolean {
  return timingSafeEqual(digest(octets, request, secret), authenticator);
}

/** `absent`, `wrong` (also when there are two) or `right`. `request`: the request's authenticator, which went into it. */
export function checkMessage(packet: Packet, request: Uint8Array, secret: Uint8Array): 'absent' | 'wrong' | 'right' {
  const [found, another] = packet.attributes.filter(({ type }) => type === MESSAGE_AUTHENTICATOR);
  if (!found) return 'absent';
  if (another) return 'wrong';
  const at = found.value.byteOffset - packet.octets.byteOffset;
  // Not `slice`, which of a Buffer is a window and no copy.
  const octets = new Uint8Array(packet.octets);
  octets.set(request, AUTHENTICATOR_AT);
  octets.fill(0, at, at + AUTHENTICATOR_OCTETS);
  const expected = createHmac('md5', secret).update(octets).digest();
  return timingSafeEqual(expected, found.value) ? 'right' : 'wrong';
}

/** In one piece, because each piece costs as much as the arithmetic. `authenticator` in place of its own. */
function digest(octets: Uint8Array, authenticator: Uint8Array | undefined, secret: Uint8Array): Buffer {
  const all = new Uint8Array(octets.length + secret.length);
  all.set(octets);
  if (authenticator) all.set(authenticator, AUTHENTICATOR_AT);
  all.set(secret, octets.length);
  const digested = hash('md5', all, 'buffer');
  all.fill(0);
  return digested;
}
