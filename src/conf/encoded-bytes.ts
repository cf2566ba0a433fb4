/** Octets as ipsec.secrets(5) writes them: `0x` hex with `_` between octets, `0s` base64, `0t` text. */

/**
 * Puts what `word` stands for at the start of `into`, which has room for as many octets as the word has: no string
 * and no copy is made of what may be a secret. How many there are; undefined if it is none of these, or empty.
 */
export function decode(word: Uint8Array, into: Uint8Array): number | undefined {
  if (word.length < 3 || word[0] !== 0x30) return undefined;
  const body = word.subarray(2);
  switch (word[1] | 0x20) {
    case 0x78:
      return decodeHex(body, into);
    case 0x73:
      return decodeBase64(body, into);
    case 0x74:
      into.set(body);
      return body.length;
    default:
      return undefined;
  }
}

/** The same in octets of its own, for what is no secret. */
export function parseEncoded(word: Uint8Array): Uint8Array | undefined {
  const octets = new Uint8Array(word.length);
  const length = decode(word, octets);
  return length === undefined ? undefined : octets.slice(0, length);
}

const UNDERSCORE = 0x5f;
const EQUALS = 0x3d;

function decodeHex(body: Uint8Array, into: Uint8Array): number | undefined {
  let count = 0;
  for (let at = 0; at < body.length; at += 2) {
    if (count > 0 && body[at] === UNDERSCORE) at++;
    const high = HEX[body[at]] ?? 0;
    const low = HEX[body[at + 1]] ?? 0;
    if (high === 0 || low === 0) return undefined;
    into[count++] = ((high - 1) << 4) | (low - 1);
  }
  return count;
}

function decodeBase64(body: Uint8Array, into: Uint8Array): number | undefined {
  const padding = body[body.length - 1] !== EQUALS ? 0 : body[body.length - 2] !== EQUALS ? 1 : 2;
  if (body.length % 4 !== 0) return undefined;
  let bits = 0;
  let held = 0;
  let count = 0;
  for (let at = 0; at < body.length - padding; at++) {
    const six = BASE64[body[at]];
    if (six === 0) return undefined;
    held = ((held << 6) | (six - 1)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    into[count++] = held >> bits;
  }
  // Stray bits behind the last octet are not what an encoder writes.
  return count > 0 && (held & ((1 << bits) - 1)) === 0 ? count : undefined;
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
