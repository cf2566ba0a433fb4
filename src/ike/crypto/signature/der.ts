/** As much DER (X.690) as keys and signatures need: lengths in their shortest form, numbers without spare zeros. */

export const TAG = { INTEGER: 0x02, BIT_STRING: 0x03, SEQUENCE: 0x30 } as const;

/** Tag, length and the contents, one after another. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of contents) length += part.length;
  const head = [tag, ...lengthOctets(length)];
  // Outside of the heap, where a secret can be wiped.
  const whole = new Uint8Array(new ArrayBuffer(head.length + length));
  whole.set(head);
  let at = head.length;
  for (const part of contents) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A number that is not negative, from octets in network order. */
export function derInteger(number: Uint8Array): Uint8Array {
  const bare = withoutZeros(number);
  return bare.length > 0 && bare[0] < 0x80 ? der(TAG.INTEGER, bare) : der(TAG.INTEGER, Uint8Array.of(0), bare);
}

/** What is in an element and what follows it. */
export interface Element {
  readonly body: Uint8Array;
  readonly rest: Uint8Array;
}

/** The element at the start, if it is of that `tag` and all there. Views of `octets`. */
export function readElement(octets: Uint8Array, tag: number): Element | undefined {
  if (octets.length < 2 || octets[0] !== tag) return undefined;
  let length = octets[1];
  let at = 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 2 || octets.length < 2 + count) return undefined;
    length = count === 1 ? octets[2] : octets[2] * 256 + octets[3];
    if (length < (count === 1 ? 0x80 : 0x100)) return undefined;
    at += count;
  }
  if (octets.length - at < length) return undefined;
  return { body: octets.subarray(at, at + length), rest: octets.subarray(at + length) };
}

/** The number at the start, without the zero that keeps it from being negative; 0 is no octets. */
export function readInteger(octets: Uint8Array): Element | undefined {
  const element = readElement(octets, TAG.INTEGER);
  if (element === undefined) return undefined;
  const { body, rest } = element;
  if (body.length === 0 || body[0] >= 0x80) return undefined;
  if (body[0] !== 0) return element;
  if (body.length === 1) return { body: body.subarray(1), rest };
  return body[1] >= 0x80 ? { body: body.subarray(1), rest } : undefined;
}

export function withoutZeros(number: Uint8Array): Uint8Array {
  let at = 0;
  while (at < number.length && number[at] === 0) at++;
  return number.subarray(at);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 255];
}
