/**
 * A connection as the protocol sees it: frozen, shared by every SA made from it, and complete, so that no
 * exchange ever asks what a keyword's default is. Times are milliseconds.
 */
import type { Address, Family } from '../net/address.ts';
import type { AddressRange } from '../net/address-range.ts';
import type { Id } from '../net/id.ts';
import type { Selector } from '../net/selector.ts';
import type { Proposal } from './crypto/proposal.ts';
import type { SignatureWay } from './crypto/signature/choice.ts';

export interface Policy {
  readonly name: string;
  /** For instances of a template: their number, from 1. */
  readonly instance?: number;
  /** Our end's address; absent when any of ours will do. */
  readonly localHost?: Address;
  /** The peer's; absent for a template (`right=%any`). */
  readonly remoteHost?: Address;
  readonly remotePort: number;
  readonly localId: Id;
  /** Absent: any identity that has a secret. */
  readonly remoteId?: Id;
  /** How we prove who we are, and how the peer must: a round each, the first for `localId` and `remoteId`. RFC 4739 has more. */
  readonly ours: readonly [AuthRound, ...AuthRound[]];
  readonly theirs: readonly [AuthRound, ...AuthRound[]];
  /** SHA-1 in RFC 7427 signatures; RFC 8247 §3.2 says MUST NOT. */
  readonly sha1: boolean;
  /** The peer's certificate must name its identity (`require-id-on-certificate=`). */
  readonly idOnCertificate: boolean;
  /** Which issuers go along with our certificate. */
  readonly sendCa: 'none' | 'issuer' | 'all';
  readonly ppk: 'no' | 'permit' | 'insist';
  /** PPK_IDs of this connection, in order of preference; empty: any that there is. */
  readonly ppkIds: readonly string[];
  /** IKE_INTERMEDIATE, RFC 9242. */
  readonly intermediate: boolean;
  readonly ike: readonly Proposal[];
  readonly child: ChildPolicy;
  /** Inner addresses that one end gets of the other; absent: none. RFC 7296 §2.19. */
  readonly cp?: CpPolicy | undefined;
  /** Large messages in fragments, when the peer can put them together. RFC 7383. */
  readonly fragmentation: boolean;
  /** ESP in UDP: `auto` follows NAT detection, `yes` pretends a NAT, `no` never. */
  readonly encapsulation: 'auto' | 'yes' | 'no';
  readonly natKeepalive: number;
  readonly initialContact: boolean;
  /** Gateways that the peer may send us to (RFC 5685), addresses and names; empty: any. Undefined: none. */
  readonly acceptRedirect?: readonly string[] | undefined;
  readonly ikeLifetime: number;
  readonly rekey: boolean;
  readonly rekeyMargin: number;
  /** Up to this share of the margin is added to it by dice, 1 = 100 %. */
  readonly rekeyFuzz: number;
  readonly retransmitInterval: number;
  readonly retransmitTimeout: number;
  /** 0: no liveness checks. */
  readonly dpdDelay: number;
  /** `keyexchange=ikev1`: what IKEv1 alone asks for. Undefined: IKEv2. */
  readonly v1: V1Terms | undefined;
}

export interface V1Terms {
  /** As initiator begin with Aggressive Mode; as responder answer it. RFC 2409 §5.4. */
  readonly aggressive: boolean;
  /** `nat-ikev1-method=`: which forms of NAT traversal are offered and understood. */
  readonly nat: 'both' | 'rfc' | 'drafts' | 'none';
  /** `dpdtimeout=`, ms: how long a peer may be silent when it is asked. RFC 3706. */
  readonly dpdTimeout: number;
  /** `dpdaction=`: what becomes of a tunnel whose peer is dead; undefined: as `auto=` says. */
  readonly dpdAction: 'hold' | 'clear' | 'restart' | undefined;
  /** An ISAKMP SA alone: without `--encrypt` and `--authenticate` there is nothing to protect. */
  readonly isAlone: boolean;
  /** XAUTH after phase 1, as who asks or who answers. */
  readonly xauth: Xauth | undefined;
  /** Who begins Mode Config, where `Policy.cp` wants any: the client pulls, or the server pushes. */
  readonly modeConfig: 'pull' | 'push';
}

/** draft-beaulieu-ike-xauth-02. */
export type Xauth =
  | {
      readonly role: 'server';
      /** `xauthby=`. */
      readonly by: 'file' | 'pam' | 'alwaysok';
      /** `xauthfail=soft`: who is not believed gets an SA all the same, that its updown hears of. */
      readonly isSoft: boolean;
    }
  /** `user`: our name there, if it is known: `leftusername=`. */
  | { readonly role: 'client'; readonly user: string | undefined };

/** Configuration payloads, RFC 7296 §3.15. Frozen, and the connection's own. */
export type CpPolicy =
  /** The peer gets an address, and what else it needs to know. */
  | {
      readonly role: 'server';
      /** In order; empty: only who has an address of its own gets one. */
      readonly pools: readonly AddressRange[];
      readonly dns: readonly Address[];
      /** RFC 8598. */
      readonly domains: readonly string[];
      readonly banner: string | undefined;
    }
  /** We want one of each family. */
  | { readonly role: 'client'; readonly families: readonly Family[] };

/** One proof of an identity. Frozen, and shared by all connections that have the same. */
export interface AuthRound {
  /** In order of preference; one of them is enough. */
  readonly ways: readonly AuthWay[];
  /** Of a further round: whose it is. */
  readonly id: Id | undefined;
  /** Our key, or the one that the peer must have: `leftcert=` or `leftckaid=`. */
  readonly key: KeyName | undefined;
  /** A name that must be among the issuers (`leftca=`): ours choose our certificate, theirs are what the peer must have. */
  readonly ca: Id | undefined;
  /** Ours: when our certificate is sent. */
  readonly sendCert: 'always' | 'ifasked' | 'never';
  /** Of EAP: the name that we log in with, else our identity; theirs, or a pattern with `*`, else anybody's. */
  readonly eapId?: string | undefined;
  /** `%dns`, `%dnsondemand`: raw keys for the identity are looked for in DNS. */
  readonly keysFromDns: boolean;
}

export type KeyName =
  /** The name of a certificate in the store. */
  | { readonly t: 'cert'; readonly name: string }
  /** 20 octets. */
  | { readonly t: 'ckaid'; readonly ckaid: Uint8Array };

export type AuthWay = 'secret' | 'null' | 'never' | SignatureWay | EapWay;

/** `eap`: whichever method the one that asks prefers; as responder, what the user's entry or the RADIUS server says. */
export type EapWay = 'eap' | 'eap-tls' | 'eap-mschapv2' | 'eap-md5' | 'eap-ttls' | 'eap-peap' | 'eap-radius';

export interface ChildPolicy {
  readonly proposals: readonly Proposal[];
  /** IKEv1: AH around the ESP of `proposals`. RFC 2401 §4.3. */
  readonly ah?: readonly Proposal[] | undefined;
  /** IKEv1: IPComp, by DEFLATE, where the peer wants it too. RFC 3173. */
  readonly compress?: boolean;
  readonly mode: 'tunnel' | 'transport';
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
  /** Of `remote` the peer chooses what is behind it: a single address, or any part; `orItself`: or its own address. */
  readonly peerChooses?: { readonly isHost: boolean; readonly orItself: boolean } | undefined;
  /** `17/%any`: the one port of that end is what the peer says. IKEv1's. */
  readonly openPort?: 'local' | 'remote' | undefined;
  /** As initiator, accept less than asked for; as responder, give less than configured. RFC 7296 §2.9. */
  readonly narrowing: boolean;
  readonly pfs: boolean;
  readonly esn: 'yes' | 'no' | 'either';
  readonly replayWindow: number;
  readonly lifetime: number;
  readonly maxBytes?: number;
  readonly maxPackets?: number;
  readonly reqid: number;
  /** Of its policies in the data plane; 0: by how specific they are. */
  readonly priority: number;
}
