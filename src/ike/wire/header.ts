/**
 * The IKE header, RFC 7296 §3.1:
 *
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |                       IKE SA Initiator's SPI                  |
 *     |                       IKE SA Responder's SPI                  |
 *     |  Next Payload | MjVer | MnVer | Exchange Type |     Flags     |
 *     |                          Message ID                           |
 *     |                            Length                             |
 *
 * Hand-coded rather than a table: the endpoint reads it for every datagram, its fields share octets, and it
 * is the one part of the protocol that version 1 and all later versions have in common.
 */
import { type Malformed, malformed, type Result } from './fault.ts';
import { plain } from './reader.ts';
import type { Writer } from './writer.ts';

export const HEADER_OCTETS = 28;
export const SPI_OCTETS = 8;

const FLAG = { INITIATOR: 0x08, VERSION: 0x10, RESPONSE: 0x20 } as const;
/** Where its fields are, for who looks at a datagram before it is decoded; the same in both versions. RFC 2408 §3.1. */
export const HEADER_AT = { nextPayload: 16, version: 17, exchange: 18, flags: 19, messageId: 20, length: 24 } as const;

export interface Header {
  /** 8 octets each, views into the datagram. */
  readonly spiI: Uint8Array;
  readonly spiR: Uint8Array;
  readonly nextPayload: number;
  readonly major: number;
  readonly minor: number;
  readonly exchange: number;
  /** Sent by the IKE SA's original initiator. */
  readonly isInitiator: boolean;
  readonly isResponse: boolean;
  /** The sender could speak a higher major version. */
  readonly higherVersion: boolean;
  readonly messageId: number;
  /** Octets of the whole message. */
  readonly length: number;
}

/** What the sender chooses: length and next payload follow from the payloads. Version 2.0 unless it says otherwise. */
export interface HeaderFields {
  readonly spiI: Uint8Array;
  readonly spiR: Uint8Array;
  readonly major?: number;
  readonly minor?: number;
  readonly exchange: number;
  readonly isInitiator: boolean;
  readonly isResponse: boolean;
  readonly higherVersion?: boolean;
  readonly messageId: number;
}

/**
 * Any major version: the caller decides what to answer to those it does not speak. A fault if `bytes` is
 * shorter than a header or not exactly as long as the header says.
 */
export function decodeHeader(bytes: Uint8Array): Result<Header> {
  if (bytes.length < HEADER_OCTETS) return refused(0, `${bytes.length} octets are no header`);
  const uint32 = (at: number) =>
    ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
  const length = uint32(HEADER_AT.length);
  if (length !== bytes.length)
    return refused(HEADER_AT.length, `length ${length} in a datagram of ${bytes.length} octets`);
  const flags = bytes[19];
  const octets = plain(bytes);
  return {
    ok: true,
    value: {
      spiI: octets.subarray(0, 8),
      spiR: octets.subarray(8, 16),
      nextPayload: bytes[HEADER_AT.nextPayload],
      major: bytes[17] >> 4,
      minor: bytes[17] & 0x0f,
      exchange: bytes[18],
      isInitiator: (flags & FLAG.INITIATOR) !== 0,
      isResponse: (flags & FLAG.RESPONSE) !== 0,
      higherVersion: (flags & FLAG.VERSION) !== 0,
      messageId: uint32(20),
      length,
    },
  };
}

/** Leaves next payload and length zero, for `sealHeader`. */
export function writeHeader(w: Writer, h: HeaderFields): void {
  if (h.spiI.length !== SPI_OCTETS || h.spiR.length !== SPI_OCTETS) throw new RangeError('an IKE SPI has 8 octets');
  w.octets(h.spiI);
  w.octets(h.spiR);
  w.zeros(1);
  w.uint(1, ((h.major ?? 2) << 4) | (h.minor ?? 0));
  w.uint(1, h.exchange);
  w.uint(
    1,
    (h.isInitiator ? FLAG.INITIATOR : 0) | (h.higherVersion ? FLAG.VERSION : 0) | (h.isResponse ? FLAG.RESPONSE : 0),
  );
  w.uint(4, h.messageId);
  w.zeros(4);
}

export function sealHeader(w: Writer, nextPayload: number, length: number): void {
  w.patch8(HEADER_AT.nextPayload, nextPayload);
  w.patch32(HEADER_AT.length, length);
}

const refused = (offset: number, why: string): { ok: false; fault: Malformed } => ({
  ok: false,
  fault: malformed('HDR', offset, why),
});

/** Of an SPI, a cookie, a message id: whether there is none. */
export function isZero(octets: Uint8Array, at = 0, count = octets.length): boolean {
  for (let i = at; i < at + count; i++) if (octets[i] !== 0) return false;
  return true;
}
