/**
 * EAP packets, RFC 3748 §4 and §5:
 *
 *     octets   1     1           2       1     ..
 *              code  identifier  length  type  data        type and data: only of requests and responses
 */
import { METHODS } from './methods.ts';

export type EapPacket =
  | {
      readonly code: 'request' | 'response';
      readonly id: number;
      /** `TYPES`, or a method's. */
      readonly type: number;
      readonly data: Uint8Array;
    }
  | { readonly code: 'success' | 'failure'; readonly id: number };

/** What completes "bad EAP packet: …". */
export interface Wrong {
  readonly wrong: string;
}

/** Types that are no methods. */
export const TYPES = { identity: 1, notification: 2, nak: 3, expanded: 254 } as const;

/** `data` is a view of `octets`, which must be one packet, neither more nor less. */
export function parseEap(octets: Uint8Array): EapPacket | Wrong {
  if (octets.length < 4) return { wrong: `${octets.length} octets, at least 4 expected` };
  const length = (octets[2] << 8) | octets[3];
  if (length !== octets.length) return { wrong: `its length is ${length}, and there are ${octets.length} octets` };
  const code = CODES[octets[0]];
  const id = octets[1];
  if (code === undefined) return { wrong: `code ${octets[0]}` };
  if (code === 'success' || code === 'failure')
    return length === 4 ? { code, id } : { wrong: `${code} with ${length - 4} octets of data` };
  if (length < 5) return { wrong: `${code} without a type` };
  return { code, id, type: octets[4], data: octets.subarray(5) };
}

/** Fresh octets. */
export function encodeEap(packet: EapPacket): Uint8Array {
  const data = 'data' in packet ? packet.data : undefined;
  const octets = new Uint8Array(data ? 5 + data.length : 4);
  if (octets.length > 0xffff) throw new RangeError(`an EAP packet of ${octets.length} octets`);
  octets[0] = CODES.indexOf(packet.code);
  octets[1] = packet.id;
  octets[2] = octets.length >> 8;
  octets[3] = octets.length;
  if (!('data' in packet)) return octets;
  octets[4] = packet.type;
  octets.set(packet.data, 5);
  return octets;
}

/** Methods that the peer would rather have, RFC 3748 §5.3; undefined if `packet` is no Nak. */
export function readNak(packet: EapPacket): readonly number[] | undefined {
  if (packet.code !== 'response') return undefined;
  const { type, data } = packet;
  if (type === TYPES.nak) return [...data].filter((wanted) => wanted !== 0);
  if (type !== TYPES.expanded || !isIetf(data) || data[6] !== TYPES.nak) return undefined;
  const wanted: number[] = [];
  for (let at = 7; at + 8 <= data.length; at += 8) {
    const entry = data.subarray(at, at + 8);
    if (entry[0] === TYPES.expanded && isIetf(entry.subarray(1)) && entry[7] !== 0) wanted.push(entry[7]);
  }
  return wanted;
}

/**
 * The answer of a peer that would rather have one of `wanted`. A request of the expanded type is answered by the expanded
 * Nak, every other by the legacy one: RFC 3748 §5.3.1 and §5.3.2. Nothing wanted: a single 0.
 */
export function encodeNak(request: { id: number; type: number }, wanted: readonly number[]): Uint8Array {
  const { id } = request;
  if (request.type !== TYPES.expanded) {
    return encodeEap({ code: 'response', id, type: TYPES.nak, data: Uint8Array.from(wanted.length ? wanted : [0]) });
  }
  const ietf = (type: number) => [0, 0, 0, 0, 0, 0, type];
  const entries = (wanted.length ? wanted : [0]).map((type) => [TYPES.expanded, ...ietf(type)]);
  const data = Uint8Array.from([...ietf(TYPES.nak), ...entries.flat()]);
  return encodeEap({ code: 'response', id, type: TYPES.expanded, data });
}

/** `EAP-TLS`, `type 18`. */
export const nameOfType = (type: number): string => METHODS.find((row) => row.type === type)?.name ?? `type ${type}`;

const CODES = [undefined, 'request', 'response', 'success', 'failure'] as const;

/** Vendor 0, and a type that fits an octet. */
const isIetf = (data: Uint8Array): boolean => data.length >= 7 && data.subarray(0, 6).every((octet) => octet === 0);
