/**
 * Points of Ed25519 and Ed448 that no key pair has, and with which a signature can be made for any message: those whose
 * order divides the cofactor, and encodings that are not RFC 8032's (§5.1.3 and §5.2.3, y below p).
 */

/** Whether a key of 32 or 57 octets, little-endian with the sign of x on top, is one of them. */
export function isSmallOrder(length: number, key: Uint8Array): boolean {
  const y = Uint8Array.from(key);
  y[length - 1] &= 0x7f;
  const number = bigEndian(y);
  const { p, small } = length === 32 ? ED25519 : ED448;
  return number >= p || small.some((value) => number === value || number === p - value);
}

const P25519 = (1n << 255n) - 19n;
const P448 = (1n << 448n) - (1n << 224n) - 1n;

/** y of the points of order 1, 2, 4 and, on Ed25519, 8; their negatives are meant as well. */
const ED25519 = {
  p: P25519,
  small: [0n, 1n, 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n],
};
const ED448 = { p: P448, small: [0n, 1n] };

const bigEndian = (littleEndian: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(littleEndian).reverse().toString('hex')}`);
