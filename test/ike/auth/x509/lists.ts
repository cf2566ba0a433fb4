/** CRLs and OCSP responses, as they should and as they should not be. */
import { createHash } from 'node:crypto';
import type { PrivateKey } from '../../../../src/ike/crypto/signature/private-key.ts';
import { bitString, explicit, implicit, integer, NULL, namedBits, octetString, oid, seq, time, tlv } from './der.ts';
import { algorithmOf, DAY, type Digest, extension, type Made, NOW, signature } from './make.ts';

export interface CrlWish {
  readonly entries?: readonly Uint8Array[];
  /** In place of the entries, in one. */
  readonly body?: Uint8Array;
  readonly from?: number;
  readonly to?: number | undefined;
  readonly version?: Uint8Array | undefined;
  readonly extensions?: readonly Uint8Array[];
  readonly key?: PrivateKey;
  readonly digest?: Digest;
}

export function crl(issuer: Made, wish: CrlWish = {}): Uint8Array {
  const { key = issuer.key, digest = 'sha256', entries = [], extensions = [crlNumber(1)] } = wish;
  const algorithm = algorithmOf(key, digest);
  const signed = seq(
    ...('version' in wish ? (wish.version ? [wish.version] : []) : [integer(1)]),
    algorithm,
    issuer.subject,
    time(wish.from ?? NOW - DAY),
    ...('to' in wish && wish.to === undefined ? [] : [time(wish.to ?? NOW + DAY)]),
    ...(wish.body ? [tlv(0x30, wish.body)] : entries.length > 0 ? [seq(...entries)] : []),
    ...(extensions.length > 0 ? [explicit(0, seq(...extensions))] : []),
  );
  return seq(signed, algorithm, bitString(signature(key, digest, signed)));
}

/** Revoked a day before. */
export const entry = (serial: Uint8Array, ...extensions: readonly Uint8Array[]): Uint8Array =>
  seq(serial, time(NOW - DAY), ...(extensions.length > 0 ? [seq(...extensions)] : []));
export const reason = (code: number): Uint8Array => extension('2.5.29.21', tlv(0x0a, Uint8Array.of(code)));
export const crlNumber = (n: number): Uint8Array => extension('2.5.29.20', integer(n));

export interface ScopeWish {
  readonly point?: Uint8Array;
  readonly only?: 'user' | 'ca' | 'attribute';
  readonly reasons?: readonly number[];
  readonly indirect?: boolean;
}

const ONLY = { user: 1, ca: 2, attribute: 5 } as const;
export function scope({ point, only, reasons, indirect }: ScopeWish): Uint8Array {
  const yes = Uint8Array.of(0xff);
  return extension(
    '2.5.29.28',
    seq(
      ...(point ? [explicit(0, explicit(0, point))] : []),
      ...(only && only !== 'attribute' ? [implicit(ONLY[only], yes)] : []),
      ...(reasons ? [namedBits(reasons, 0x83)] : []),
      ...(indirect ? [implicit(4, yes)] : []),
      ...(only === 'attribute' ? [implicit(5, yes)] : []),
    ),
    true,
  );
}

export interface OcspWish {
  readonly serial: Uint8Array;
  readonly status?: 'good' | 'revoked' | 'unknown';
  readonly hash?: 'sha1' | 'sha256';
  readonly from?: number;
  readonly to?: number | undefined;
  readonly producedAt?: number;
  /** Who signs in place of the issuer. */
  readonly responder?: Made;
  /** The responder's certificate does not come along. */
  readonly isBare?: boolean;
  readonly by?: 'name' | 'key';
  readonly digest?: Digest;
  readonly responseStatus?: number;
  readonly extensions?: readonly Uint8Array[];
  readonly kind?: string;
}

const HASH = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1' } as const;

export function certIdOf(issuer: Made, serial: Uint8Array, hash: 'sha1' | 'sha256' = 'sha1'): Uint8Array {
  const digest = (octets: Uint8Array): Uint8Array => octetString(createHash(hash).update(octets).digest());
  return seq(seq(oid(HASH[hash]), NULL), digest(issuer.subject), digest(keyBits(issuer)), serial);
}

const STATUS = {
  good: implicit(0, new Uint8Array()),
  revoked: explicit(1, generalized(NOW - DAY), explicit(0, tlv(0x0a, Uint8Array.of(1)))),
  unknown: implicit(2, new Uint8Array()),
} as const;

export function ocsp(issuer: Made, wish: OcspWish): Uint8Array {
  const { responder, digest = 'sha256', status = 'good', by = 'name', extensions = [] } = wish;
  const signer = responder ?? issuer;
  const algorithm = algorithmOf(signer.key, digest);
  const signed = seq(
    by === 'name'
      ? explicit(1, signer.subject)
      : explicit(2, octetString(createHash('sha1').update(keyBits(signer)).digest())),
    generalized(wish.producedAt ?? NOW - 60),
    seq(
      seq(
        certIdOf(issuer, wish.serial, wish.hash),
        STATUS[status],
        generalized(wish.from ?? NOW - 60),
        ...('to' in wish && wish.to === undefined ? [] : [explicit(0, generalized(wish.to ?? NOW + DAY))]),
      ),
    ),
    ...(extensions.length > 0 ? [explicit(1, seq(...extensions))] : []),
  );
  const basic = seq(
    signed,
    algorithm,
    bitString(signature(signer.key, digest, signed)),
    ...(responder && !wish.isBare ? [explicit(0, seq(responder.der))] : []),
  );
  return seq(
    tlv(0x0a, Uint8Array.of(wish.responseStatus ?? 0)),
    ...(wish.responseStatus ? [] : [explicit(0, seq(oid(wish.kind ?? '1.3.6.1.5.5.7.48.1.1'), octetString(basic)))]),
  );
}

function generalized(seconds: number): Uint8Array {
  return tlv(0x18, Buffer.from(`${new Date(seconds * 1000).toISOString().replace(/[-:T]|\.\d+Z/g, '')}Z`));
}

/** Of a public key, what SPKI has as BIT STRING. */
const keyBits = ({ key }: Made): Uint8Array => key.public.body;
