/**
 * Whole messages, and the chains of payloads in them. RFC 2408 §3.1, §3.2; the header is the one that all versions of
 * IKE share, and only its flags differ:
 *
 *     flags  0x01 encrypted   0x02 commit   0x04 authentication only
 */
import type { Result } from '../../wire/fault.ts';
import { readBody, writeBody } from '../../wire/field.ts';
import { decodeHeader, HEADER_AT, HEADER_OCTETS, sealHeader, writeHeader } from '../../wire/header.ts';
import { MAX_PAYLOADS } from '../../wire/limits.ts';
import { nameOf } from '../../wire/names.ts';
import { Reader } from '../../wire/reader.ts';
import { type Writer, written } from '../../wire/writer.ts';
import { definitionNamed, definitionOf, numberOf, type Payload } from './payload.ts';
import { PAYLOAD, PAYLOAD_NAMES } from './registry.ts';

export interface HeaderFields {
  /** 8 octets each; the responder's are zeros in the first message. */
  readonly cookieI: Uint8Array;
  readonly cookieR: Uint8Array;
  readonly exchange: number;
  readonly isEncrypted: boolean;
  readonly isCommit?: boolean;
  readonly messageId: number;
}

export interface Header extends HeaderFields {
  readonly nextPayload: number;
  readonly minor: number;
  readonly isCommit: boolean;
  readonly isAuthOnly: boolean;
  /** Octets of the whole message. */
  readonly length: number;
}

/** Payloads, and beside each the octets of its body as they came: what hashes cover. */
export interface Chain {
  readonly payloads: readonly Payload[];
  readonly bodies: readonly Uint8Array[];
  /** Without the padding of an encrypted chain. */
  readonly octets: number;
}

export interface Message {
  readonly header: Header;
  /** Empty when encrypted. */
  readonly chain: Chain;
  /** What is encrypted: all that follows the header. */
  readonly sealed: Uint8Array | undefined;
}

const FLAG = { ENCRYPTED: 0x01, COMMIT: 0x02, AUTH_ONLY: 0x04 } as const;

const PAYLOAD_HEADER_OCTETS = 4;
/** Some pad by dice, up to a length that one octet can tell. */
const MAX_PADDING = 255;
/** In the clear too some fill the last word up, as libreswan does (`ikepad=`). */
const MAX_CLEAR_PADDING = 3;
const NO_CHAIN: Chain = Object.freeze({ payloads: [], bodies: [], octets: 0 });

/**
 * A datagram without its non-ESP marker. Octets in the result are views into `bytes`. A fault if any length disagrees
 * with another, or the major version is not 1.
 */
export function decodeMessage(bytes: Uint8Array): Result<Message> {
  const decoded = decodeHeader(bytes);
  if (!decoded.ok) return decoded;
  const { value } = decoded;
  const r = new Reader(bytes, 'HDR');
  if (value.major !== 1) r.fail(`major version ${value.major}`, 17);
  const flags = bytes[HEADER_AT.flags];
  const header: Header = {
    cookieI: value.spiI,
    cookieR: value.spiR,
    nextPayload: value.nextPayload,
    minor: value.minor,
    exchange: value.exchange,
    isEncrypted: (flags & FLAG.ENCRYPTED) !== 0,
    isCommit: (flags & FLAG.COMMIT) !== 0,
    isAuthOnly: (flags & FLAG.AUTH_ONLY) !== 0,
    messageId: value.messageId,
    length: value.length,
  };
  r.skip(HEADER_OCTETS);
  const sealed = header.isEncrypted && !r.fault ? r.octets(r.left) : undefined;
  if (sealed?.length === 0) r.fail('nothing is encrypted');
  const chain = sealed ? NO_CHAIN : readChain(r, value.nextPayload, MAX_CLEAR_PADDING);
  return r.fault ? { ok: false, fault: r.fault } : { ok: true, value: { header, chain, sealed } };
}

/** What was encrypted, padding and all; `first` is the type of its first payload. */
export function decodeChain(first: number, bytes: Uint8Array): Result<Chain> {
  const r = new Reader(bytes, 'encrypted');
  const chain = readChain(r, first, MAX_PADDING);
  return r.fault ? { ok: false, fault: r.fault } : { ok: true, value: chain };
}

/** One datagram in the clear. A value that does not fit the wire is our own bug: RangeError. */
export function encodeMessage(header: HeaderFields, payloads: readonly Payload[]): Uint8Array {
  return encodeWith(header, firstOf(payloads), encodeChain(payloads));
}

/** One datagram around what follows its header, encrypted or not. */
export function encodeWith(header: HeaderFields, first: number, body: Uint8Array): Uint8Array {
  const bytes = written((w) => {
    const { cookieI: spiI, cookieR: spiR, exchange, messageId } = header;
    writeHeader(w, { spiI, spiR, major: 1, minor: 0, exchange, isInitiator: false, isResponse: false, messageId });
    w.octets(body);
    sealHeader(w, first, w.at);
  });
  bytes[HEADER_AT.flags] = (header.isEncrypted ? FLAG.ENCRYPTED : 0) | (header.isCommit ? FLAG.COMMIT : 0);
  return bytes;
}

/** What goes into an encrypted message, before padding. */
export const encodeChain = (payloads: readonly Payload[]): Uint8Array => written((w) => writeChain(w, payloads));

/** The body of one payload: what hashes cover of an SA and an ID of our own. */
export const encodeBody = (p: Payload): Uint8Array => encodeChain([p]).subarray(PAYLOAD_HEADER_OCTETS);

export const firstOf = (payloads: readonly Payload[]): number =>
  payloads.length > 0 ? numberOf(payloads[0]) : PAYLOAD.NONE;

function readChain(r: Reader, first: number, mostPadding: number): Chain {
  const payloads: Payload[] = [];
  const bodies: Uint8Array[] = [];
  let type = first;
  while (type !== PAYLOAD.NONE && !r.fault) {
    r.where = nameOf(PAYLOAD_NAMES, type);
    if (payloads.length === MAX_PAYLOADS) r.fail(`more than ${MAX_PAYLOADS} payloads`);
    const next = r.uint(1);
    r.skip(1);
    const lengthAt = r.at;
    const outer = r.enter(r.uint(2) - PAYLOAD_HEADER_OCTETS, lengthAt);
    const from = r.at;
    const body = r.octets(r.left);
    if (!r.fault) r.at = from;
    payloads.push(readPayload(r, type));
    bodies.push(body);
    r.leave(outer);
    type = next;
  }
  const octets = r.at;
  if (r.left > mostPadding) r.fail(`${r.left} octets after the last payload`);
  return { payloads, bodies, octets };
}

function readPayload(r: Reader, type: number): Payload {
  const definition = definitionOf(type);
  if (!definition) return { type: 'unknown', number: type, data: r.octets(r.left) };
  const p: Record<string, unknown> = { type: definition.name };
  readBody(definition, r, p);
  // The one place where the engine's untyped object becomes the union that its tables describe.
  return p as unknown as Payload;
}

function writeChain(w: Writer, payloads: readonly Payload[]): void {
  for (let i = 0; i < payloads.length; i++) {
    const p = payloads[i];
    const from = w.at;
    w.uint(1, i === payloads.length - 1 ? PAYLOAD.NONE : numberOf(payloads[i + 1]));
    w.zeros(3);
    if (p.type === 'unknown') w.octets(p.data);
    else writeBody(definitionNamed(p.type), w, p);
    w.patchLength16(from + 2, from);
  }
}
