/**
 * What a simulation found. This is the shape of `ipsec simulate --json`: fields are added, never changed; a change of
 * meaning raises `version`. Times are seconds on the simulation's clock, lifetimes seconds, sizes octets.
 */

export interface Report {
  readonly version: 1;
  /** `up`: every negotiation that was simulated comes up and rekeys. `unknown`: there is nothing to simulate. */
  readonly verdict: 'up' | 'fails' | 'unknown';
  /** The exit status: 0 up, 1 fails, 2 unknown. */
  readonly exit: 0 | 1 | 2;
  /** Why there is nothing to simulate, and what to pass; empty otherwise. */
  readonly errors: readonly string[];
  /** About the files: what has no effect yet, warnings of their readers. */
  readonly notes: readonly string[];
  readonly pairs: readonly PairReport[];
}

/** One connection of A, and the one of B that faces it. */
export interface PairReport {
  readonly a: EndReport;
  readonly b: EndReport;
  readonly notes: readonly string[];
  readonly runs: readonly Run[];
}

export interface EndReport {
  readonly conf: string;
  readonly conn: string;
  /** Which end of its connection this host is. */
  readonly side: 'left' | 'right';
  readonly address: string;
  /** Where the address is from: its own file, the other's, the command line, or made up because nobody cares. */
  readonly addressFrom: 'file' | 'peer' | 'option' | 'invented';
  readonly id: string;
  /** The file of secrets; null: none was found, and authentication is taken for granted. */
  readonly secrets: string | null;
}

export type Name = 'A' | 'B';

export interface Run {
  readonly initiator: Name;
  /** `skipped`: this end cannot initiate, and `why` says so. */
  readonly outcome: 'up' | 'up-without-rekey' | 'failed' | 'skipped';
  readonly messages: readonly Arrow[];
  /** What both ends agreed on; null unless the tunnel came up. */
  readonly agreed: Agreed | null;
  /** What must be mended, in the order in which it would be met. */
  readonly why: readonly Disagreement[];
  /** What will hurt later. */
  readonly warnings: readonly string[];
  readonly rekeys: readonly Rekey[];
  /** Lines of both daemons' logs. */
  readonly log: readonly { readonly at: number; readonly of: Name; readonly text: string }[];
}

export interface Arrow {
  readonly at: number;
  readonly from: Name;
  readonly to: Name;
  /** Of IKE. */
  readonly version: 1 | 2;
  /** `IKE_SA_INIT`, `Main Mode`. */
  readonly exchange: string;
  readonly messageId: number;
  /** IKEv1 does not say so: it is from the end that has not begun the exchange, or an R_U_THERE_ACK. */
  readonly isResponse: boolean;
  /** UDP payload, all fragments together. */
  readonly octets: number;
  /** 1 for a message in one piece. */
  readonly fragments: number;
  /** Times that the same octets were sent again. */
  readonly repeated: number;
  /** No host is where it was sent. */
  readonly isLost: boolean;
  /** In RFC 7296's words: `SA(5 proposals)`, `KE(DH19)`, `N(COOKIE)`; in RFC 2409's: `SA(2 transforms)`, `ID(@west)`, `HASH`. */
  readonly payloads: readonly string[];
  /** The same with every field; secrets as their number of octets. */
  readonly detail: readonly string[];
  /** What it is for: `negotiation`, `liveness`, `A rekeys the Child SA`, `B rekeys the IKE SA`... */
  readonly phase: string;
}

export interface Agreed {
  /** Of IKE. What it calls `ike` and `child` are in IKEv1 the ISAKMP SA and a pair of IPsec SAs. */
  readonly version: 1 | 2;
  /** `AES_GCM_16_256`, `HMAC_SHA2_512`, `DH31`; `integ` null with an AEAD, and in IKEv1 the HMAC of its hash, as `prf` is. */
  readonly ike: { readonly encr: string; readonly integ: string | null; readonly prf: string; readonly group: string };
  readonly child: {
    readonly protocol: 'ESP' | 'AH';
    readonly mode: 'tunnel' | 'transport';
    readonly encr: string | null;
    readonly integ: string | null;
    /** IKEv1: integrity of the AH around it; null without. */
    readonly ah: string | null;
    /** IKEv1: IPComp. */
    readonly compress: boolean;
    readonly esn: boolean;
    readonly encapsulated: boolean;
  };
  /** Selectors on each side. */
  readonly traffic: { readonly a: readonly string[]; readonly b: readonly string[] };
  readonly ids: { readonly a: string; readonly b: string };
  /** The connections that were taken; another one than meant is worth a look. */
  readonly conns: { readonly a: string; readonly b: string };
  readonly lifetimes: { readonly a: Lifetimes; readonly b: Lifetimes };
}

/** Of `ike` and `child`, by the version. */
export const SA_NAMES = {
  1: { ike: 'ISAKMP SA', child: 'IPsec SA' },
  2: { ike: 'IKE SA', child: 'Child SA' },
} as const;

/** Rekeys are predicted with the dice of this run; null: this end never asks for one. */
export interface Lifetimes {
  readonly ike: number;
  readonly ikeRekey: number | null;
  readonly child: number;
  readonly childRekey: number | null;
}

export interface Rekey {
  readonly of: 'child' | 'ike';
  readonly by: Name;
  readonly ok: boolean;
  /** Why not. */
  readonly why: readonly string[];
}

export interface Disagreement {
  readonly about: /** Of IKE: `keyexchange=`, and `ikev1-policy=`. */
    | 'version'
    | 'address'
    | 'ike'
    | 'identity'
    | 'auth'
    | 'secret'
    | 'ppk'
    /** IKEv1's: Aggressive Mode, XAUTH, Mode Config, a group for the first Quick Mode. */
    | 'aggressive'
    | 'xauth'
    | 'config'
    | 'pfs'
    | 'mode'
    | 'selectors'
    | 'child'
    | 'rekey'
    | 'nat'
    /** Nothing that a comparison of the two finds: the protocol's own words. */
    | 'other';
  readonly lines: readonly string[];
}
