/** Certificates and CRLs made on the spot, as small as they may be: keys of P-256, signed with SHA-256. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { der, derInteger, TAG } from '../../../src/ike/crypto/signature/der.ts';
import { Id } from '../../../src/net/id.ts';

export interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface Wish {
  /** `CN=east`. */
  readonly subject: string;
  /** Itself, if absent. */
  readonly issuer?: Made;
  readonly isCa?: boolean;
  readonly key?: Pair;
  /** DNS names. */
  readonly names?: readonly string[];
  /** s since 1970. */
  readonly from?: number;
  readonly until?: number;
}

export interface Made {
  readonly subject: string;
  readonly key: Pair;
  readonly der: Uint8Array;
  readonly pem: string;
  /** PKCS#8 in PEM. */
  readonly keyPem: string;
}

export const pair = (): Pair => generateKeyPairSync('ec', { namedCurve: 'P-256' });

let serial = 0;

export function certificate(wish: Wish): Made {
  const { subject, isCa = false, key = pair(), names = [], from = 1_600_000_000, until = 2_500_000_000 } = wish;
  const issuer = wish.issuer ?? { subject, key };
  const body = seq(
    der(0xa0, integer(2)),
    integer(++serial),
    ALGORITHM,
    name(issuer.subject),
    seq(time(from), time(until)),
    name(subject),
    new Uint8Array(key.publicKey.export({ type: 'spki', format: 'der' })),
    der(
      0xa3,
      seq(
        ...(isCa ? [extension('551d13', seq(der(0x01, Uint8Array.of(255))))] : []),
        ...(names.length > 0 ? [extension('551d11', seq(...names.map((text) => der(0x82, Buffer.from(text)))))] : []),
        extension('551d0e', der(0x04, Uint8Array.from(Buffer.from(`${serial}`)))),
      ),
    ),
  );
  const octets = signed(body, issuer.key);
  const keyPem = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { subject, key, der: octets, pem: pem('CERTIFICATE', octets), keyPem };
}

/** In DER, of serial numbers. */
export function crl(issuer: Made, revoked: readonly number[], at = 1_700_000_000): Uint8Array {
  const entries = revoked.map((number) => seq(integer(number), time(at)));
  const list = revoked.length > 0 ? [seq(...entries)] : [];
  return signed(seq(integer(1), ALGORITHM, name(issuer.subject), time(at), time(2_500_000_000), ...list), issuer.key);
}

export const pem = (label: string, octets: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(octets)
    .toString('base64')
    .replace(/.{64}(?!$)/g, '$&\n')}\n-----END ${label}-----\n`;

/** ecdsa-with-SHA256. */
const ALGORITHM = seq(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));

function signed(body: Uint8Array, key: Pair): Uint8Array {
  const signature = new Uint8Array(sign('sha256', body, key.privateKey));
  return seq(body, ALGORITHM, der(TAG.BIT_STRING, Uint8Array.of(0), signature));
}

function seq(...parts: readonly Uint8Array[]): Uint8Array {
  return der(TAG.SEQUENCE, ...parts);
}

const name = (text: string): Uint8Array => Id.parse(text)!.data;

function integer(number: number): Uint8Array {
  return derInteger(Uint8Array.of(number >> 24, number >> 16, number >> 8, number));
}

function time(seconds: number): Uint8Array {
  const text = new Date(seconds * 1000).toISOString().replace(/\.\d+|[-:T]/g, '');
  return Number(text.slice(0, 4)) >= 2050 ? der(0x18, Buffer.from(text)) : der(0x17, Buffer.from(text.slice(2)));
}

function extension(oid: string, value: Uint8Array): Uint8Array {
  return seq(der(0x06, Buffer.from(oid, 'hex')), der(0x04, value));
}
