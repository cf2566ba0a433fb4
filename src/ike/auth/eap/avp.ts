/**
 * Attributes inside EAP-TTLS, RFC 5281 §10.1, in Diameter's form:
 *
 *     octets   4     1      3       0 or 4   ..    0 to 3
 *              code  flags  length  vendor   data  zeros           flags: V M; length: without the zeros
 */
import type { Wrong } from './packet.ts';

export interface Avp {
  readonly code: number;
  /** 0: none. */
  readonly vendor: number;
  readonly isMandatory: boolean;
  readonly data: Uint8Array;
}

export const AVP = { userName: 1, userPassword: 2, chapPassword: 3, chapChallenge: 60, eapMessage: 79 } as const;

/** RFC 2548, of vendor 311. */
export const MICROSOFT = { vendor: 311, error: 2, challenge: 11, response: 25, success: 26 } as const;

/** More are in no message of anybody's. */
const MAX_AVPS = 32;

/** Views of `octets`. */
export function parseAvps(octets: Uint8Array): readonly Avp[] | Wrong {
  const avps: Avp[] = [];
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  for (let at = 0; at < octets.length; ) {
    if (octets.length - at < 8) return { wrong: `${octets.length - at} octets where an attribute should begin` };
    const flags = octets[at + 4];
    const head = flags & FLAG.vendor ? 12 : 8;
    const length = view.getUint32(at + 4) & 0xffffff;
    if (length < head || length > octets.length - at) return { wrong: `an attribute with a length of ${length}` };
    if (avps.length === MAX_AVPS) return { wrong: `more than ${MAX_AVPS} attributes` };
    avps.push({
      code: view.getUint32(at),
      vendor: head === 12 ? view.getUint32(at + 8) : 0,
      isMandatory: (flags & FLAG.mandatory) !== 0,
      data: octets.subarray(at + head, at + length),
    });
    // The last one may come without its padding.
    at = Math.min(at + length + (-length & 3), octets.length);
  }
  return avps;
}

/** Fresh octets. */
export function encodeAvps(avps: readonly Avp[]): Uint8Array {
  const lengths = avps.map(({ vendor, data }) => (vendor ? 12 : 8) + data.length);
  const octets = new Uint8Array(new ArrayBuffer(lengths.reduce((sum, length) => sum + length + (-length & 3), 0)));
  const view = new DataView(octets.buffer);
  let at = 0;
  avps.forEach(({ code, vendor, isMandatory, data }, i) => {
    view.setUint32(at, code);
    view.setUint32(at + 4, lengths[i]);
    octets[at + 4] = (vendor ? FLAG.vendor : 0) | (isMandatory ? FLAG.mandatory : 0);
    if (vendor) view.setUint32(at + 8, vendor);
    octets.set(data, at + lengths[i] - data.length);
    at += lengths[i] + (-lengths[i] & 3);
  });
  return octets;
}

export const findAvp = (avps: readonly Avp[], code: number, vendor = 0): Avp | undefined =>
  avps.find((avp) => avp.code === code && avp.vendor === vendor);

const FLAG = { vendor: 0x80, mandatory: 0x40 } as const;
