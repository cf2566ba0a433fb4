/** Putting fragments together again, RFC 7383 §2.6. Only authentic ones get here. */
import type { Header } from '../wire/index.ts';
import type { IkeSa } from './ike-sa.ts';

/** libreswan's limit, and more than 64 KiB of the smallest MTU needs; a peer asking for more is refused. */
export const MAX_FRAGMENTS = 64;
/** Octets of all fragments together: what one UDP datagram could have carried. */
const MAX_MESSAGE = 65_535;
/** The same for a peer that has yet to say who it is: room for a chain of certificates, not for a flood of halves. */
const MAX_UNKNOWN_MESSAGE = 16_384;

/** The fragments of one message so far; `received` counts them. */
export interface Reassembly {
  readonly messageId: number;
  readonly isResponse: boolean;
  readonly parts: (Uint8Array | undefined)[];
  first: number;
  /** What the first fragment has before its body, where that is signed: in IKE_INTERMEDIATE. */
  head: Uint8Array | undefined;
  received: number;
  octets: number;
}

export interface Collected {
  readonly first: number;
  readonly head: Uint8Array | undefined;
  readonly bytes: Uint8Array;
}

export function collect(
  sa: IkeSa,
  header: Header,
  fragment: { readonly number: number; readonly total: number; readonly nextPayload: number },
  plaintext: Uint8Array,
  head?: Uint8Array,
): Collected | 'more' | 'refused' {
  const { number, total } = fragment;
  if (number < 1 || number > total || total > MAX_FRAGMENTS) return 'refused';
  const known = sa.reassembly;
  const isSame = known?.messageId === header.messageId && known.isResponse === header.isResponse;
  // A larger total means that the peer tried again with smaller fragments: the old ones are void (§2.6.1).
  const isFresh = !known || !isSame || total > known.parts.length;
  const { messageId, isResponse } = header;
  const got: Reassembly = isFresh
    ? { messageId, isResponse, parts: new Array(total), first: 0, head: undefined, received: 0, octets: 0 }
    : known;
  const max = sa.isHalfOpen ? MAX_UNKNOWN_MESSAGE : MAX_MESSAGE;
  if (total < got.parts.length || got.octets + plaintext.length > max) return 'refused';
  sa.reassembly = got;
  if (got.parts[number - 1]) return 'more';
  got.parts[number - 1] = plaintext;
  got.received++;
  got.octets += plaintext.length;
  if (number === 1) {
    got.first = fragment.nextPayload;
    got.head = head;
  }
  if (got.received < total) return 'more';
  sa.reassembly = undefined;
  return { first: got.first, head: got.head, bytes: new Uint8Array(Buffer.concat(got.parts as Uint8Array[])) };
}
