/**
 * Class attributes as text and back, octet for octet: RFC 2865 §5.25 wants them returned as they came, and people want
 * to read them. What is no text is hexadecimal: `0x2d6f…`.
 */
export function classText(octets: Uint8Array): string {
  const text = plain(octets);
  return text === undefined ? `0x${Buffer.from(octets).toString('hex')}` : text;
}

export function classOctets(text: string): Uint8Array {
  return text.startsWith('0x') ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'utf8');
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function plain(octets: Uint8Array): string | undefined {
  try {
    const text = UTF8.decode(octets);
    return /^(?!0x)[^\p{C}\p{Zl}\p{Zp}]+$/u.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
