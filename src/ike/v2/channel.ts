/**
 * The encrypted channel of an IKE SA: payloads to datagrams and back, in one SK payload (RFC 7296 §3.14) or
 * several SKF (RFC 7383).
 */

import type { IkeKeys } from '../crypto/keys.ts';
import { ivOctets, open, seal, sealedOctets } from '../crypto/protect.ts';
import type { Env } from '../effects.ts';
import type { Fault } from '../fault.ts';
import type { PeerLimit } from '../peer-limits.ts';
import {
  decodeChain,
  EXCHANGE,
  encodeChain,
  encodeProtectedPrefix,
  HEADER_OCTETS,
  type HeaderFields,
  type Message,
  PAYLOAD,
  type Payload,
} from '../wire/index.ts';
import { type Collected, collect } from './fragments.ts';
import type { IkeSa } from './ike-sa.ts';

/** The smallest MTU of IPv6 passes everywhere; from it go the IP, UDP and non-ESP headers. */
const MAX_DATAGRAM = { 4: 1280 - 20 - 8 - 4, 6: 1280 - 40 - 8 - 4 } as const;

/** IKE header and SK header; SKF has four octets more. */
const SK_PREFIX = 32;
const SKF_PREFIX = 36;

export function sealMessage(
  sa: IkeSa,
  header: HeaderFields,
  payloads: readonly Payload[],
  env: Env,
): readonly Uint8Array[] {
  const { suite, keys } = established(sa);
  const encr = sa.role === 'initiator' ? keys.skEi : keys.skEr;
  const integ = sa.role === 'initiator' ? keys.skAi : keys.skAr;
  const { first, bytes } = encodeChain(payloads);
  const sealOne = (prefix: Uint8Array, plain: Uint8Array) => seal(suite, encr, integ, nextIv(sa, env), prefix, plain);

  const max = MAX_DATAGRAM[sa.peer.address.family];
  const whole = sealedOctets(suite, bytes.length);
  if (!sa.fragments || !sa.policy.fragmentation || SK_PREFIX + whole <= max) {
    return [sealOne(encodeProtectedPrefix(header, { type: 'SK', first }, whole), bytes)];
  }
  const room = max - SKF_PREFIX - sealedOctets(suite, 0) - suite.encr.blockOctets;
  const total = Math.ceil(bytes.length / room);
  return Array.from({ length: total }, (_, i) => {
    const part = bytes.subarray(i * room, (i + 1) * room);
    // The first payload's type stands in the first fragment only (RFC 7383 §2.5).
    const fragment = { type: 'SKF', first: i === 0 ? first : 0, number: i + 1, total } as const;
    return sealOne(encodeProtectedPrefix(header, fragment, sealedOctets(suite, part.length)), part);
  });
}

/** The inner payloads of an encrypted message; `more` when it was an authentic fragment and others are missing. */
export type Opened =
  /** `covered`: of IKE_INTERMEDIATE, as `coveredOctets` would have it. */
  | {
      readonly t: 'payloads';
      readonly payloads: readonly Payload[];
      readonly covered: readonly Uint8Array[] | undefined;
    }
  | { readonly t: 'more' }
  /** Not from our peer, or damaged: to be dropped without any other effect. */
  | { readonly t: 'unauthentic'; readonly why: string; readonly limit?: PeerLimit }
  /** From our peer, and wrong inside. */
  | { readonly t: 'fault'; readonly fault: Fault };

export function openMessage(sa: IkeSa, message: Message, bytes: Uint8Array): Opened {
  const { suite, keys } = established(sa);
  const envelope = message.payloads.at(-1);
  if (envelope?.type !== 'SK' && envelope?.type !== 'SKF') return { t: 'unauthentic', why: 'not encrypted' };
  const encr = sa.role === 'initiator' ? keys.skEr : keys.skEi;
  const integ = sa.role === 'initiator' ? keys.skAr : keys.skAi;
  const opened = open(suite, encr, integ, bytes, envelope.aadOctets);
  if (!opened.ok) return { t: 'unauthentic', why: opened.why };

  const isSigned = message.header.exchange === EXCHANGE.IKE_INTERMEDIATE;
  const head = isSigned ? bytes.subarray(0, envelope.aadOctets) : undefined;
  let whole: Collected = { first: envelope.nextPayload, head, bytes: opened.plaintext };
  if (envelope.type === 'SKF') {
    const collected = collect(sa, message.header, envelope, opened.plaintext, head);
    if (collected === 'more') return { t: 'more' };
    if (collected === 'refused')
      return { t: 'unauthentic', why: 'fragment does not fit the others', limit: 'fragments' };
    whole = collected;
  }
  // Whole by now; a peer that gave up on fragments half-way has left some behind.
  sa.reassembly = undefined;
  const inner = decodeChain(whole.first, whole.bytes);
  if (!inner.ok) return { t: 'fault', fault: inner.fault };
  const covered = whole.head && [unfragmented(whole.head, whole.bytes.length), whole.bytes];
  return { t: 'payloads', payloads: inner.value, covered };
}

/**
 * What AUTH covers of an IKE_INTERMEDIATE message of ours, in pieces: its headers, as if it were sent whole and without
 * IV, padding and ICV, and its payloads. RFC 9242 §3.3.2.
 */
export function coveredOctets(header: HeaderFields, payloads: readonly Payload[]): readonly Uint8Array[] {
  const { first, bytes } = encodeChain(payloads);
  return [encodeProtectedPrefix(header, { type: 'SK', first }, bytes.length), bytes];
}

/** The headers of a message that came, whole or in fragments, as `coveredOctets` has them. */
function unfragmented(head: Uint8Array, innerOctets: number): Uint8Array {
  const typeAt = envelopeTypeAt(head);
  const octets = head[typeAt] === PAYLOAD.SKF ? head.length - (SKF_PREFIX - SK_PREFIX) : head.length;
  const fixed = head.slice(0, octets);
  fixed[typeAt] = PAYLOAD.SK;
  const view = new DataView(fixed.buffer);
  view.setUint32(HEADER_OCTETS - 4, octets + innerOctets);
  view.setUint16(octets - 2, PAYLOAD_HEADER + innerOctets);
  return fixed;
}

/** Where it stands that SK or SKF comes next: in the header, or in a payload in clear before it. Lengths have been checked. */
function envelopeTypeAt(head: Uint8Array): number {
  let typeAt = NEXT_PAYLOAD_AT;
  for (let at = HEADER_OCTETS; head[typeAt] !== PAYLOAD.SK && head[typeAt] !== PAYLOAD.SKF; ) {
    typeAt = at;
    at += (head[at + 2] << 8) | head[at + 3];
  }
  return typeAt;
}

const NEXT_PAYLOAD_AT = 16;
const PAYLOAD_HEADER = 4;

/** Whether our peer made this datagram, with the keys of now or with `keys`; nothing is kept of it. */
export function isAuthentic(
  sa: IkeSa,
  message: Message,
  bytes: Uint8Array,
  keys: IkeKeys | undefined = sa.keys,
): boolean {
  const { suite } = sa;
  if (!suite || !keys) return false;
  const envelope = message.payloads.at(-1);
  if (envelope?.type !== 'SK' && envelope?.type !== 'SKF') return false;
  const isInitiator = sa.role === 'initiator';
  const [encr, integ] = isInitiator ? [keys.skEr, keys.skAr] : [keys.skEi, keys.skAi];
  return open(suite, encr, integ, bytes, envelope.aadOctets).ok;
}

/** AEAD and counter modes: a counter, unique per key (RFC 5282 §3.1). CBC: dice, unpredictable (RFC 7296 §3.14). */
function nextIv(sa: IkeSa, env: Env): Uint8Array {
  const { suite } = established(sa);
  const octets = ivOctets(suite);
  const isBlockMode = suite.encr.blockOctets > 1;
  if (isBlockMode) return env.random(octets);
  const iv = new Uint8Array(octets);
  // By hand: a DataView would have a buffer made for it, and a big integer.
  let rest = ++sa.ivCounter;
  for (let at = octets - 1; rest > 0; at--) {
    iv[at] = rest;
    rest = Math.floor(rest / 256);
  }
  return iv;
}

function established(sa: IkeSa) {
  if (!sa.suite || !sa.keys) throw new Error(`#${sa.serial} has no keys in state ${sa.state}`);
  return { suite: sa.suite, keys: sa.keys };
}
