/**
 * Distinguished names as octets, RFC 5280 §4.1.2.4:
 *
 *     SEQUENCE                     the name
 *       SET                        one RDN, more often than not of one
 *         SEQUENCE                 attribute: type and value
 *           OBJECT IDENTIFIER
 *           any                    a string as a rule
 */

/** One attribute. `tag` and `value`: the value's TLV. */
export interface Attribute {
  /** The contents of its OBJECT IDENTIFIER. */
  readonly type: Uint8Array;
  readonly tag: number;
  readonly value: Uint8Array;
}
export type Rdn = readonly Attribute[];
export type Dn = readonly Rdn[];

export const TAG = {
  OID: 0x06,
  UTF8_STRING: 0x0c,
  NUMERIC_STRING: 0x12,
  PRINTABLE_STRING: 0x13,
  T61_STRING: 0x14,
  IA5_STRING: 0x16,
  VISIBLE_STRING: 0x1a,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** More are no name that anybody has; what is compared with each other in every order is kept short. */
const MAX_ATTRIBUTES = 64;

/** A tag of one octet, its contents, and what follows them; undefined if that is not all there. */
export function readTlv(
  octets: Uint8Array,
): { readonly tag: number; readonly value: Uint8Array; readonly rest: Uint8Array } | undefined {
  if (octets.length < 2 || (octets[0] & 0x1f) === 0x1f) return undefined;
  let length = octets[1];
  let start = 2;
  if (length >= 0x80) {
    const size = length & 0x7f;
    start += size;
    // Four octets count more than any message has; none at all would be the indefinite form, which DER has not.
    if (size === 0 || size > 4 || octets.length < start) return undefined;
    length = octets.subarray(2, start).reduce((sum, octet) => sum * 256 + octet, 0);
  }
  const end = start + length;
  return end > octets.length
    ? undefined
    : { tag: octets[0], value: octets.subarray(start, end), rest: octets.subarray(end) };
}

/** Undefined for octets that are no name, and for one of more than 64 attributes. An empty SEQUENCE is an empty name. */
export function readDn(octets: Uint8Array): Dn | undefined {
  const name = readTlv(octets);
  if (name === undefined || name.tag !== TAG.SEQUENCE || name.rest.length > 0) return undefined;
  const dn: Rdn[] = [];
  let count = 0;
  for (let left = name.value; left.length > 0; ) {
    const set = readTlv(left);
    if (set === undefined || set.tag !== TAG.SET || set.value.length === 0) return undefined;
    const rdn: Attribute[] = [];
    for (let inSet = set.value; inSet.length > 0; ) {
      const sequence = readTlv(inSet);
      const type = sequence && sequence.tag === TAG.SEQUENCE ? readTlv(sequence.value) : undefined;
      const value = type && type.tag === TAG.OID && type.value.length > 0 ? readTlv(type.rest) : undefined;
      if (!sequence || !type || !value || value.rest.length > 0 || ++count > MAX_ATTRIBUTES) return undefined;
      rdn.push({ type: type.value, tag: value.tag, value: value.value });
      inSet = sequence.rest;
    }
    dn.push(rdn);
    left = set.rest;
  }
  return dn;
}

export function writeDn(dn: Dn): Uint8Array {
  return tlv(
    TAG.SEQUENCE,
    ...dn.map((rdn) => {
      const attributes = rdn.map(({ type, tag, value }) => tlv(TAG.SEQUENCE, tlv(TAG.OID, type), tlv(tag, value)));
      // A SET OF is in the order of its encodings, X.690 §11.6.
      return tlv(TAG.SET, ...attributes.sort(Buffer.compare));
    }),
  );
}

export function tlv(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const size = length < 0x80 ? [] : length < 0x100 ? [length] : [length >> 8, length & 255];
  if (length > 0xffff) throw new RangeError(`${length} octets are no part of a name`);
  const head = [tag, size.length === 0 ? length : 0x80 | size.length, ...size];
  return Uint8Array.from(Buffer.concat([Uint8Array.from(head), ...contents]));
}
