/** ECDSA signatures as RFC 7427 sends them (ECDSA-Sig-Value, RFC 3279 §2.2.3) and as RFC 4754 does (`r | s`). */
import { der, derInteger, readElement, readInteger, TAG } from './der.ts';

/** `r | s`, each as long as a coordinate, from DER and nothing but DER. */
export function fromSigValue(octets: Uint8Array, coordinate: number): Uint8Array | undefined {
  const outer = readElement(octets, TAG.SEQUENCE);
  const r = outer && readInteger(outer.body);
  const s = r && readInteger(r.rest);
  if (!s || s.rest.length > 0 || outer.rest.length > 0) return undefined;
  if (r.body.length > coordinate || s.body.length > coordinate) return undefined;
  const raw = new Uint8Array(2 * coordinate);
  raw.set(r.body, coordinate - r.body.length);
  raw.set(s.body, 2 * coordinate - s.body.length);
  return raw;
}

export const toSigValue = (raw: Uint8Array): Uint8Array =>
  der(TAG.SEQUENCE, derInteger(raw.subarray(0, raw.length / 2)), derInteger(raw.subarray(raw.length / 2)));
