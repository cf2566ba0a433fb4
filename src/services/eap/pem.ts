/** DER as node:tls wants it: base64 between two lines, in octets that can be wiped, where a string could not. */

export function pem(label: string, der: Uint8Array): Buffer {
  const head = Buffer.from(`-----BEGIN ${label}-----\n`);
  const tail = Buffer.from(`\n-----END ${label}-----\n`);
  const lines = Math.ceil(der.length / 48);
  const whole = Buffer.from(new ArrayBuffer(head.length + 65 * lines - 1 + tail.length)).fill(LINE_FEED);
  head.copy(whole);
  let at = head.length;
  for (let from = 0; from < der.length; from += 48) at = 1 + writeLine(whole, at, der.subarray(from, from + 48));
  tail.copy(whole, at - 1);
  return whole.subarray(0, at - 1 + tail.length);
}

/** All of them, one after another. */
export const pemChain = (chain: readonly Uint8Array[]): Buffer =>
  Buffer.concat(chain.map((der) => pem('CERTIFICATE', der)));

const LINE_FEED = 0x0a;
const PADDING = 0x3d;
const DIGITS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

/** Up to 48 octets; returns where the line ends. */
function writeLine(whole: Buffer, start: number, octets: Uint8Array): number {
  let at = start;
  for (let i = 0; i < octets.length; i += 3) {
    const three = (octets[i] << 16) | ((octets[i + 1] ?? 0) << 8) | (octets[i + 2] ?? 0);
    for (const shift of [18, 12, 6, 0]) whole[at++] = DIGITS[(three >> shift) & 63];
    const missing = Math.max(0, i + 3 - octets.length);
    whole.fill(PADDING, at - missing, at);
  }
  return at;
}
