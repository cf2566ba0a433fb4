/**
 * A RADIUS packet, RFC 2865 §3:
 *
 *     0        1        2        4                20
 *     ┌────────┬────────┬────────┬────────────────┬──────────────────────────────
 *     │ code   │ ident. │ length │ authenticator  │ attributes: type, length, value
 *     └────────┴────────┴────────┴────────────────┴──────────────────────────────
 */
import { type Attribute, MOST_OCTETS, misfit } from './attributes.ts';

export const CODES = {
  'Access-Request': 1,
  'Access-Accept': 2,
  'Access-Reject': 3,
  'Accounting-Request': 4,
  'Accounting-Response': 5,
  'Access-Challenge': 11,
  'Disconnect-Request': 40,
  'Disconnect-ACK': 41,
  'Disconnect-NAK': 42,
  'CoA-Request': 43,
  'CoA-ACK': 44,
  'CoA-NAK': 45,
} as const;
export type CodeName = keyof typeof CODES;

export interface Packet {
  readonly code: number;
  /** 0 to 255. */
  readonly identifier: number;
  /** 16 octets: request's or response's. */
  readonly authenticator: Uint8Array;
  readonly attributes: readonly Attribute[];
  /** All of it as it was received, without what lies behind its length: views of it are above. */
  readonly octets: Uint8Array;
}

export interface Malformed {
  /** What was expected, and where. */
  readonly malformed: string;
}

/** Octets; RFC 2865 §3. */
export const HEADER = 20;
export const LARGEST = 4096;
export const AUTHENTICATOR_AT = 4;
export const AUTHENTICATOR_OCTETS = 16;

/** Nothing of it is authentic yet. Octets behind its length are padding and left out, as RFC 2865 §3 demands. */
export function decodePacket(received: Uint8Array): Packet | Malformed {
  if (received.length < HEADER) return { malformed: `${received.length} octets are no packet` };
  const length = (received[2] << 8) | received[3];
  if (length < HEADER || length > LARGEST) return { malformed: `its length says ${length}` };
  if (length > received.length) return { malformed: `its length says ${length}, and ${received.length} octets came` };
  const octets = received.subarray(0, length);
  const attributes: Attribute[] = [];
  for (let at = HEADER; at < length; ) {
    const size = at + 1 < length ? octets[at + 1] : 0;
    if (size < 2 || at + size > length) return { malformed: `the attribute at octet ${at} has no sound length` };
    const found = { type: octets[at], value: octets.subarray(at + 2, at + size) };
    const wrong = misfit(found);
    if (wrong !== undefined) return { malformed: `${wrong} has ${found.value.length} octets` };
    attributes.push(found);
    at += size;
  }
  const authenticator = octets.subarray(AUTHENTICATOR_AT, AUTHENTICATOR_AT + AUTHENTICATOR_OCTETS);
  return { code: octets[0], identifier: octets[1], authenticator, attributes, octets };
}

/** Larger than RADIUS allows is undefined. Whoever signs it writes into the result. */
export function encodePacket(
  code: CodeName,
  identifier: number,
  authenticator: Uint8Array,
  attributes: readonly Attribute[],
): Uint8Array | undefined {
  const length = attributes.reduce((sum, { value }) => sum + 2 + value.length, HEADER);
  if (length > LARGEST) return undefined;
  const octets = new Uint8Array(length);
  octets.set([CODES[code], identifier, length >> 8, length & 0xff]);
  octets.set(authenticator, AUTHENTICATOR_AT);
  let at = HEADER;
  for (const { type, value } of attributes) {
    if (value.length > MOST_OCTETS) throw new RangeError(`attribute ${type} of ${value.length} octets`);
    octets[at] = type;
    octets[at + 1] = 2 + value.length;
    octets.set(value, at + 2);
    at += 2 + value.length;
  }
  return octets;
}
