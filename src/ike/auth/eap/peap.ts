/**
 * What PEAP version 0 puts inside its tunnel, draft-kamath-pppext-peapv0-00: EAP packets without code, identifier and
 * length, but for those of its own type, which have all and carry TLVs:
 *
 *     33   octets   2                    2       ..
 *                   mandatory bit, type  length  value             Result TLV, type 3: 1 success, 2 failure
 */
import { encodeEap, parseEap } from './packet.ts';

/** "EAP Extensions". */
const EXTENSIONS = 33;
const RESULT = 3;
const MANDATORY = 0x8000;

/** Whether the other end's packet is one of TLVs, and whether these say success. Undefined: it is an inner packet. */
export function readResult(inner: Uint8Array): { readonly isSuccess: boolean } | undefined {
  const packet = parseEap(inner);
  if ('wrong' in packet || !('data' in packet) || packet.type !== EXTENSIONS) return undefined;
  let isSuccess = false;
  const { data } = packet;
  for (let at = 0; at + 4 <= data.length; ) {
    const type = ((data[at] << 8) | data[at + 1]) & 0x3fff;
    const length = (data[at + 2] << 8) | data[at + 3];
    if (length > data.length - at - 4) return { isSuccess: false };
    if (type === RESULT && length === 2) isSuccess = data[at + 4] === 0 && data[at + 5] === 1;
    at += 4 + length;
  }
  return { isSuccess };
}

/** With its head: RFC-wise an ordinary packet of the type 33. */
export function encodeResult(code: 'request' | 'response', id: number, isSuccess: boolean): Uint8Array {
  const data = Uint8Array.of((MANDATORY | RESULT) >> 8, RESULT, 0, 2, 0, isSuccess ? 1 : 2);
  return encodeEap({ code, id, type: EXTENSIONS, data });
}

/** `packet` as it goes into the tunnel. */
export const withoutHead = (packet: Uint8Array): Uint8Array => packet.subarray(4);

/** What came out of the tunnel as a packet again. */
export function withHead(code: 'request' | 'response', id: number, inner: Uint8Array): Uint8Array {
  // Some peers put whole packets in: those are what they say they are.
  const whole = parseEap(inner);
  if (!('wrong' in whole) && whole.code === code && whole.id === id) return inner;
  return encodeEap({ code, id, type: inner[0] ?? 0, data: inner.subarray(1) });
}
