/** Octets that do not parse. Peers cause these, so they are values (docs/STYLE.md §6). */
export interface Malformed {
  readonly kind: 'malformed';
  /** The payload's name as in RFC 7296 §3.2, or `HDR`. */
  readonly where: string;
  /** Octets from the start of what was handed to the decoder: a datagram, or a decrypted chain. */
  readonly offset: number;
  readonly why: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Malformed };

export const malformed = (where: string, offset: number, why: string): Malformed => ({
  kind: 'malformed',
  where,
  offset,
  why,
});
