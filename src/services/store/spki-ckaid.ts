/** The CKAID of a key as certificates carry it: without OpenSSL, which would take longer than all else for a certificate. */
import { sha1 } from '../../ike/crypto/misc.ts';
import { readElement, readInteger, TAG } from '../../ike/crypto/signature/der.ts';
import { KINDS } from '../../ike/crypto/signature/key-kind.ts';

/** 20 octets, of SubjectPublicKeyInfo in DER; undefined for a key that is of no kind that we know. */
export function ckaidOf(spki: Uint8Array): Uint8Array | undefined {
  const outer = readElement(spki, TAG.SEQUENCE);
  const algorithm = outer && readElement(outer.body, TAG.SEQUENCE);
  const bits = algorithm && readElement(algorithm.rest, TAG.BIT_STRING);
  if (!bits) return undefined;
  const identifier = outer.body.subarray(0, outer.body.length - algorithm.rest.length);
  const row = KINDS.find((kind) => Buffer.compare(kind.algorithm, identifier) === 0);
  if (row === undefined) return undefined;
  const body = bits.body.subarray(1);
  if (row.type !== 'RSA') return sha1(body);
  const numbers = readElement(body, TAG.SEQUENCE);
  const modulus = numbers && readInteger(numbers.body);
  return modulus && sha1(modulus.body);
}
