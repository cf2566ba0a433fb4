/** Certificates as no authority would issue them: every field can be had as it should not be. */
import { createHash, sign as opensslSign } from 'node:crypto';
import type { KeyKind } from '../../../../src/ike/crypto/signature/key-kind.ts';
import type { PrivateKey } from '../../../../src/ike/crypto/signature/private-key.ts';
import { encodeSpki } from '../../../../src/ike/crypto/signature/public-key.ts';
import { writeDn } from '../../../../src/net/dn-der.ts';
import { parseDn } from '../../../../src/net/dn-text.ts';
import { keyOf } from '../../crypto/signature/keys.ts';
import {
  ascii,
  bitString,
  bool,
  explicit,
  implicit,
  integer,
  NULL,
  namedBits,
  octetString,
  oid,
  seq,
  time,
  tlv,
} from './der.ts';

/** 2026-01-01: what the tests take for now. */
export const NOW = Date.UTC(2026, 0, 1) / 1000;
export const DAY = 86_400;

export interface Made {
  readonly der: Uint8Array;
  readonly key: PrivateKey;
  /** Name in DER. */
  readonly subject: Uint8Array;
}

export interface Wish {
  /** `CN=…`. */
  readonly subject?: string;
  readonly key?: PrivateKey;
  readonly issuer?: Made | undefined;
  readonly version?: Uint8Array | undefined;
  readonly serial?: Uint8Array;
  readonly from?: number;
  readonly to?: number;
  readonly extensions?: readonly Uint8Array[] | undefined;
  readonly spki?: Uint8Array;
  readonly digest?: Digest;
  /** Of the two AlgorithmIdentifiers, the one that is signed. */
  readonly inner?: Uint8Array;
  readonly signature?: Uint8Array;
}

export type Digest = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'pss';

let lastSerial = 1000;

/** Self-signed without an issuer. */
export function certificate(wish: Wish = {}): Made {
  const { issuer, key = keyOf('p256'), digest = 'sha256' } = wish;
  const subject = name(wish.subject ?? '');
  const signer = issuer?.key ?? key;
  const algorithm = algorithmOf(signer, digest);
  const { extensions, version = explicit(0, integer(2)) } = wish;
  const signed = seq(
    ...('version' in wish && wish.version === undefined ? [] : [version]),
    wish.serial ?? integer(++lastSerial),
    wish.inner ?? algorithm,
    issuer?.subject ?? subject,
    seq(time(wish.from ?? NOW - DAY), time(wish.to ?? NOW + 365 * DAY)),
    subject,
    wish.spki ?? encodeSpki(key.public),
    ...(extensions && extensions.length > 0 ? [explicit(3, seq(...extensions))] : []),
  );
  return { der: seq(signed, algorithm, bitString(wish.signature ?? signature(signer, digest, signed))), key, subject };
}

export const ca = (wish: Wish = {}): Made =>
  certificate({ extensions: [basicConstraints(true), keyUsage(5, 6)], ...wish });

/** `CN=east` with `east.example` as its name. */
export const leaf = (wish: Wish): Made =>
  certificate({ subject: 'CN=east', extensions: [altNames(dns('east.example'))], ...wish });

export const name = (text: string): Uint8Array => writeDn(text === '' ? [] : parseDn(text)!);

export function extension(dotted: string, value: Uint8Array, isCritical = false): Uint8Array {
  return seq(oid(dotted), ...(isCritical ? [bool(true)] : []), octetString(value));
}

export function basicConstraints(isCa: boolean, pathLength?: number): Uint8Array {
  const parts = [...(isCa ? [bool(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])];
  return extension('2.5.29.19', seq(...parts), true);
}
/** Bits: 0 digitalSignature, 1 nonRepudiation, 5 keyCertSign, 6 cRLSign. */
export const keyUsage = (...bits: readonly number[]): Uint8Array => extension('2.5.29.15', namedBits(bits), true);
export const purposes = (...dotted: readonly string[]): Uint8Array => extension('2.5.29.37', seq(...dotted.map(oid)));
export const altNames = (...names: readonly Uint8Array[]): Uint8Array => extension('2.5.29.17', seq(...names));
export const subjectKeyId = (id: Uint8Array): Uint8Array => extension('2.5.29.14', octetString(id));
export const authorityKeyId = (id: Uint8Array): Uint8Array => extension('2.5.29.35', seq(implicit(0, id)));
export const nameConstraints = (permitted: readonly Uint8Array[], excluded: readonly Uint8Array[] = []): Uint8Array =>
  extension('2.5.29.30', seq(...subtrees(0, permitted), ...subtrees(1, excluded)), true);
const subtrees = (n: number, names: readonly Uint8Array[]): Uint8Array[] =>
  names.length === 0 ? [] : [explicit(n, ...names.map((base) => seq(base)))];
export const crlPoints = (...urls: readonly string[]): Uint8Array =>
  extension('2.5.29.31', seq(...urls.map((url) => seq(explicit(0, explicit(0, uri(url)))))));
export const ocspAt = (...urls: readonly string[]): Uint8Array =>
  extension('1.3.6.1.5.5.7.1.1', seq(...urls.map((url) => seq(oid('1.3.6.1.5.5.7.48.1'), uri(url)))));

export const email = (text: string): Uint8Array => implicit(1, ascii(text));
export const dns = (text: string): Uint8Array => implicit(2, ascii(text));
export const directory = (text: string): Uint8Array => explicit(4, name(text));
export const uri = (text: string): Uint8Array => implicit(6, ascii(text));
export const ip = (...octets: readonly number[]): Uint8Array => implicit(7, Uint8Array.from(octets));

const RSA = { md5: 4, sha1: 5, sha256: 11, sha384: 12, sha512: 13 } as const;
const ECDSA = {
  sha1: '1.2.840.10045.4.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};
/** RSASSA-PSS with SHA-256 and as much salt as fits 2048 bits, as openssl makes it unless told otherwise. */
const MAX_SALT = 222;
const SHA256 = seq(oid('2.16.840.1.101.3.4.2.1'), NULL);
const PSS = seq(
  oid('1.2.840.113549.1.1.10'),
  seq(explicit(0, SHA256), explicit(1, seq(oid('1.2.840.113549.1.1.8'), SHA256)), explicit(2, integer(MAX_SALT))),
);

export function algorithmOf(key: PrivateKey, digest: Digest): Uint8Array {
  if (key.kind === 'ed25519') return seq(oid('1.3.101.112'));
  if (key.kind === 'ed448') return seq(oid('1.3.101.113'));
  if (digest === 'pss') return PSS;
  if (key.kind === 'rsa') return seq(oid(`1.2.840.113549.1.1.${RSA[digest]}`), NULL);
  return seq(oid(ECDSA[digest as keyof typeof ECDSA]));
}

export function signature(key: PrivateKey, digest: Digest, octets: Uint8Array): Uint8Array {
  const isEdwards = key.kind === 'ed25519' || key.kind === 'ed448';
  if (digest === 'pss') return opensslSign('sha256', octets, { key: key.handle, padding: 6, saltLength: MAX_SALT });
  return opensslSign(isEdwards ? null : digest, octets, key.handle);
}

export const another = (kind: KeyKind, which: number): PrivateKey => keyOf(kind, 2048 + which);
export const sha1 = (octets: Uint8Array): Uint8Array => createHash('sha1').update(octets).digest();
export { tlv };
