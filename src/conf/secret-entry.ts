/** What ipsec.secrets(5) holds, entry by entry. */
import type { Id } from '../net/id.ts';
import type { Place } from './scan.ts';
import type { Secret } from './secret.ts';

/** What an entry is for: an identity, `%any`, or something that matches nobody (a host name). */
export type Index = { readonly t: 'id'; readonly id: Id } | { readonly t: 'any' } | { readonly t: 'none' };

interface Indexed extends Place {
  /** Empty: for everybody. */
  readonly indices: readonly Index[];
}

/** `@west @east : PSK "…"`, `@user : XAUTH "…"`, `user : EAP "…"`, and `192.0.2.1 : RADIUS "…"`. */
export interface SharedEntry extends Indexed {
  readonly kind: 'PSK' | 'XAUTH' | 'EAP' | 'RADIUS';
  readonly secret: Secret;
}

/** `@west : PPKS "ID" "…"`, RFC 8784. */
export interface PpkEntry extends Indexed {
  readonly kind: 'PPKS';
  /** PPK_ID as both ends write it, octets. */
  readonly id: Uint8Array;
  readonly secret: Secret;
}

/** `: RSA {…}`, `: RSA east.pem "…"` and the like. */
export interface KeyEntry extends Indexed {
  readonly kind: KeyKind;
  readonly key: RsaNumbers | KeyFile;
}

/** `: PIN "…"`, of a smart card. */
export interface PinEntry extends Indexed {
  readonly kind: 'PIN';
  /** Absent: `%prompt`. */
  readonly secret?: Secret | undefined;
}

export type SecretEntry = SharedEntry | PpkEntry | KeyEntry | PinEntry;
export type SecretKind = SecretEntry['kind'];

/** `PKCS8` is whatever key is in the file, `P12` a key with its certificates. */
export const KEY_KINDS = ['RSA', 'ECDSA', 'PKCS8', 'P12'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** FreeS/WAN's names for the numbers of PKCS#1 (RFC 8017 §3.2), in its order. */
export const RSA_FIELDS = [
  'Modulus',
  'PublicExponent',
  'PrivateExponent',
  'Prime1',
  'Prime2',
  'Exponent1',
  'Exponent2',
  'Coefficient',
] as const;
export type RsaField = (typeof RSA_FIELDS)[number];

/** Big-endian, without leading zeros, and consistent with each other. */
export interface RsaNumbers {
  readonly t: 'numbers';
  readonly numbers: Readonly<Record<RsaField, Secret>>;
}

export interface KeyFile {
  readonly t: 'file';
  readonly path: string;
  /** The file as it was when it was read: PEM or DER. */
  readonly octets: Secret;
  /** Absent: none, or `%prompt`. */
  readonly passphrase?: Secret | undefined;
  readonly isPrompted: boolean;
}
