/**
 * TLS as EAP's methods use it: flights of records in, flights out, and keys from the secrets of the handshake. Whoever does
 * it runs elsewhere, because a private-key operation would hold up the main thread; so all of this is plain data.
 */

import type { RevocationRules } from '../../ike/auth/x509/revocation.ts';
import type { Want } from '../../ike/questions.ts';

/** What the ends of a kind have in common: made once, used by many tunnels. */
export interface TlsTerms {
  readonly role: 'server' | 'client';
  /** Our private key, by its number on the key shelf; absent: a client without a certificate. */
  readonly key: number | undefined;
  /** DER, ours first. */
  readonly chain: readonly Uint8Array[];
  /** Of a server: whether its client must have a certificate. A server always must. */
  readonly wantsCertificate: boolean;
  /** Of a server: where its client is (`sourceOf`), which may have but a share of all tunnels. */
  readonly source?: string;
}

/** What came of what was fed. */
export interface Flight {
  /** Records to be sent. */
  readonly out: Uint8Array;
  /** What the other end has sent through the tunnel; may hold a password. */
  readonly plain: Uint8Array;
  readonly state: 'handshake' | 'open' | 'closed';
  /** Why it is closed. */
  readonly why: string | undefined;
  /** In the flight that opened it. */
  readonly opened: Opened | undefined;
}

export interface Opened {
  readonly isTls13: boolean;
  /** The other end has a certificate. */
  readonly hasCertificate: boolean;
}

/** What the other end's certificate must be. */
export interface Judging {
  /** The identity that it must name: ID type, then the data. Absent: any. */
  readonly id: Uint8Array | undefined;
  /** A name that must be among those of its issuers, as a connection says it: with wildcards, perhaps. DER. Absent: any. */
  readonly ca: Uint8Array | undefined;
  /** What its key may be, SubjectPublicKeyInfo in DER. Absent: any. */
  readonly spkis?: readonly Uint8Array[] | undefined;
  readonly rules: RevocationRules;
}

export type Judgement =
  | { readonly t: 'good' }
  /** Names the certificate. */
  | { readonly t: 'bad'; readonly why: string }
  /** Nothing, before these have been looked up. */
  | { readonly t: 'undecided'; readonly wants: readonly Want[] };

export interface KeyRequest {
  readonly label: string;
  /** Absent is not the same as empty before TLS 1.3. */
  readonly context?: Uint8Array;
  readonly octets: number;
}

export interface TlsPort {
  /** The number of a new tunnel, or why there is none. */
  open(terms: TlsTerms): Promise<number | { readonly wrong: string }>;
  /** Records of the other end; none from a client to begin with. Never rejects: a failure is a closed tunnel. */
  feed(tunnel: number, records: Uint8Array): Promise<Flight>;
  /** Sends through an open tunnel. */
  write(tunnel: number, plain: Uint8Array): Promise<Flight>;
  /** Whether the other end's certificates are good. Of an open tunnel. */
  judge(tunnel: number, judging: Judging): Promise<Judgement>;
  /** RFC 5705, of an open tunnel: octets of the receiver's to wipe; undefined if the tunnel is not open. */
  exportKey(tunnel: number, request: KeyRequest): Promise<Uint8Array | undefined>;
  /** Its memory is free at once. One that is not there is no news. */
  close(tunnel: number): void;
}
