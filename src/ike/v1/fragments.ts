/**
 * IKE fragments in the form that Cisco and Microsoft began: pieces of a whole message, header and all, in messages of
 * their own that nothing protects. So what a stranger can make us keep is bounded, in octets and in time.
 */
import type { IsakmpSa } from './isakmp-sa.ts';
import { encodeMessage, type HeaderFields, type Payload, type PayloadNamed } from './wire/index.ts';

/** libreswan's limit. */
const MAX_FRAGMENTS = 32;
/** Octets of all fragments together: room for a chain of certificates, not for a flood of halves. */
const MAX_MESSAGE = 16_384;
/** ms; what is not whole by then lacks what its sender has long since sent again. */
const PATIENCE = 30_000;
const LAST = 1;

/** The fragments of one message so far. `total` is known when the last one has come. */
export interface Reassembly {
  readonly id: number;
  readonly since: number;
  readonly parts: (Uint8Array | undefined)[];
  total: number | undefined;
  octets: number;
}

/** What is kept from now on, and the message if it is whole. */
interface Added {
  readonly kept: Reassembly | undefined;
  readonly whole: Uint8Array | undefined;
}

/** The message when it is whole; undefined before that. */
export function collect(sa: IsakmpSa, fragment: PayloadNamed<'FRAGMENT'>, now: number): Uint8Array | undefined {
  const { kept, whole } = added(fresh(sa.reassembly, now), fragment, now);
  sa.reassembly = kept;
  return whole;
}

/** What is too old is nothing any more. */
export const fresh = (known: Reassembly | undefined, now: number): Reassembly | undefined =>
  known && now - known.since < PATIENCE ? known : undefined;

/**
 * One message at a time: a fragment of another id takes the place of those before it, and so does one that says something
 * else in the place of one that is there, for many senders give all their messages the same id.
 */
export function added(known: Reassembly | undefined, fragment: PayloadNamed<'FRAGMENT'>, now: number): Added {
  const { id, number, flags, data } = fragment;
  const isOld = known?.id === id && isSameAs(known.parts[number - 1], data);
  const got: Reassembly = known && isOld ? known : { id, since: now, parts: [], total: undefined, octets: 0 };
  const isLast = (flags & LAST) !== 0;
  // One that does not fit the others is dropped; those stay.
  const end = isLast ? number : got.total;
  const isOdd = (got.total !== undefined && got.total !== end) || (end !== undefined && got.parts.length > end);
  const isBeyond = number > (end ?? MAX_FRAGMENTS) || number > MAX_FRAGMENTS || got.octets + data.length > MAX_MESSAGE;
  if (isOdd || isBeyond || got.parts[number - 1]) return { kept: known, whole: undefined };
  got.parts[number - 1] = data;
  got.octets += data.length;
  got.total = end;
  for (let i = 0; i < (got.total ?? MAX_FRAGMENTS); i++) if (!got.parts[i]) return { kept: got, whole: undefined };
  return { kept: undefined, whole: new Uint8Array(Buffer.concat(got.parts as Uint8Array[])) };
}

const isSameAs = (known: Uint8Array | undefined, data: Uint8Array): boolean =>
  known === undefined || Buffer.compare(known, data) === 0;

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
