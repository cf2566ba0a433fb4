/** `0x` hex (with `_` between octets), `0s` base64, `0t` text; undefined for anything else, or for no octets. */
export function parseEncoded(text: string): Uint8Array | undefined {
  const body = text.slice(2);
  switch (text.slice(0, 2).toLowerCase()) {
    case '0x':
      return /^[0-9a-f]{2}(?:_?[0-9a-f]{2})*$/i.test(body) ? octets(body.replaceAll('_', ''), 'hex') : undefined;
    case '0s': {
      const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(body) && body.length % 4 === 0;
      if (!isBase64) return undefined;
      const data = Buffer.from(body, 'base64');
      // Stray bits behind the last octet are not what an encoder writes.
      return data.toString('base64') === body ? owned(data) : undefined;
    }
    case '0t':
      return body === '' ? undefined : octets(body, 'utf8');
    default:
      return undefined;
  }
}

export const octets = (text: string, encoding: 'hex' | 'utf8'): Uint8Array => owned(Buffer.from(text, encoding));

/** Moves the octets out of Node's shared pool, so that wiping the copy wipes all there is. */
function owned(buffer: Buffer): Uint8Array {
  const bytes = Uint8Array.from(buffer);
  buffer.fill(0);
  return bytes;
}
