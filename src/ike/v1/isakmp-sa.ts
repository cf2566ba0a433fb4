/**
 * One ISAKMP SA: the state that its exchanges share. What only phase 1 needs hangs on one reference that is dropped
 * afterwards; lists are shared while they are empty, and so are policies and suites.
 */
import type { Endpoint } from '../../net/endpoint.ts';
import type { Id } from '../../net/id.ts';
import type { Selector } from '../../net/selector.ts';
import type { Child } from '../child.ts';
import type { Group } from '../crypto/algorithms.ts';
import type { JobResult } from '../crypto/job.ts';
import type { EapUser } from '../eap-user.ts';
import type { In, Lease, Login } from '../effects.ts';
import type { Reply } from '../questions.ts';
import type { IsakmpKeys, IsakmpSuite } from './crypto/keys.ts';
import type { Reassembly } from './fragments.ts';
import type { Life } from './lifetimes.ts';
import type { NatForm } from './nat.ts';
import type { Method } from './offers.ts';
import type { V1Policy } from './policy.ts';
import type { Spis } from './quick-groups.ts';
import type { Transition } from './transitions.ts';
import type { Turn } from './turn.ts';
import type { Proposal as WireProposal } from './wire/index.ts';

/**
 *   idle ──► mainI1 ──► mainI2 ──► mainI3 ──► established ─┬─────────► dead
 *     ├────► mainR1 ──► mainR2 ────────────────┤            └► lapsed ─┘
 *     ├────► aggrI1 ───────────────────────────┤
 *     └────► aggrR1 ───────────────────────────┘
 *
 * Numbers are libreswan's: what has been sent. A deletion is not answered, so nothing waits for one.
 */
export type IsakmpState =
  | 'idle'
  | 'mainI1'
  | 'mainI2'
  | 'mainI3'
  | 'mainR1'
  | 'mainR2'
  | 'aggrI1'
  | 'aggrR1'
  | 'established'
  /** It is over, and IPsec SAs that it has are not. */
  | 'lapsed'
  | 'dead';

/** Of an exchange after phase 1: `fresh` is one that the peer begins. */
export type QuickState = 'fresh' | 'quickI1' | 'quickR1' | 'quickDone';

/** Of a Transaction: we await an answer, or have given one. */
export type TransactionState = 'asked' | 'answered';

export type State = IsakmpState | QuickState | TransactionState;

/**
 * Between phase 1 and Quick Mode, by libreswan's names; I is the client of XAUTH and Mode Config, R the server.
 *
 *     settling ─┬─► xauthR0 ──► xauthR1 ─┬─► modeCfgR1 (push) ──────────┬─► over
 *               └─► xauthI0 ──► xauthI1 ─┴─► modeCfgI0 (push), I1 (pull) ┘
 */
export type ConfigState =
  /** Not begun yet. */
  | 'settling'
  /** The server awaits a name and a password; that the client has heard of its verdict. */
  | 'xauthR0'
  | 'xauthR1'
  /** The client awaits a question; the verdict. */
  | 'xauthI0'
  | 'xauthI1'
  /** The server that pushes awaits an ACK. */
  | 'modeCfgR1'
  /** The client awaits what is pushed; an answer to what it has asked. */
  | 'modeCfgI0'
  | 'modeCfgI1';

/** What XAUTH and Mode Config remember while they last. */
export interface Config {
  at: ConfigState;
  /** The peer has said INITIAL_CONTACT: that counts once all is over. */
  initialContact: boolean;
  /** How often the peer has been, or has, asked for a password. */
  tries: number;
  /** Of the server: what it has told the client of its password. */
  isGranted: boolean;
  /** Of the server: a digest of the login that it has refused last. */
  refused: Uint8Array;
}

/** An exchange: its messages in a row, one IV after the other, and what is needed to say the last thing once more. */
export interface Conversation {
  /** 0 in phase 1. */
  readonly messageId: number;
  readonly exchange: number;
  /** Of its timers: the child's of Quick Mode; none in phase 1. */
  serial: number | undefined;
  /** Phase 1 has its state in the SA. */
  state: QuickState | TransactionState;
  /** Of the next encrypted message, whoever sends it. */
  iv: Uint8Array | undefined;
  /** SHA-1 of the last message that was accepted, and how often it has come again. */
  heard: Uint8Array | undefined;
  duplicates: number;
  /** What we said last; more than one when fragmented. */
  sent: readonly Uint8Array[];
  /** While an answer is awaited; ms of `Env.now`. */
  resend: Resend | undefined;
  quick: Quick | undefined;
}

export interface Resend {
  readonly sentAt: number;
  readonly giveUpAt: number;
  retransmits: number;
  dueAt: number;
}

/** A child that is being made. */
export interface Quick {
  readonly policy: V1Policy;
  readonly serial: number;
  /** Ours, which the peer sends to. */
  spis: Spis;
  /** We have asked for it. */
  readonly isInitiator: boolean;
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
  readonly ni: Uint8Array;
  nr: Uint8Array;
  readonly offered: readonly WireProposal[];
  /** With PFS: our half of the exchange, wiped once mixed. */
  readonly ke: { readonly group: Group; readonly private: Uint8Array } | undefined;
  /** The child that it is to replace. */
  readonly old: Child | undefined;
}

/** What phase 1 remembers between its messages. */
export interface Handshake {
  /** The initiator's offers: as read, and the octets that hashes cover. */
  offered: readonly WireProposal[];
  sai: Uint8Array;
  method: Method;
  /** ms: the shorter of what both want. */
  lifetime: number;
  offeredLife: Life;
  ni: Uint8Array;
  nr: Uint8Array;
  group: Group | undefined;
  /** Ours, and the peer's public value. */
  public: Uint8Array;
  private: Uint8Array;
  theirPublic: Uint8Array;
  /** The body of the peer's ID payload, in Aggressive Mode, where it comes before its proof. */
  theirId: Uint8Array;
  natForm: NatForm | undefined;
  /** The peer wants to be sent our certificate. */
  isCertAsked: boolean;
  /** It has been said once that the peer's messages cannot be read. */
  hasWarned: boolean;
  /** Proofs of the peer's that did not hold; the first has been said. */
  disbelieved: number;
}

/** A child that is wanted as soon as there is an SA to ask for it. */
export interface Wanted {
  readonly policy: V1Policy;
  readonly serial: number;
  /** Where the peer has told us of several nets. */
  readonly remote?: Selector | undefined;
}

/** A computation that the SA waits for, or an answer from elsewhere. */
export interface Suspended {
  readonly resume: (turn: Turn, result: JobResult) => void;
  readonly hear: (turn: Turn, reply: Reply) => void;
  readonly row: Transition | undefined;
  readonly from: State;
  /** Whose processor is not at its end yet. */
  readonly conversation: Conversation | undefined;
  /** Somebody is to type: that may take for ever, and what ends the SA does not wait for it. */
  readonly isForPerson: boolean;
  /** The SA ends before: what `resume` or `hear` would have seen to. */
  readonly forget: ((turn: Turn) => void) | undefined;
}

export class IsakmpSa {
  readonly serial: number;
  readonly role: 'initiator' | 'responder';
  readonly cookieI: Uint8Array;
  cookieR: Uint8Array;
  state: IsakmpState = 'idle';
  local: Endpoint;
  peer: Endpoint;
  /** As responder, provisional until the peer is authentic. */
  policy: V1Policy;
  peerId: Id | undefined = undefined;
  /** Inner addresses that the peer has of us; where our policy's `cp` is a client's: that we have of the peer. */
  leases: readonly Lease[] = NONE;
  /** Who the peer is to XAUTH, once it has proven that; it has IKEv2's name. */
  eapUser: EapUser | undefined = undefined;
  suite: IsakmpSuite | undefined = undefined;
  keys: IsakmpKeys | undefined = undefined;
  handshake: Handshake | undefined = undefined;
  /** While XAUTH and Mode Config last: there are no children before they are over. */
  config: Config | undefined = undefined;
  /** Who we are to XAUTH, until that is over. */
  login: Login | undefined = undefined;
  /** The peer was not believed by XAUTH, and `xauthfail=soft`. */
  isDoubtful = false;
  /** Nets that the peer says are behind it (split tunnelling); empty: it says nothing. */
  behindPeer: readonly Selector[] = NONE;
  /** Phase 1. Kept a while after its end: the peer may not have heard our last message. */
  phaseOne: Conversation | undefined = undefined;
  /** The last block of phase 1, from which every later exchange has its IV. */
  lastBlock: Uint8Array = NOTHING;

  conversations: readonly Conversation[] = NONE;
  /** Message ids of Quick Modes, the peer's and ours: none may come again, nor be reflected. RFC 2409 §5.5. */
  usedIds: readonly number[] = NONE;
  wanted: readonly Wanted[] = NONE;
  children: readonly Child[] = NONE;
  reassembly: Reassembly | undefined = undefined;

  /** The peer can put fragments together; answers R_U_THERE. */
  fragments = false;
  dpd = false;
  /** It knows the attributes that Cisco has added to Mode Config. */
  isUnity = false;
  nat: NatForm | undefined = undefined;
  weAreNatted = false;
  peerIsNatted = false;
  /** Of R_U_THERE: our first and last number, when we first asked without an answer, and the peer's last number. */
  dpdFirst = 0;
  dpdSequence = 0;
  dpdSince = 0;
  peerSequence = -1;
  /** ms: our last answer to it. */
  answeredAt = Number.NEGATIVE_INFINITY;
  lastHeard = 0;
  establishedAt = 0;
  /** Of phase 1, once it is over. */
  wasAggressive = false;
  /** What has been said once: somebody notifies without protection; the peer sets the commit bit. */
  hasOverheard = false;
  hasSeenCommit = false;
  /** The serial of a newer one with the same peer, which gets the children; 0: none. */
  heir = 0;
  /** It takes another one's place: the peer is to forget nothing. */
  isRenewal = false;

  /** While a helper computes: the id of its job, what to do with the result, and what came meanwhile. */
  job = 0;
  suspended: Suspended | undefined = undefined;
  waiting: In[] | undefined = undefined;

  constructor(
    serial: number,
    role: 'initiator' | 'responder',
    cookies: { readonly cookieI: Uint8Array; readonly cookieR: Uint8Array },
    policy: V1Policy,
    local: Endpoint,
    peer: Endpoint,
  ) {
    this.serial = serial;
    this.role = role;
    this.cookieI = cookies.cookieI;
    this.cookieR = cookies.cookieR;
    this.policy = policy;
    this.local = local;
    this.peer = peer;
  }

  get spiI(): Uint8Array {
    return this.cookieI;
  }

  get spiR(): Uint8Array {
    return this.cookieR;
  }

  /** The cookie by which packets find us. */
  get ourSpi(): Uint8Array {
    return this.role === 'initiator' ? this.cookieI : this.cookieR;
  }

  /** The peer has asked for it, and has yet to say who it is. */
  get isHalfOpen(): boolean {
    return this.state === 'mainR1' || this.state === 'mainR2' || this.state === 'aggrR1';
  }

  get isNatted(): boolean {
    return this.weAreNatted || this.peerIsNatted;
  }

  /** As many exchanges have been under this SA as it remembers. */
  get isWornOut(): boolean {
    return this.usedIds.length >= MOST_USED_IDS;
  }

  /** No exchange has this message id again. */
  use(messageId: number): void {
    if (!this.usedIds.includes(messageId)) this.usedIds = this.usedIds.concat(messageId);
  }

  child(serial: number): Child | undefined {
    return this.children.find((c) => c.serial === serial);
  }
}

/** Over its whole life: they are kept, so that no exchange can be replayed. */
const MOST_USED_IDS = 8_192;

/** Phase 1 is over, and what comes before Quick Mode not begun. */
export const unsettled = (initialContact: boolean): Config => ({
  ...{ at: 'settling', initialContact, tries: 0, isGranted: false, refused: NOTHING },
});

/** Shared by every idle SA in place of an empty list of its own. */
export const NONE: readonly never[] = Object.freeze([]);
export const NOTHING = new Uint8Array();
