/**
 * The data of an AUTH payload that holds a signature. Methods 1 and 9 to 11 have the signature alone; method 14 has
 * (RFC 7427 §3)
 *
 *     octets   1                L                      ..
 *              L                AlgorithmIdentifier    signature
 */
import type { Wrong } from './public-key.ts';
import { isPss, type Scheme, schemeOf } from './scheme.ts';

export interface AuthSignature {
  readonly scheme: Scheme;
  /** A view. */
  readonly signature: Uint8Array;
}

const DIGITAL_SIGNATURE = 14;

/** What a peer says it has signed with; nothing is verified yet. */
export function parseAuth(method: number, data: Uint8Array): AuthSignature | Wrong {
  if (method !== DIGITAL_SIGNATURE) {
    const scheme = schemeOf(method);
    return scheme ? signed(scheme, data) : { wrong: `authentication method ${method} is none of signatures` };
  }
  const length = data[0] ?? 0;
  if (length === 0 || data.length <= 1 + length)
    return { wrong: `${data.length} octets are no AlgorithmIdentifier and a signature` };
  const identifier = data.subarray(1, 1 + length);
  const scheme = schemeOf(method, identifier);
  return scheme ? signed(scheme, data.subarray(1 + length)) : { wrong: unknown(identifier) };
}

/** `signature` under the AlgorithmIdentifier of its scheme, if that has one. */
export function encodeAuth({ identifiers: [identifier] }: Scheme, signature: Uint8Array): Uint8Array {
  if (identifier === undefined) return signature;
  const data = new Uint8Array(1 + identifier.length + signature.length);
  data[0] = identifier.length;
  data.set(identifier, 1);
  data.set(signature, 1 + identifier.length);
  return data;
}

function signed(scheme: Scheme, signature: Uint8Array): AuthSignature | Wrong {
  return signature.length > 0 ? { scheme, signature } : { wrong: 'there is no signature' };
}

function unknown(identifier: Uint8Array): string {
  if (isPss(identifier)) return 'RSASSA-PSS is taken with one hash for message and mask, and a salt as long';
  const hex = Buffer.from(identifier.subarray(0, SHOWN)).toString('hex');
  return `the AlgorithmIdentifier ${hex}${identifier.length > SHOWN ? '…' : ''} is unknown`;
}

const SHOWN = 20;
