/**
 * How TLS goes in EAP: RFC 5216 §3.1 for EAP-TLS, RFC 5281 §9.1 for TTLS and PEAP with a version in the low bits.
 *
 *     octets   1      4               ..
 *              flags  length of all   a part          length: with L, which the first of several parts has
 *     flags    L M S 0 0 version
 *
 * A message goes in parts, one at a time; the other end answers each but the last with nothing but flags.
 */

export type Framed =
  /** All of a message; empty for "go on". */
  | { readonly t: 'message'; readonly octets: Uint8Array }
  /** A part has come, or is to be sent: this is the data of the next packet. */
  | { readonly t: 'send'; readonly data: Uint8Array }
  | { readonly t: 'wrong'; readonly why: string };

/** Octets of one TLS message, all parts: a chain of ten certificates with RSA-4096 has a quarter of that. */
export const MAX_TLS_MESSAGE = 65_536;
/** Octets of a part: with what is around it, it fits a packet without IP fragments. RFC 3748 §3.1 says 1020 at least. */
const PART = 1_000;

const FLAG = { length: 0x80, more: 0x40, start: 0x20, version: 0x07 } as const;

/** One end's side of the framing, for one conversation. */
export class TlsFraming {
  readonly #version: number;
  /** What has come so far, and how much it will be; a buffer that grows no faster than what comes. */
  #parts: Uint8Array[] = [];
  #received = 0;
  #announced: number | undefined = undefined;
  /** What is still to be sent. */
  #left = new Uint8Array();

  /** `version` of the method: 0 for all that there are here. */
  constructor(version = 0) {
    this.#version = version;
  }

  /** The authenticator's first request. */
  start(): Uint8Array {
    return Uint8Array.of(FLAG.start | this.#version);
  }

  /** Whether a request is the authenticator's first. */
  isStart(data: Uint8Array): boolean {
    return data.length > 0 && (data[0] & FLAG.start) !== 0;
  }

  /** Cuts a message: the data of the first packet. The rest follows as the other end asks for it. */
  cut(message: Uint8Array): Uint8Array {
    this.#left = Uint8Array.from(message);
    return this.#next(true);
  }

  /** What a packet's data amounts to. Those with S are the method's to look at first. */
  take(data: Uint8Array): Framed {
    if (data.length === 0) return wrong('no flags');
    const flags = data[0];
    const hasLength = (flags & FLAG.length) !== 0;
    const hasMore = (flags & FLAG.more) !== 0;
    if (flags & FLAG.start) return wrong('a second start');
    if ((flags & FLAG.version) !== this.#version) return wrong(`version ${flags & FLAG.version}`);
    if (hasLength && data.length < 5) return wrong('a length of less than four octets');
    const part = data.subarray(hasLength ? 5 : 1);
    if (this.#left.length > 0) {
      // While we are sending, there is nothing to say but "go on".
      if (part.length > 0 || hasMore) return wrong('a part where ours were to be acknowledged');
      return { t: 'send', data: this.#next(false) };
    }
    return this.#collect(
      part,
      hasMore,
      hasLength ? new DataView(data.buffer, data.byteOffset + 1).getUint32(0) : undefined,
    );
  }

  /** "Go on", or "I have heard": flags and nothing else. */
  acknowledge(): Uint8Array {
    return Uint8Array.of(this.#version);
  }

  #collect(part: Uint8Array, hasMore: boolean, announced: number | undefined): Framed {
    const isFirst = this.#parts.length === 0;
    if (announced !== undefined && announced > MAX_TLS_MESSAGE) return wrong(`a message of ${announced} octets`);
    if (announced !== undefined && !isFirst && announced !== this.#announced)
      return wrong('another length than before');
    if (isFirst) this.#announced = announced;
    if (hasMore && part.length === 0) return wrong('an empty part with more to come');
    const limit = this.#announced ?? MAX_TLS_MESSAGE;
    this.#received += part.length;
    if (this.#received > limit) return wrong(`more than ${limit} octets`);
    this.#parts.push(Uint8Array.from(part));
    if (hasMore) return { t: 'send', data: this.acknowledge() };
    if (this.#announced !== undefined && this.#received !== this.#announced)
      return wrong(`${this.#received} octets of ${this.#announced}`);
    const octets = new Uint8Array(this.#received);
    let at = 0;
    for (const one of this.#parts) {
      octets.set(one, at);
      at += one.length;
    }
    this.#parts = [];
    this.#received = 0;
    this.#announced = undefined;
    return { t: 'message', octets };
  }

  #next(isFirst: boolean): Uint8Array {
    const part = this.#left.subarray(0, PART);
    const hasMore = part.length < this.#left.length;
    const hasLength = isFirst && hasMore;
    const data = new Uint8Array((hasLength ? 5 : 1) + part.length);
    data[0] = (hasLength ? FLAG.length : 0) | (hasMore ? FLAG.more : 0) | this.#version;
    if (hasLength) new DataView(data.buffer).setUint32(1, this.#left.length);
    data.set(part, data.length - part.length);
    this.#left = this.#left.subarray(part.length);
    return data;
  }
}

const wrong = (why: string): Framed => ({ t: 'wrong', why });
