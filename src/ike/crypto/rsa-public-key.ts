/** RSA public keys as DNS, FreeS/WAN and ipsec.conf(5) write them down: RFC 3110 §2. */

/** Both big-endian, without leading zeros. */
export interface RsaPublicKey {
  readonly exponent: Uint8Array;
  readonly modulus: Uint8Array;
}

/** Bits of a modulus: below anybody can factor it, above nobody computes with it. */
export const RSA_MIN_BITS = 1024;
export const RSA_MAX_BITS = 16_384;

/**
 * The length of the exponent in one octet (or zero and two octets, from 256 on), the exponent, the modulus. Otherwise
 * what is wrong, in words that complete "bad key: …".
 */
export function parseRsaPublicKey(octets: Uint8Array): RsaPublicKey | { readonly wrong: string } {
  if (octets.length < 3) return { wrong: `${octets.length} octets are too few for an RSA key (RFC 3110)` };
  const isLong = octets[0] === 0;
  const exponentLength = isLong ? octets[1] * 256 + octets[2] : octets[0];
  const start = isLong ? 3 : 1;
  if (isLong && exponentLength < 256)
    return { wrong: `an exponent of ${exponentLength} octets has its length in one octet` };
  const exponent = octets.slice(start, start + exponentLength);
  const modulus = octets.slice(start + exponentLength);
  if (exponent.length < exponentLength || modulus.length === 0)
    return { wrong: `the exponent is said to have ${exponentLength} octets, and ${octets.length - start} follow` };
  const key = { exponent, modulus };
  const wrong = wrongWithRsa(key);
  return wrong === undefined ? key : { wrong };
}

/** Why these are no key that anybody should use, in words that complete "bad key: …"; undefined if they are. */
export function wrongWithRsa({ exponent, modulus }: RsaPublicKey): string | undefined {
  if (exponent.length === 0 || modulus.length === 0 || exponent[0] === 0 || modulus[0] === 0)
    return 'exponent and modulus begin without zeros';
  const bits = rsaBits({ exponent, modulus });
  if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
    return `a modulus has ${RSA_MIN_BITS} to ${RSA_MAX_BITS} bits, this one ${bits}`;
  if (isEven(modulus)) return 'the modulus is even, and so no product of two large primes';
  if (isEven(exponent) || (exponent.length === 1 && exponent[0] < 3)) return 'the exponent must be odd and at least 3';
  return exponent.length >= modulus.length ? 'the exponent is not smaller than the modulus' : undefined;
}

/** The same octets again. */
export function encodeRsaPublicKey({ exponent, modulus }: RsaPublicKey): Uint8Array {
  const { length } = exponent;
  const head = length < 256 ? [length] : [0, length >> 8, length & 255];
  return Uint8Array.from([...head, ...exponent, ...modulus]);
}

/** Of the modulus. */
export const rsaBits = ({ modulus }: RsaPublicKey): number => 8 * modulus.length - (Math.clz32(modulus[0]) - 24);

/** FreeS/WAN's: the first nine characters of the key in base 64. */
export const rsaKeyId = (key: RsaPublicKey): string =>
  Buffer.from(encodeRsaPublicKey(key)).toString('base64').slice(0, 9);

const isEven = (number: Uint8Array) => number[number.length - 1] % 2 === 0;
