/** What there is to know of a key in a certificate: without OpenSSL, which would take longer than all else for it. */
import { sha1 } from '../../ike/crypto/misc.ts';
import { rsaBits, rsaKeyId } from '../../ike/crypto/rsa-public-key.ts';
import { readElement, readInteger, TAG } from '../../ike/crypto/signature/der.ts';
import { type KeyKind, KINDS } from '../../ike/crypto/signature/key-kind.ts';

export interface SpkiFacts {
  readonly kind: KeyKind;
  /** Of the modulus, or of the curve. */
  readonly bits: number;
  /** 20 octets. */
  readonly ckaid: Uint8Array;
  /** Nine characters, as `keyId` has them. */
  readonly keyId: string;
}

/** Of SubjectPublicKeyInfo in DER; undefined for a key that is of no kind that we know. */
export function factsOf(spki: Uint8Array): SpkiFacts | undefined {
  const outer = readElement(spki, TAG.SEQUENCE);
  const algorithm = outer && readElement(outer.body, TAG.SEQUENCE);
  const bits = algorithm && readElement(algorithm.rest, TAG.BIT_STRING);
  if (!bits) return undefined;
  const identifier = outer.body.subarray(0, outer.body.length - algorithm.rest.length);
  const row = KINDS.find((kind) => Buffer.compare(kind.algorithm, identifier) === 0);
  if (row === undefined) return undefined;
  const { kind } = row;
  const body = bits.body.subarray(1);
  if (row.type !== 'RSA') return named(kind, row.bits, sha1(body));
  const numbers = readElement(body, TAG.SEQUENCE);
  const modulus = numbers && readInteger(numbers.body);
  const exponent = modulus && readInteger(modulus.rest);
  if (!exponent || modulus.body.length === 0) return undefined;
  const rsa = { exponent: exponent.body, modulus: modulus.body };
  return named(kind, rsaBits(rsa), sha1(modulus.body), rsaKeyId(rsa));
}

function named(kind: KeyKind, bits: number, ckaid: Uint8Array, keyId?: string): SpkiFacts {
  return { kind, bits, ckaid, keyId: keyId ?? Buffer.from(ckaid).toString('base64').slice(0, 9) };
}
