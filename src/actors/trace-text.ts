/** What debugging of both versions of IKE has in common. */

/** Of one step: made before it, asked before and after. It changes nothing. */
export interface MessageReader {
  /** The lines of a message, and what is sealed in it as far as the SA's keys open it. */
  received(bytes: Uint8Array): readonly string[];
  sent(bytes: Uint8Array): readonly string[];
  suite(): string;
  keyLengths(): string;
  /** For Wireshark, which decrypts by them. */
  secrets(): string;
}

export const bitsOf = (key: Uint8Array): string => `${key.length * 8} bits`;
export const hexOf = (key: Uint8Array): string => Buffer.from(key).toString('hex') || 'none';
