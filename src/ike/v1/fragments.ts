/**
 * IKE fragments in the form that Cisco and Microsoft began: pieces of a whole message, header and all, in messages of
 * their own that nothing protects. So what a stranger can make us keep is bounded.
 */
import type { IsakmpSa } from './isakmp-sa.ts';
import { encodeMessage, type HeaderFields, type Payload, type PayloadNamed } from './wire/index.ts';

/** libreswan's limit. */
const MAX_FRAGMENTS = 32;
/** Octets of all fragments together: what one UDP datagram could have carried. */
const MAX_MESSAGE = 65_535;
/** The same for a peer that has yet to say who it is: room for a chain of certificates, not for a flood of halves. */
const MAX_UNKNOWN_MESSAGE = 16_384;
const LAST = 1;

/** The fragments of one message so far. `total` is known when the last one has come. */
export interface Reassembly {
  readonly id: number;
  readonly parts: (Uint8Array | undefined)[];
  total: number | undefined;
  octets: number;
}

/** The message when it is whole; undefined before that. */
export function collect(sa: IsakmpSa, fragment: PayloadNamed<'FRAGMENT'>): Uint8Array | undefined {
  const { id, number, flags, data } = fragment;
  if (number > MAX_FRAGMENTS) return undefined;
  const known = sa.reassembly;
  const got: Reassembly = known?.id === id ? known : { id, parts: [], total: undefined, octets: 0 };
  const isLast = (flags & LAST) !== 0;
  const most = sa.state === 'established' ? MAX_MESSAGE : MAX_UNKNOWN_MESSAGE;
  // One that does not fit the others is dropped; those stay.
  const end = isLast ? number : got.total;
  const isOdd = (got.total !== undefined && got.total !== end) || (end !== undefined && got.parts.length > end);
  if (isOdd || (end !== undefined && number > end) || got.octets + data.length > most) return undefined;
  sa.reassembly = got;
  if (got.parts[number - 1]) return undefined;
  got.parts[number - 1] = data;
  got.octets += data.length;
  got.total = end;
  for (let i = 0; i < (got.total ?? MAX_FRAGMENTS); i++) if (!got.parts[i]) return undefined;
  sa.reassembly = undefined;
  return new Uint8Array(Buffer.concat(got.parts as Uint8Array[]));
}

/** `message` in datagrams of `most` octets; itself if it is not longer. */
export function split(header: HeaderFields, message: Uint8Array, most: number): readonly Uint8Array[] {
  if (message.length <= most) return [message];
  const room = most - FRAGMENT_OVERHEAD;
  const count = Math.ceil(message.length / room);
  if (count > MAX_FRAGMENTS) return [message];
  return Array.from({ length: count }, (_, i) => {
    const data = message.subarray(i * room, (i + 1) * room);
    const fragment: Payload = { type: 'FRAGMENT', id: 1, number: i + 1, flags: i === count - 1 ? LAST : 0, data };
    return encodeMessage({ ...header, isEncrypted: false }, [fragment]);
  });
}

/** IKE header, payload header, the fragment's own four octets. */
const FRAGMENT_OVERHEAD = 28 + 4 + 4;
