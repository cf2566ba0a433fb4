/** Whole messages, and the chains of payloads in them. RFC 7296 §3.1, §3.2, §3.14. */
import type { Result } from './fault.ts';
import { readBody, writeBody } from './field.ts';
import { decodeHeader, HEADER_OCTETS, type Header, type HeaderFields, sealHeader, writeHeader } from './header.ts';
import { MAX_PAYLOADS } from './limits.ts';
import { nameOf } from './names.ts';
import { definitionNamed, definitionOf, numberOf, type Payload } from './payload.ts';
import { Reader } from './reader.ts';
import { PAYLOAD, PAYLOAD_NAMES } from './registry.ts';
import { type Writer, written } from './writer.ts';

export interface Message {
  readonly header: Header;
  readonly payloads: Payload[];
}

const PAYLOAD_HEADER_OCTETS = 4;
const CRITICAL = 0x80;
const IS_ENVELOPE = (type: number) => type === PAYLOAD.SK || type === PAYLOAD.SKF;

/**
 * A datagram without its non-ESP marker. Octets in the result are views into `bytes`. SK and SKF stay closed,
 * and must stand last. A fault if any length disagrees with another, or the major version is not 2.
 */
export function decodeMessage(bytes: Uint8Array): Result<Message> {
  const header = decodeHeader(bytes);
  if (!header.ok) return header;
  const r = new Reader(bytes, 'HDR');
  r.skip(HEADER_OCTETS);
  if (header.value.major !== 2) r.fail(`major version ${header.value.major}`, 17);
  const payloads = readChain(r, header.value.nextPayload, true);
  return r.fault ? { ok: false, fault: r.fault } : { ok: true, value: { header: header.value, payloads } };
}

/** The decrypted content of SK or of all SKF, without padding; `first` is the type of its first payload. */
export function decodeChain(first: number, bytes: Uint8Array): Result<Payload[]> {
  const r = new Reader(bytes, 'SK');
  const payloads = readChain(r, first, false);
  return r.fault ? { ok: false, fault: r.fault } : { ok: true, value: payloads };
}

/** One datagram. A value that does not fit the wire is our own bug: RangeError. */
export function encodeMessage(header: HeaderFields, payloads: readonly Payload[]): Uint8Array {
  return written((w) => {
    writeHeader(w, header);
    writeChain(w, payloads);
    sealHeader(w, firstOf(payloads), w.at);
  });
}

/** What goes into SK, before padding. */
export function encodeChain(payloads: readonly Payload[]): { first: number; bytes: Uint8Array } {
  return { first: firstOf(payloads), bytes: written((w) => writeChain(w, payloads)) };
}

/**
 * The octets of an encrypted message that come before the IV, which are also its associated data. Lengths
 * are those of a message whose IV, ciphertext and ICV have `bodyOctets` together.
 */
export function encodeProtectedPrefix(
  header: HeaderFields,
  envelope:
    | { readonly type: 'SK'; readonly first: number }
    | { readonly type: 'SKF'; readonly first: number; readonly number: number; readonly total: number },
  bodyOctets: number,
): Uint8Array {
  const definition = definitionNamed(envelope.type);
  return written((w) => {
    writeHeader(w, header);
    w.uint(1, envelope.first);
    w.zeros(1);
    const lengthAt = w.at;
    w.zeros(2);
    writeBody(definition, w, { ...envelope, data: NOTHING });
    w.patchLength16(lengthAt, HEADER_OCTETS, bodyOctets);
    sealHeader(w, definition.number, w.at + bodyOctets);
  });
}

const NOTHING = new Uint8Array();

const firstOf = (payloads: readonly Payload[]): number => (payloads.length > 0 ? numberOf(payloads[0]) : PAYLOAD.NONE);

function readChain(r: Reader, first: number, mayWrap: boolean): Payload[] {
  const payloads: Payload[] = [];
  let type = first;
  while (type !== PAYLOAD.NONE && !r.fault) {
    r.where = nameOf(PAYLOAD_NAMES, type);
    if (payloads.length === MAX_PAYLOADS) r.fail(`more than ${MAX_PAYLOADS} payloads`);
    if (IS_ENVELOPE(type) && !mayWrap) r.fail('encrypted twice');
    const next = r.uint(1);
    const critical = (r.uint(1) & CRITICAL) !== 0;
    const lengthAt = r.at;
    const outer = r.enter(r.uint(2) - PAYLOAD_HEADER_OCTETS, lengthAt);
    const p = readPayload(r, type, critical);
    r.leave(outer);
    if (IS_ENVELOPE(type)) {
      // Next Payload names what is inside, so nothing may follow (RFC 7296 §3.14).
      Object.assign(p, { nextPayload: next, aadOctets: r.at - (p as { data: Uint8Array }).data.length });
      type = PAYLOAD.NONE;
    } else type = next;
    payloads.push(p);
  }
  if (r.more) r.fail(`${r.left} octets after the last payload`);
  return payloads;
}

function readPayload(r: Reader, type: number, critical: boolean): Payload {
  const definition = definitionOf(type);
  if (!definition) return { type: 'unknown', number: type, critical, data: r.octets(r.left) };
  const p: Record<string, unknown> = { type: definition.name, critical };
  readBody(definition, r, p);
  // The one place where the engine's untyped object becomes the union that its tables describe.
  return p as unknown as Payload;
}

function writeChain(w: Writer, payloads: readonly Payload[]): void {
  for (let i = 0; i < payloads.length; i++) {
    const p = payloads[i];
    const isLast = i === payloads.length - 1;
    const from = w.at;
    const wraps = p.type === 'SK' || p.type === 'SKF';
    if (wraps && !isLast) throw new RangeError(`${p.type} must be the last payload`);
    w.uint(1, wraps ? p.nextPayload : isLast ? PAYLOAD.NONE : numberOf(payloads[i + 1]));
    w.uint(1, p.critical ? CRITICAL : 0);
    w.zeros(2);
    if (p.type === 'unknown') w.octets(p.data);
    else writeBody(definitionNamed(p.type), w, p);
    w.patchLength16(from + 2, from);
  }
}
