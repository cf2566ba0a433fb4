/**
 * Public keys that verify: from certificates and `leftpubkey=` (RFC 5280's SubjectPublicKeyInfo), from `leftrsasigkey=`
 * and IPSECKEY (RFC 3110), from `leftecdsakey=` (a bare point, RFC 8005 §5). Whatever a stranger sends is a key in full,
 * or a reason that completes "bad key: …".
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { encodeRsaPublicKey, parseRsaPublicKey, type RsaPublicKey, rsaBits, wrongWithRsa } from '../rsa-public-key.ts';
import { curves } from './curves.ts';
import { der, derInteger, readElement, readInteger, TAG } from './der.ts';
import { isSmallOrder } from './edwards.ts';
import { type KeyKind, KINDS, type KindRow, kindRow } from './key-kind.ts';

export interface PublicKey {
  readonly kind: KeyKind;
  /** Of the modulus, or of the curve. */
  readonly bits: number;
  /** Still taken, and worth a warning: RSA below 2048 bits (NIST SP 800-131A). */
  readonly isWeak: boolean;
  /** What the algorithm makes of it: RSAPublicKey in DER, `04 | x | y`, or RFC 8032's octets. */
  readonly body: Uint8Array;
  /** For RSA alone. */
  readonly rsa?: RsaPublicKey;
  readonly handle: KeyObject;
}

export interface Wrong {
  readonly wrong: string;
}

/** SubjectPublicKeyInfo in DER, and nothing behind it. RFC 5280 §4.1.2.7, RFC 3279 §2.3.1, RFC 5480 §2, RFC 8410 §4. */
export function parseSpki(octets: Uint8Array): PublicKey | Wrong {
  const outer = readElement(octets, TAG.SEQUENCE);
  const algorithm = outer && readElement(outer.body, TAG.SEQUENCE);
  const bits = algorithm && readElement(algorithm.rest, TAG.BIT_STRING);
  if (!bits || outer.rest.length > 0 || bits.rest.length > 0) return { wrong: 'it is no SubjectPublicKeyInfo in DER' };
  const identifier = outer.body.subarray(0, outer.body.length - algorithm.rest.length);
  const row = KINDS.find((kind) => Buffer.compare(kind.algorithm, identifier) === 0);
  if (row === undefined) return { wrong: 'it is neither RSA, ECDSA on a known curve, Ed25519 nor Ed448' };
  if (bits.body[0] !== 0) return { wrong: 'its BIT STRING is not made of whole octets' };
  return fromBody(row, bits.body.subarray(1));
}

/** RFC 3110, as `leftrsasigkey=`, `--pubkeyrsa` and IPSECKEY have it. */
export function parseRsaKey(octets: Uint8Array): PublicKey | Wrong {
  // A copy, also of a Buffer, whose slices are views.
  const rsa = parseRsaPublicKey(Uint8Array.from(octets));
  return 'wrong' in rsa ? rsa : rsaKey(rsa);
}

/** `x | y` of P-256, P-384 or P-521, with or without the 04 in front, as `leftecdsakey=` and IPSECKEY have it. */
export function parseEcdsaKey(octets: Uint8Array): PublicKey | Wrong {
  const point = octets.length % 2 === 1 ? octets : Uint8Array.of(UNCOMPRESSED, ...octets);
  const row = KINDS.find(({ kind, octets: of }) => kind.startsWith('p') && point.length === 1 + 2 * of);
  if (row === undefined) return { wrong: `${octets.length} octets are no point of P-256, P-384 or P-521` };
  return pointKey(row, point);
}

/** RFC 8032's octets: 32 for Ed25519, 57 for Ed448. */
export function parseEddsaKey(octets: Uint8Array): PublicKey | Wrong {
  const row = KINDS.find(({ type, octets: of }) => type === 'EdDSA' && octets.length === of);
  return row ? edwardsKey(row, octets) : { wrong: `${octets.length} octets are no key of Ed25519 or Ed448` };
}

/** SubjectPublicKeyInfo in DER. Equal keys have equal octets. */
export const encodeSpki = ({ kind, body }: PublicKey): Uint8Array =>
  der(TAG.SEQUENCE, kindRow(kind).algorithm, der(TAG.BIT_STRING, Uint8Array.of(0), body));

/** What an IPSECKEY record says: its algorithm (RFC 4025 §2.4, RFC 8005 §5, RFC 9373 §2) and the key's octets. */
export function ipseckeyOf({ kind, body, rsa }: PublicKey): {
  readonly algorithm: number;
  readonly octets: Uint8Array;
} {
  if (rsa) return { algorithm: 2, octets: encodeRsaPublicKey(rsa) };
  return kindRow(kind).type === 'ECDSA' ? { algorithm: 3, octets: body.subarray(1) } : { algorithm: 4, octets: body };
}

export const isSameKey = (a: PublicKey, b: PublicKey): boolean =>
  a.kind === b.kind && Buffer.compare(a.body, b.body) === 0;

const UNCOMPRESSED = 4;

function fromBody(row: KindRow, body: Uint8Array): PublicKey | Wrong {
  switch (row.type) {
    case 'RSA': {
      const rsa = rsaNumbers(body);
      return rsa ? rsaKey(rsa) : { wrong: 'it is no RSAPublicKey in DER' };
    }
    case 'ECDSA':
      if (body.length !== 1 + 2 * row.octets || body[0] !== UNCOMPRESSED)
        return { wrong: `expected a point of ${row.name}, uncompressed` };
      return pointKey(row, body);
    case 'EdDSA':
      if (body.length !== row.octets) return { wrong: `${row.name} has keys of ${row.octets} octets` };
      return edwardsKey(row, body);
  }
}

/** RFC 8017 §A.1.1. */
function rsaNumbers(octets: Uint8Array): RsaPublicKey | undefined {
  const outer = readElement(octets, TAG.SEQUENCE);
  const modulus = outer && readInteger(outer.body);
  const exponent = modulus && readInteger(modulus.rest);
  if (!exponent || exponent.rest.length > 0 || outer.rest.length > 0) return undefined;
  return { modulus: modulus.body.slice(), exponent: exponent.body.slice() };
}

/**
 * Verifying takes as long as the exponent is: octets that it may have, as FIPS 186-5 §5.1 has them, and as OpenSSL has them
 * for a modulus of more bits.
 */
const MOST_EXPONENT = 32;
const LARGE_MODULUS = 3072;
const MOST_OF_LARGE = 8;

function rsaKey(rsa: RsaPublicKey): PublicKey | Wrong {
  const wrong = wrongWithRsa(rsa);
  if (wrong !== undefined) return { wrong };
  const bits = rsaBits(rsa);
  const most = bits > LARGE_MODULUS ? MOST_OF_LARGE : MOST_EXPONENT;
  if (rsa.exponent.length > most)
    return { wrong: `with ${bits} bits its exponent may have ${8 * most}, not ${8 * rsa.exponent.length}` };
  const handle = imported({ kty: 'RSA', n: base64url(rsa.modulus), e: base64url(rsa.exponent) });
  if (handle === undefined) return { wrong: 'OpenSSL does not take it' };
  const body = der(TAG.SEQUENCE, derInteger(rsa.modulus), derInteger(rsa.exponent));
  return { kind: 'rsa', bits, isWeak: bits < 2048, body, rsa, handle };
}

function pointKey(row: KindRow, point: Uint8Array): PublicKey | Wrong {
  const wrong = { wrong: `it is no point of ${row.name}` };
  if (point[0] !== UNCOMPRESSED) return wrong;
  const isPoint = curves?.isPoint(row.curve, point);
  if (isPoint !== undefined) return isPoint ? new PointKey(row, Uint8Array.from(point)) : wrong;
  const handle = pointHandle(row, point);
  return handle ? { kind: row.kind, bits: row.bits, isWeak: false, body: Uint8Array.from(point), handle } : wrong;
}

/** Of a point that is one; most are verified with as they are, and need no handle. */
class PointKey implements PublicKey {
  readonly kind: KeyKind;
  readonly bits: number;
  readonly isWeak = false;
  readonly body: Uint8Array;
  #handle: KeyObject | undefined = undefined;

  constructor({ kind, bits }: KindRow, body: Uint8Array) {
    this.kind = kind;
    this.bits = bits;
    this.body = body;
  }

  get handle(): KeyObject {
    this.#handle ??= pointHandle(kindRow(this.kind), this.body);
    if (this.#handle === undefined) throw new Error(`a point of ${this.kind} that OpenSSL does not take`);
    return this.#handle;
  }
}

function pointHandle(row: KindRow, point: Uint8Array): KeyObject | undefined {
  const x = point.subarray(1, 1 + row.octets);
  const y = point.subarray(1 + row.octets);
  // JWK is much the faster way in, where there is one.
  return row.crv
    ? imported({ kty: 'EC', crv: row.crv, x: base64url(x), y: base64url(y) })
    : importedSpki(der(TAG.SEQUENCE, row.algorithm, der(TAG.BIT_STRING, Uint8Array.of(0), point)));
}

function edwardsKey(row: KindRow, octets: Uint8Array): PublicKey | Wrong {
  if (isSmallOrder(row.octets, octets)) return { wrong: 'it verifies signatures that nobody has made' };
  const handle = imported({ kty: 'OKP', crv: row.crv!, x: base64url(octets) });
  if (handle === undefined) return { wrong: `it is no key of ${row.name}` };
  return { kind: row.kind, bits: row.bits, isWeak: false, body: Uint8Array.from(octets), handle };
}

const base64url = (octets: Uint8Array): string =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64url');

function imported(key: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function importedSpki(octets: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(octets), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
