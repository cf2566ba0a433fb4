/**
 * A connection as the protocol sees it: frozen, shared by every SA made from it, and complete, so that no
 * exchange ever asks what a keyword's default is. Times are milliseconds.
 */
import type { Address } from '../net/address.ts';
import type { Id } from '../net/id.ts';
import type { Selector } from '../net/selector.ts';
import type { Proposal } from './crypto/proposal.ts';

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
  readonly authby: 'secret';
  readonly ike: readonly Proposal[];
  readonly child: ChildPolicy;
  /** Large messages in fragments, when the peer can put them together. RFC 7383. */
  readonly fragmentation: boolean;
  /** ESP in UDP: `auto` follows NAT detection, `yes` pretends a NAT, `no` never. */
  readonly encapsulation: 'auto' | 'yes' | 'no';
  readonly natKeepalive: number;
  readonly initialContact: boolean;
  readonly ikeLifetime: number;
  readonly rekey: boolean;
  readonly rekeyMargin: number;
  /** Up to this share of the margin is added to it by dice, 1 = 100 %. */
  readonly rekeyFuzz: number;
  readonly retransmitInterval: number;
  readonly retransmitTimeout: number;
  /** 0: no liveness checks. */
  readonly dpdDelay: number;
}

export interface ChildPolicy {
  readonly proposals: readonly Proposal[];
  readonly mode: 'tunnel' | 'transport';
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
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
