/** Gateways that peers are sent to, or may send us to: RFC 5685 §6, lists of addresses and host names. */
import { Address } from './address.ts';

/** Each an address in its canonical text, or a name; separated by commas or space. None at all is a list too. */
export function parseGateways(text: string): { readonly to: readonly string[] } | { readonly bad: string } {
  const words = text.split(/[\s,]+/).filter(Boolean);
  const bad = words.find((word) => !Address.parse(word) && !HOST_NAME.test(word));
  if (bad !== undefined) return { bad };
  return { to: words.map((word) => Address.parse(word)?.toString() ?? word) };
}

/** RFC 1123 §2.1; what ends in a number is an address gone wrong. */
const HOST_NAME = /^(?=.{1,253}$)(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*[a-z](?:[a-z\d-]{0,61}[a-z\d])?$/i;
