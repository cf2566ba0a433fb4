/**
 * The protocol's border: what goes into an IKE SA and what comes out. Nothing else crosses it, so the same
 * exchange runs in the daemon, in a test on a virtual clock, and in the bench.
 */
import type { Address, Family } from '../net/address.ts';
import type { AddressRange } from '../net/address-range.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Id } from '../net/id.ts';
import type { Selector } from '../net/selector.ts';
import type { Subnet } from '../net/subnet.ts';
import type { Child } from './child.ts';
import type { Job, JobResult } from './crypto/job.ts';
import type { ChildSuite } from './crypto/keys.ts';
import type { SigningKey } from './crypto/signature/private-key.ts';
import type { Distrust } from './distrust.ts';
import type { PeerLimit } from './peer-limits.ts';
import type { Policy } from './policy.ts';
import type { Question, Reply } from './questions.ts';
import type { IkeSa, Task } from './v2/ike-sa.ts';

/** A datagram without its non-ESP marker. `local.port` tells which of our ports it came to. */
export interface Datagram {
  readonly local: Endpoint;
  readonly peer: Endpoint;
  readonly bytes: Uint8Array;
}

/** One timer of each name per SA; those of a child are told apart by its serial number. */
export type TimerName =
  | 'retransmit'
  | 'discard'
  | 'liveness'
  | 'keepalive'
  | 'rekey'
  | 'expire'
  | 'farewell'
  | 'retry'
  | 'followup'
  | 'childRekey'
  | 'childExpire'
  | 'childOutbound';

export type Command =
  /** Begin: the first message of an initiator. */
  | { readonly t: 'initiate'; readonly redirects?: Redirects | undefined; readonly login?: Login | undefined }
  /** A further Child SA through this IKE SA. */
  | { readonly t: 'addChild'; readonly policy: Policy; readonly serial: number }
  | { readonly t: 'rekeyIke' }
  | { readonly t: 'rekeyChild'; readonly serial: number }
  /** IKEv1: begin, for children that are there already: phase 1 alone. */
  | { readonly t: 'renew'; readonly login?: Login | undefined }
  /** IKEv1: a newer ISAKMP SA with the same peer is up. It gets the children, and this one ends when its time is over. */
  | { readonly t: 'superseded'; readonly by: number }
  /** IKEv1: the peer has said on another ISAKMP SA that this SA of its is gone; `protocol` and `spi` as in its Delete. */
  | { readonly t: 'deleted'; readonly protocol: number; readonly spi: Uint8Array }
  /** Without `reason`, because somebody asked for it. */
  | { readonly t: 'deleteChild'; readonly serial: number; readonly reason?: DownReason }
  | { readonly t: 'deleteIke'; readonly why: string; readonly reason?: DownReason }
  /** Send the peer, established as it is, to another gateway: an address or a name. RFC 5685 §5. */
  | { readonly t: 'redirect'; readonly to: string }
  /** The connection took another one's place, or the daemon goes: no farewell. */
  | { readonly t: 'abandon'; readonly why: string; readonly reason?: DownReason };

export type In =
  | { readonly t: 'packet'; readonly datagram: Datagram }
  | { readonly t: 'timer'; readonly name: TimerName; readonly serial?: number }
  | { readonly t: 'job'; readonly id: number; readonly result: JobResult }
  | { readonly t: 'reply'; readonly id: number; readonly reply: Reply }
  | { readonly t: 'command'; readonly command: Command }
  /** The data plane refused a Child SA. */
  | { readonly t: 'installFailed'; readonly serial: number; readonly why: string }
  /** A limit of traffic was reached: `soft` asks for a rekey, `hard` ends the child. */
  | { readonly t: 'expired'; readonly serial: number; readonly hard: boolean }
  /** The children of the IKE SA that this one replaces. */
  | {
      readonly t: 'inherit';
      readonly children: readonly Child[];
      readonly tasks: readonly Task[];
      /** IKEv1: what the children's selectors came of. */
      readonly leases?: readonly Lease[] | undefined;
    };

/** Everything a data plane needs for a Child SA. Keys are views of one block that `install`'s receiver owns. */
export interface ChildInstall {
  readonly serial: number;
  readonly policy: Policy;
  readonly suite: ChildSuite;
  readonly mode: 'tunnel' | 'transport';
  readonly local: Endpoint;
  readonly peer: Endpoint;
  readonly encapsulated: boolean;
  readonly spiIn: number;
  readonly spiOut: number;
  readonly selectorsLocal: readonly Selector[];
  readonly selectorsRemote: readonly Selector[];
  readonly keysIn: { readonly encr: Uint8Array; readonly integ: Uint8Array };
  readonly keysOut: { readonly encr: Uint8Array; readonly integ: Uint8Array };
  /** IKEv1: AH around the ESP, by `suite.ah`. */
  readonly ah?: {
    readonly spiIn: number;
    readonly spiOut: number;
    readonly keyIn: Uint8Array;
    readonly keyOut: Uint8Array;
  };
  /** IKEv1: IPComp within. */
  readonly ipcomp?: { readonly cpiIn: number; readonly cpiOut: number };
  /** IKEv1: what both agree on, where that is less than the policy's. */
  readonly maxBytes?: number;
  /** In transport mode behind a NAT: the address that the peer has for itself. RFC 3947 §5.2. */
  readonly peerOriginal?: Address;
  /** The serial of the child that this one replaces. */
  readonly replaces?: number | undefined;
  readonly peerId: Id;
}

export type Out =
  | { readonly t: 'send'; readonly local: Endpoint; readonly peer: Endpoint; readonly bytes: Uint8Array }
  /** One octet 0xFF, without a non-ESP marker. RFC 3948 §2.3. */
  | { readonly t: 'keepalive'; readonly local: Endpoint; readonly peer: Endpoint }
  /** After `after` ms; replaces an armed timer of the same name and serial. */
  | { readonly t: 'arm'; readonly name: TimerName; readonly serial?: number | undefined; readonly after: number }
  | { readonly t: 'disarm'; readonly name: TimerName; readonly serial?: number | undefined }
  | { readonly t: 'submit'; readonly id: number; readonly job: Job }
  | { readonly t: 'ask'; readonly id: number; readonly question: Question }
  /** An EAP conversation that will not go on. */
  | { readonly t: 'forgetEap'; readonly session: number }
  /**
   * `inbound` first and `outbound` when the peer is sure to have its inbound half: with both ends doing so a
   * rekey loses no packet (RFC 7296 §2.8).
   */
  | { readonly t: 'install'; readonly child: ChildInstall; readonly halves: 'both' | 'inbound' }
  | { readonly t: 'installOutbound'; readonly serial: number }
  /** `lingers`: its inbound half stays a few seconds for what is still on the way. */
  | { readonly t: 'remove'; readonly serial: number; readonly lingers: boolean }
  /** The peer leases us these addresses for as long as the SA lasts, and tells what else it has to tell. */
  | { readonly t: 'assigned'; readonly leases: readonly Lease[]; readonly told: Told }
  | { readonly t: 'unassigned'; readonly leases: readonly Lease[] }
  /** The SA's addresses or ports are others now: move its children's. */
  | { readonly t: 'moved'; readonly serials: readonly number[]; readonly local: Endpoint; readonly peer: Endpoint }
  /** `code` is whack's reply code; `serial` a child's, absent for the IKE SA's own. */
  | {
      readonly t: 'say';
      readonly level: 'info' | 'warn' | 'debug';
      readonly text: string;
      readonly serial?: number;
      /** The child's, where the SA does not know it yet, or no longer when the step is over. */
      readonly policy?: Policy;
      readonly code?: number;
      readonly event?: LogEvent;
    }
  /** The peer proved who it is. From now on `sa.policy` is the connection it belongs to. */
  | {
      readonly t: 'authenticated';
      readonly initialContact: boolean;
      /** It has not proven the identity that it goes by: nothing may end in that name. RFC 7619 §2.3. */
      readonly isNameless: boolean;
      /** It has said INITIAL_CONTACT in a name that it has not proven: that counts among the SAs of its EAP user. */
      readonly userContact?: boolean;
    }
  | { readonly t: 'childUp'; readonly serial: number; readonly replaces?: number | undefined }
  | {
      readonly t: 'childDown';
      readonly serial: number;
      readonly policy: Policy;
      readonly why: DownReason;
      readonly text: string;
    }
  /** The rekey of this SA that was asked for has come to nothing; it will be tried again by itself. */
  | { readonly t: 'rekeyFailed'; readonly text: string }
  /** An IKE SA that takes this one's place; its children follow by `handOver`. */
  | { readonly t: 'successor'; readonly sa: IkeSa }
  /** IKEv1: the peer deletes an IPsec SA that another ISAKMP SA may have. */
  | { readonly t: 'deletedElsewhere'; readonly protocol: number; readonly spi: Uint8Array }
  /** IKEv1: it is time for a new ISAKMP SA with this peer: another, told to `renew`. */
  | { readonly t: 'renew' }
  | {
      readonly t: 'handOver';
      readonly to: number;
      readonly children: readonly Child[];
      readonly tasks: readonly Task[];
      readonly leases?: readonly Lease[] | undefined;
    }
  /** The peer, authentic, sends us to another gateway, and we go. `from`: the peer. */
  | { readonly t: 'redirected'; readonly to: Address; readonly redirects: Redirects }
  /** The peer has heard of the other gateway that we send it to. */
  | { readonly t: 'sentAway' }
  /** The last effect of an SA: forget it. */
  | { readonly t: 'end'; readonly why: DownReason; readonly text: string };

/** When gateways have sent us on to the next, lately (ms of `Env.now`), and the last of them. RFC 5685 §7. */
export interface Redirects {
  readonly at: readonly number[];
  readonly from: Address;
}

/** Who we are to XAUTH, as far as somebody has said so (`whack --xauthname --xauthpass`). The SA takes a copy. */
export interface Login {
  readonly user: string | undefined;
  readonly password: Uint8Array | undefined;
}

/** What a peer that leases us an address says besides. Texts are the peer's, printable and short. */
export interface Told {
  readonly dns: readonly Address[];
  /** RFC 8598. */
  readonly domains: readonly string[];
  readonly subnets: readonly Subnet[];
  readonly banner: string | undefined;
}

/** What a line tells of, for who reads logs by program: these words stay. */
export type LogEvent =
  | 'added'
  | 'instantiated'
  | 'initiated'
  | 'established-ike'
  | 'established-child'
  | 'rekeyed'
  | 'retransmit'
  /** Something of the peer's was not accepted, or something of ours by it. */
  | 'rejected'
  /** It will not come up, or not again. */
  | 'failed'
  /** Why, in words for whoever has to mend it. */
  | 'explained'
  | 'reviving'
  | 'deleted';

/** What the connection decides its revival by. */
export type DownReason =
  /** We were told to. */
  | 'asked'
  /** The peer deleted it. */
  | 'peer'
  /** No answer in time. */
  | 'timeout'
  /** The peer or we refused: proposals, selectors, authentication. */
  | 'refused'
  /** The peer does not take our password: to say it again may lock the account. */
  | 'denied'
  /** Its lifetime ran out, or another has taken its place. */
  | 'expired'
  | 'replaced'
  /** The data plane or a helper failed. */
  | 'local';

/** What the protocol may ask while it runs: all of it instant, all of it replaceable by a test. */
export interface Env {
  /** ms, monotonic. */
  readonly now: number;
  random(octets: number): Uint8Array;
  /** The next `#n`. */
  serial(): number;
  /** The next number of a helper's job; never 0. */
  jobId(): number;
  /** Eight octets, not zero, not in use by any SA of ours. */
  ikeSpi(): Uint8Array;
  /** An SPI for a Child SA to us (of IPComp a CPI), reserved in the data plane; the text of the refusal otherwise. */
  childSpi(request: {
    protocol: 'esp' | 'ah' | 'ipcomp';
    local: Address;
    peer: Address;
    reqid: number;
  }): number | string;
  /** Gives back an SPI of `childSpi` that no Child SA came of. */
  releaseSpi(unused: { protocol: 'esp' | 'ah' | 'ipcomp'; local: Address; spi: number }): void;
  /** Whether debug lines about a connection are wanted. */
  debugs(conn: string): boolean;
  readonly directory: Directory;
  /** For the statistics: a notification of ours or the peer's, by its type in IKEv2 or in IKEv1, or a Delete. */
  noted?(direction: 'in' | 'out', what: number | 'delete', version?: 1 | 2): void;
  /** For the statistics: a REDIRECT after IKE_SA_INIT that we sent, or one at any time that we obeyed or did not. */
  redirected?(what: 'sent' | 'obeyed' | 'refused'): void;
  /** Where an authentic peer of this connection is to go instead of here; `wasSentHere`: it comes from another gateway. */
  elsewhere?(policy: Policy, wasSentHere: boolean): string | undefined;
  /** ms that a peer which has been sent elsewhere may stay; a minute. */
  readonly redirectGrace?: number;
  /** For the statistics: a peer is not believed. */
  distrusted?(kind: Distrust): void;
  /** For the statistics: the peer has gone beyond a limit. */
  limited?(limit: PeerLimit): void;
  /** Addresses for a peer that is authentic; a change is on record before this returns. */
  lease(wanted: LeaseRequest): LeasesGranted;
  /** `isKnown`: the peer knows that it has it no more. */
  release(lease: Lease, isKnown: boolean): void;
  /** ms since the child last received a packet; undefined if it never did or nobody counts. */
  idle(child: Child, local: Address): number | undefined;
}

/** An inner address that somebody has of somebody. */
export interface Lease {
  readonly address: Address;
}

/** What a peer is to get. */
export interface LeaseRequest {
  /** Of its connection, in order. */
  readonly pools: readonly AddressRange[];
  /** What it has asked for; each once. */
  readonly families: readonly Family[];
  /** Who it has proven to be, one text for one peer; undefined: nobody. */
  readonly identity: string | undefined;
  /** In place of what pools have: addresses that are its own. */
  readonly fixed: readonly Address[];
}

/** What there is, and why there is not more. */
export interface LeasesGranted {
  readonly leases: readonly Lease[];
  readonly lacks: readonly string[];
}

/** The connections, as an answering IKE SA looks them up. */
export interface Directory {
  /**
   * Those of IKEv2, or of `version` 1, that a peer at `peer` may be, best first; once it says who it is, those that name
   * it or nobody.
   */
  candidates(local: Address, peer: Address, peerId?: Id, version?: 1): readonly Policy[];
  /**
   * Those that share `policy`'s ends and identities, itself first: a further Child SA may belong to any. Beside an
   * instance there are templates that have none for its peer yet; beside a template only templates. One that has been
   * deleted is not among them.
   */
  siblings(policy: Policy): readonly Policy[];
  /** Who else than `who` has chosen part of `nets` to be behind it (`peerChooses`); without, nobody ever has. */
  netHolder?(nets: readonly Selector[], who: string): string | undefined;
  /** A pre-shared key for these identities. The octets belong to the store: do not keep, do not wipe. */
  psk(local: Id, remote: Id, localAddress: Address, peerAddress: Address): Uint8Array | undefined;
  /** The XAUTH password of a user of ours. The octets belong to the store. */
  password?(user: string): Uint8Array | undefined;
  /** What our end proves itself with in round `round`, or why it has nothing. */
  credential(policy: Policy, round: number): Credential | { readonly wrong: string };
  /** Raw keys of an identity (SubjectPublicKeyInfo in DER), and that of the certificate that `policy` names for the peer. */
  publicKeys(id: Id, policy: Policy, round: number): readonly Uint8Array[];
  /** For CERTREQ: SHA-1 over the SubjectPublicKeyInfo of each authority that we trust, one after another; RFC 7296 §3.7. */
  authorities(policy: Policy): Uint8Array;
  /** The same authorities by their names in DER, which IKEv1 asks for: RFC 2408 §3.10. */
  authorityNames(policy: Policy): readonly Uint8Array[];
  /** The certificates that go into CERT payloads after ours, for `credential`, leaf left out. */
  issuers(credential: Credential, which: Policy['sendCa']): readonly Uint8Array[];
  /** How chains are checked now. */
  readonly chainRules: ChainRules;
  /** The PPK of this id; without one, the first that the policy has: RFC 8784. The octets belong to the store. */
  ppk(policy: Policy, id?: Uint8Array): { readonly id: Uint8Array; readonly secret: Uint8Array } | undefined;
  /**
   * Called once the peer is authentic: an instance if `policy` is a template, else `policy`. It shares the IKE SA of
   * `beside`, and goes with it.
   */
  instantiate(policy: Policy, peerId: Id, peer: Endpoint, beside?: Policy): Policy;
}

/** A private key of ours, by its number on the shelf, and the certificate that goes with it. */
export interface Credential extends Pick<SigningKey, 'kind' | 'bits'> {
  readonly key: number;
  /** DER; absent with a raw key. */
  readonly certificate: Uint8Array | undefined;
  /** What `%fromcert` stands for: the certificate's subject. */
  readonly subject: Id | undefined;
  /** SHA-1 over the issuer's SubjectPublicKeyInfo as far as we know it: what a peer's CERTREQ is held against. */
  readonly authorities: readonly Uint8Array[];
}

/** Of `config setup`: `crl-strict=`, `ocsp-enable=`, `ocsp-strict=`, `ocsp-uri=`. */
export interface ChainRules {
  readonly crlStrict: boolean;
  /** Look CRLs up where their distribution points say when there is none at hand. */
  readonly crlFetch: boolean;
  readonly ocsp: boolean;
  readonly ocspStrict: boolean;
  readonly ocspUri: string | undefined;
  /** s since 1970. */
  readonly at: number;
}
