/**
 * What an IKE SA asks of the world beyond helpers: whoever answers may take seconds, and talks to servers. A question
 * suspends the SA as a job does; its `Reply` comes as a message. Every one has a deadline of the answerer's own, so that
 * there always is a reply.
 */
import type { Address, Family } from '../net/address.ts';
import type { Id } from '../net/id.ts';
import { wipe } from './crypto/misc.ts';
import type { EapWay } from './policy.ts';

export type Question =
  /** Authenticator: the peer's packet, or none to begin with. `session` is a number of the SA's own (`Env.jobId`). */
  | {
      readonly t: 'eap';
      readonly session: number;
      readonly ways: readonly EapWay[];
      /** What the peer called itself in IDi. */
      readonly peerId: Id;
      readonly localId: Id;
      /** Who must have issued the certificate that the peer may show to a method (`rightca=`). */
      readonly ca?: Id | undefined;
      /** Of the only keys that its certificate may have (`rightcert=`, `rightckaid=`): SubjectPublicKeyInfo in DER. */
      readonly spkis?: readonly Uint8Array[] | undefined;
      readonly peer: Address;
      readonly local: Address;
      /** The connection's name, for logs and for RADIUS. */
      readonly conn: string;
      readonly packet: Uint8Array | undefined;
    }
  /** Peer: the authenticator's packet. */
  | {
      readonly t: 'eapPeer';
      readonly session: number;
      readonly ways: readonly EapWay[];
      readonly localId: Id;
      /** Our name to EAP: whose the password is. */
      readonly user: string;
      /** The connection's name: its `leftcert=` is what a method with certificates shows. */
      readonly conn: string;
      /** Whom a method that authenticates its server (TLS) must find there. */
      readonly peerId: Id | undefined;
      /** Who must have issued its certificate. */
      readonly ca?: Id | undefined;
      /** Of the only keys that its certificate may have (`rightcert=`, `rightckaid=`): SubjectPublicKeyInfo in DER. */
      readonly spkis?: readonly Uint8Array[] | undefined;
      readonly packet: Uint8Array;
    }
  /** What a chain of certificates wants to be looked up before it can be believed. */
  | { readonly t: 'revocation'; readonly wants: readonly Want[] }
  /** What its authority says now of our certificate, in DER: for a peer that asks us for it. RFC 4806 §4.2. */
  | { readonly t: 'ownOcsp'; readonly certificate: Uint8Array }
  /** Raw keys of an identity, from IPSECKEY records. RFC 4025. */
  | { readonly t: 'dnsKeys'; readonly id: Id; readonly address: Address }
  /** Addresses of hosts. */
  | { readonly t: 'addresses'; readonly names: readonly string[]; readonly family: Family }
  /** XAUTH: whether this is the user's password. Whoever asks wipes it when there is an answer. */
  | {
      readonly t: 'xauth';
      readonly by: 'file' | 'pam' | 'alwaysok';
      readonly user: string;
      readonly password: Uint8Array;
      readonly conn: string;
      readonly peer: Address;
    }
  /** XAUTH: what our user has to type, of whoever watches the connection come up. `text` is for a person. */
  | {
      readonly t: 'xauthPrompt';
      readonly what: 'username' | 'password';
      readonly text: string;
      readonly conn: string;
    };

/** A CRL, or an OCSP response to `request` (DER), under one of these URLs. */
export interface Want {
  readonly kind: 'crl' | 'ocsp';
  readonly urls: readonly string[];
  /** Of OCSP, the OCSPRequest; of a CRL, the certificate that must have signed it. In DER. */
  readonly request?: Uint8Array;
  /** Of OCSP: the CertID in DER, under which the answer is kept. Of a CRL: the issuer's name in DER. */
  readonly about: Uint8Array;
}

export type Reply =
  | {
      readonly t: 'eap';
      /** To be sent, if there is anything: also with `success` and `failure`. */
      readonly packet: Uint8Array | undefined;
      readonly outcome: 'continue' | 'success' | 'failure';
      /** With success: 64 octets, or none if the method makes none. Whoever gets it wipes it. */
      readonly msk?: Uint8Array;
      /** With success: the method, and who the peer is to it. */
      readonly method?: string;
      readonly user?: string;
      /** Of RADIUS: the method has proven somebody inside of TLS, the server does not say whom, and `user` is what was said outside. */
      readonly isHearsay?: boolean;
      /** Of RADIUS: Class attributes as text, for the choice of a connection. */
      readonly classes?: readonly string[];
      /** Of RADIUS: ms that the user may stay. */
      readonly lasts?: number;
      /** With success: inner addresses that are this user's own. */
      readonly addresses?: readonly Address[];
      /** With failure, for the log. */
      readonly why?: string;
    }
  /** What there was to find is on the shelf now, or could not be found: `problems` says of which and why. */
  | { readonly t: 'revocation'; readonly problems: readonly string[] }
  /** OCSPResponse in DER, if there is one. */
  | { readonly t: 'ownOcsp'; readonly response: Uint8Array | undefined }
  /** SubjectPublicKeyInfo in DER. */
  | { readonly t: 'dnsKeys'; readonly keys: readonly Uint8Array[]; readonly isSecure: boolean; readonly why?: string }
  /** Of all the hosts, in the order of their names; `why` there are fewer than there might be. */
  | { readonly t: 'addresses'; readonly addresses: readonly Address[]; readonly why?: string }
  /** `addresses`: inner addresses that are this user's own. */
  | { readonly t: 'xauth'; readonly ok: true; readonly addresses: readonly Address[] }
  /** `why` is for our log alone. */
  | { readonly t: 'xauth'; readonly ok: false; readonly why: string }
  /** What has been typed, without a newline. Whoever gets it wipes it. */
  | { readonly t: 'xauthPrompt'; readonly typed: Uint8Array }
  /** Nobody could answer. */
  | { readonly t: 'none'; readonly why: string };

/** One that nobody awaits any more. */
export const wipeReply = (reply: Reply): void =>
  wipe(reply.t === 'eap' ? reply.msk : reply.t === 'xauthPrompt' ? reply.typed : undefined);
