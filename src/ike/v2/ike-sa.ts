/**
 * One IKE SA: the state that its exchanges share. 100,000 of them live side by side, so what only a handshake
 * or a collision needs hangs on one reference that is dropped afterwards, and policies are shared.
 */
import type { Endpoint } from '../../net/endpoint.ts';
import type { Id } from '../../net/id.ts';
import type { Child } from '../child.ts';
import type { Group } from '../crypto/algorithms.ts';
import type { JobResult } from '../crypto/job.ts';
import type { EarlierSecrets, IkeKeys, IkeSuite } from '../crypto/keys.ts';
import type { Proposal } from '../crypto/proposal.ts';
import type { Hash } from '../crypto/signature/scheme.ts';
import type { EapUser } from '../eap-user.ts';
import type { DownReason, In, Lease, Redirects } from '../effects.ts';
import type { Policy } from '../policy.ts';
import type { Reply } from '../questions.ts';
import type { AuthTalk } from './auth-talk.ts';
import type { Reassembly } from './fragments.ts';
import type { Mixing } from './mixing.ts';
import type { Transition } from './transitions.ts';
import type { Incoming, Turn } from './turn.ts';

/**
 *   idle ──► initSent ─────────────────► authSent ──► established ──► deleting ──► dead
 *     │          └► intermediateSent ►──┘
 *     └────► initAnswered ─┬─────────────┘   └──► replaced ──┘
 *                          └► proving ►──┘
 *
 * `intermediateSent`, `intermediateAwaited`: secrets are mixed in before IKE_AUTH (RFC 9242); as responder, there are
 * key exchanges that must come before it.
 * `replaced`: a successor has the children, and one side will delete this SA. `deleting`: our farewell waits for
 * its answer, which from `authSent` tells a peer that it has not convinced us. `proving`: as responder, when one
 * request and answer of IKE_AUTH are not enough.
 */
export type IkeState =
  | 'idle'
  | 'initSent'
  | 'initAnswered'
  | 'intermediateSent'
  | 'intermediateAwaited'
  | 'proving'
  | 'authSent'
  | 'established'
  | 'replaced'
  | 'deleting'
  | 'dead';

/**
 * What we may do of our own accord, one at a time: the window for our requests is 1 (RFC 7296 §2.3).
 * `group` (its IANA id) is the one that the peer asked for instead of our first.
 */
export type Task =
  | { readonly t: 'newChild'; readonly policy: Policy; readonly serial: number; readonly group?: number }
  | { readonly t: 'rekeyChild'; readonly serial: number; readonly group?: number }
  | { readonly t: 'rekeyIke'; readonly group?: number }
  /** Without `why`, because somebody asked for it. */
  | { readonly t: 'deleteChild'; readonly serial: number; readonly why?: DownReason }
  /** A child that the peer made at our request and that we did not take. */
  | { readonly t: 'deleteStray'; readonly policy: Policy; readonly spiIn: number }
  | { readonly t: 'deleteIke'; readonly why?: DownReason }
  | { readonly t: 'redirect'; readonly to: string }
  | { readonly t: 'liveness' };

/** A Child SA that we have asked for, or are about to. */
export interface ChildOffer {
  readonly policy: Policy;
  readonly serial: number;
  readonly spiIn: number;
  readonly proposals: readonly Proposal[];
  readonly ni: Uint8Array;
  /** With PFS: our half of the exchange. */
  readonly ke?: { readonly group: Group; readonly private: Uint8Array };
  /** The child that it is to replace. */
  readonly old?: Child;
  /** The peer has had its choice of group: it gets no second one. */
  readonly isRetry: boolean;
  /** When we asked, the peer was sure to have `old`: `isConfirmed`. */
  readonly isSure: boolean;
  followup?: Followup;
}

export interface IkeOffer {
  readonly spi: Uint8Array;
  readonly ni: Uint8Array;
  readonly group: Group;
  readonly private: Uint8Array;
  readonly isRetry: boolean;
  followup?: Followup;
}

/** Key exchanges after a CREATE_CHILD_SA of ours, RFC 9370 §2.2.4; those that are done have left their secrets. */
export interface Followup extends EarlierSecrets {
  readonly groups: readonly Group[];
  done: number;
  more: Uint8Array;
  private: Uint8Array;
  link: Uint8Array;
  /** With the offer that this belongs to. */
  readonly pending: Extract<Pending, { kind: 'childFollowup' | 'ikeFollowup' }>;
  /** Whose log it is. */
  readonly about: { readonly serial?: number };
  /** The peer's exchange for the same wins: then nobody goes on with ours, and all is said and done. */
  isLost(turn: Turn): boolean;
  complete(turn: Turn, theirs: Uint8Array, followup: Followup): void;
  /** `isPassing`: another try may well succeed. */
  fail(turn: Turn, text: string, isPassing?: boolean): void;
}

/** The same of a CREATE_CHILD_SA of the peer's. */
export interface Larval extends EarlierSecrets {
  readonly t: 'larval';
  readonly groups: readonly Group[];
  done: number;
  more: Uint8Array;
  link: Uint8Array;
  /** ms of `Env.now`. */
  until: number;
  /** What it is to replace; the IKE SA itself without. */
  readonly replaces: Child | 'ike' | undefined;
  readonly lowest: Uint8Array;
  /** Why it cannot be any more. */
  objection(turn: Turn): string | undefined;
  complete(turn: Turn, message: Incoming, theirs: Uint8Array, larval: Larval): void;
  drop(turn: Turn): void;
}

/** The request that we wait for an answer to. Responses are told apart by `kind` alone. */
export type Pending =
  | { readonly kind: 'init' }
  /** Before IKE_AUTH, RFC 9242. */
  | { readonly kind: 'intermediate' }
  | { readonly kind: 'auth'; readonly offer: ChildOffer }
  /** An EAP message of IKE_AUTH. */
  | { readonly kind: 'eap'; readonly offer: ChildOffer }
  | { readonly kind: 'newChild'; readonly offer: ChildOffer }
  | { readonly kind: 'rekeyChild'; readonly offer: ChildOffer }
  | { readonly kind: 'rekeyIke'; readonly offer: IkeOffer }
  | { readonly kind: 'childFollowup'; readonly offer: ChildOffer }
  | { readonly kind: 'ikeFollowup'; readonly offer: IkeOffer }
  | { readonly kind: 'deleteChild'; readonly serial: number; readonly why: DownReason; readonly isSure: boolean }
  /** `offer`: the child that was asked for, of a peer that we turn away from in IKE_AUTH. */
  | { readonly kind: 'deleteIke'; readonly why: DownReason; readonly text: string; readonly offer?: ChildOffer }
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'liveness' };

export interface Outstanding {
  readonly pending: Pending;
  readonly exchange: number;
  readonly messageId: number;
  /** More than one when fragmented; every retransmission sends the same octets (RFC 7296 §2.1). */
  readonly packets: readonly Uint8Array[];
  readonly sentAt: number;
  retransmits: number;
  /** When it is sent again, and when there is no more point in it; ms of `Env.now`. */
  dueAt: number;
  giveUpAt: number;
}

/** A computation that the SA waits for, or an answer from elsewhere. */
export interface Suspended {
  readonly resume: (turn: Turn, result: JobResult) => void;
  readonly hear: (turn: Turn, reply: Reply) => void;
  /** The child that it is for, if we asked for it: somebody is to hear of its end. */
  readonly offer: ChildOffer | undefined;
  /** The row that is not at its end yet, and where it began. */
  readonly row: Transition | undefined;
  readonly from: IkeState;
}

/** What the first two exchanges remember between messages; gone when the SA is established. */
export interface Handshake {
  ni: Uint8Array;
  nr: Uint8Array;
  group: Group;
  /** Ours; wiped once mixed. */
  private: Uint8Array;
  public: Uint8Array;
  cookie: Uint8Array | undefined;
  /** IKE_SA_INIT messages as they were on the wire: what AUTH signs (RFC 7296 §2.15). */
  request: Uint8Array;
  response: Uint8Array;
  /** Answers that made us start over: cookies, other groups. */
  restarts: number;
  /** The peer's SIGNATURE_HASH_ALGORITHMS; absent: it does not know RFC 7427. */
  peerHashes?: ReadonlySet<Hash> | undefined;
  /** From the peer's CERTREQ, SHA-1 hashes one after another; absent: it has not asked for our certificate. RFC 7296 §3.7. */
  certRequest?: Uint8Array | undefined;
  /** The peer asks for an OCSP response about our certificate. RFC 4806. */
  wantsOcsp?: boolean;
  /** The peer may prove itself, and have us do so, more than once. RFC 4739. */
  multipleAuth?: boolean;
  /** What AUTH signs besides, after IKE_INTERMEDIATE. RFC 9242 §3.3.2. */
  intAuth?: Uint8Array | undefined;
  talk?: AuthTalk | undefined;
  /** Secrets besides the first key exchange; most SAs have none. */
  mixing?: Mixing | undefined;
}

/** Which end may send the other to another gateway, and what has come of that. Shared as long as that is nothing. RFC 5685. */
export type Redirectable =
  | { readonly who: 'us'; readonly past: Redirects | undefined }
  /** `leaveBy`: ms of `Env.now`; 0: it may stay. */
  | { readonly who: 'peer'; readonly wasSentHere: boolean; readonly leaveBy: number };

/** An exchange of the peer that does the same as one of ours (RFC 7296 §2.8.1). */
export type Collision =
  | Larval
  | { readonly t: 'ike'; readonly successor: IkeSa; readonly lowest: Uint8Array }
  | { readonly t: 'child'; readonly child: Child; readonly replaces: Child; readonly lowest: Uint8Array };

export class IkeSa {
  readonly serial: number;
  readonly role: 'initiator' | 'responder';
  readonly spiI: Uint8Array;
  spiR: Uint8Array;
  state: IkeState = 'idle';
  local: Endpoint;
  peer: Endpoint;
  /** As responder, provisional until the peer is authentic. */
  policy: Policy;
  peerId: Id | undefined = undefined;
  /** Inner addresses that the peer has of us; where our policy's `cp` is a client's: that we have of the peer. */
  leases: readonly Lease[] = NONE;
  /** Who the peer is to EAP, if it has been asked. */
  eapUser: EapUser | undefined = undefined;
  suite: IkeSuite | undefined = undefined;
  keys: IkeKeys | undefined = undefined;
  handshake: Handshake | undefined = undefined;
  redirectable: Redirectable | undefined = undefined;

  nextRequestId = 0;
  expectedRequestId = 0;
  outstanding: Outstanding | undefined = undefined;
  /** Our answer to request `expectedRequestId - 1`. */
  lastResponse: readonly Uint8Array[] = NONE;
  tasks: readonly Task[] = NONE;
  /** Tasks that wait for the `retry` timer. */
  postponed: readonly Task[] = NONE;
  children: readonly Child[] = NONE;
  collisions: readonly Collision[] = NONE;
  reassembly: Reassembly | undefined = undefined;
  /** STATE_NOT_FOUND in a row, in answer to IKE_FOLLOWUP_KE. */
  forgotten = 0;

  /** A successor that a collision made, until it is known which one gets the children. */
  isProvisional = false;
  /** Both ends can: RFC 7383. */
  fragments = false;
  weAreNatted = false;
  peerIsNatted = false;
  /** AEAD and counter modes must never see an IV twice under one key. */
  ivCounter = 0;
  lastHeard = 0;
  establishedAt = 0;

  /** While a helper computes: the id of its job, what to do with the result, and what came meanwhile. */
  job = 0;
  suspended: Suspended | undefined = undefined;
  waiting: In[] | undefined = undefined;

  constructor(
    serial: number,
    role: 'initiator' | 'responder',
    spis: { readonly spiI: Uint8Array; readonly spiR: Uint8Array },
    policy: Policy,
    local: Endpoint,
    peer: Endpoint,
  ) {
    this.serial = serial;
    this.role = role;
    this.spiI = spis.spiI;
    this.spiR = spis.spiR;
    this.policy = policy;
    this.local = local;
    this.peer = peer;
  }

  /** The SPI by which packets find us. */
  get ourSpi(): Uint8Array {
    return this.role === 'initiator' ? this.spiI : this.spiR;
  }

  /** The peer has asked for it, and has yet to say who it is. */
  get isHalfOpen(): boolean {
    return this.state === 'initAnswered' || this.state === 'intermediateAwaited' || this.state === 'proving';
  }

  child(serial: number): Child | undefined {
    return this.children.find((c) => c.serial === serial);
  }
}

/** Shared by every idle SA in place of an empty list of its own. */
export const NONE: readonly never[] = Object.freeze([]);
