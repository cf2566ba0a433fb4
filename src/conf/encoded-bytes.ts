/**
 * `0x` hex (with `_` between octets), `0s` base64, `0t` text, from octets to octets of their own: no string is made
 * of what may be a secret. Undefined for anything else, or for no octets.
 */
export function parseEncoded(word: Uint8Array): Uint8Array | undefined {
  if (word.length < 3 || word[0] !== 0x30) return undefined;
  const body = word.subarray(2);
  switch (word[1] | 0x20) {
    case 0x78:
      return parseHex(body);
    case 0x73:
      return parseBase64(body);
    case 0x74:
      return Uint8Array.from(body);
    default:
      return undefined;
  }
}

const UNDERSCORE = 0x5f;
const EQUALS = 0x3d;

function parseHex(body: Uint8Array): Uint8Array | undefined {
  const bytes = new Uint8Array(body.length >> 1);
  let count = 0;
  for (let at = 0; at < body.length; at += 2) {
    if (count > 0 && body[at] === UNDERSCORE) at++;
    const high = HEX[body[at]] ?? 0;
    const low = HEX[body[at + 1]] ?? 0;
    if (high === 0 || low === 0) return forgotten(bytes);
    bytes[count++] = ((high - 1) << 4) | (low - 1);
  }
  return count === bytes.length ? bytes : trimmed(bytes, count);
}

function parseBase64(body: Uint8Array): Uint8Array | undefined {
  const padding = body[body.length - 1] !== EQUALS ? 0 : body[body.length - 2] !== EQUALS ? 1 : 2;
  const count = (body.length / 4) * 3 - padding;
  if (body.length % 4 !== 0 || count <= 0) return undefined;
  const bytes = new Uint8Array(count);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const char of body.subarray(0, body.length - padding)) {
    const six = BASE64[char];
    if (six === 0) return forgotten(bytes);
    held = ((held << 6) | (six - 1)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >> bits;
  }
  // Stray bits behind the last octet are not what an encoder writes.
  return (held & ((1 << bits) - 1)) === 0 ? bytes : forgotten(bytes);
}

function forgotten(bytes: Uint8Array): undefined {
  bytes.fill(0);
}

function trimmed(bytes: Uint8Array, length: number): Uint8Array {
  const copy = bytes.slice(0, length);
  bytes.fill(0);
  return copy;
}

/** Digits by their character, one more than they are worth; 0: no digit. */
function digits(alphabet: string): Uint8Array {
  const values = new Uint8Array(256);
  for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i + 1;
  return values;
}

const HEX = digits('0123456789abcdef');
for (let i = 0; i < 6; i++) HEX[0x41 + i] = HEX[0x61 + i];
const BASE64 = digits('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
