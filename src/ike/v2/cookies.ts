/**
 * Cookies: the answer to a first message that makes its sender prove that it has the address it sends from, RFC 7296
 * §2.6. A flood is answered in here packet by packet, so nothing is decoded that a cookie does not depend on, and
 * nothing is made but the hash.
 */
import type { Endpoint } from '../../net/endpoint.ts';
import { equalSecret, sha256 } from '../crypto/misc.ts';
import { EXCHANGE, HEADER_AT, HEADER_OCTETS, NOTIFY, PAYLOAD, SPI_OCTETS } from '../wire/index.ts';

/** A first message where a socket has left it. */
export interface Knock {
  readonly bytes: Uint8Array;
  /** Where the message begins. Its header is checked, its responder's SPI zero. */
  readonly at: number;
  readonly octets: number;
  /** Where in `addresses` that of its sender is: 4 octets or 16. */
  readonly addresses: Uint8Array;
  readonly from: number;
  readonly family: 4 | 6;
}

/** Whether it is the first message of an IKE SA, of our version: a header that `look` can rely on. RFC 7296 §3.1. */
export function isFirstMessage({ bytes, at, octets }: Knock): boolean {
  if (octets < HEADER_OCTETS || octets > 0xffff) return false;
  const length = (bytes[at + 24] << 24) | (bytes[at + 25] << 16) | (bytes[at + 26] << 8) | bytes[at + 27];
  if (length !== octets || bytes[at + 17] >> 4 !== 2 || bytes[at + 18] !== EXCHANGE.IKE_SA_INIT) return false;
  if ((bytes[at + 19] & (INITIATOR | RESPONSE)) !== INITIATOR) return false;
  let zero = bytes[at + 20] | bytes[at + 21] | bytes[at + 22] | bytes[at + 23];
  for (let i = at + SPI_OCTETS; i < at + 2 * SPI_OCTETS; i++) zero |= bytes[i];
  return zero === 0;
}
const [INITIATOR, RESPONSE] = [0x08, 0x20];

/** `opens`: it has brought the cookie that it was asked for. */
export type Look = 'opens' | 'needs' | 'malformed';

/** Octets of a cookie: the secret's generation, then the hash. */
const COOKIE_OCTETS = 1 + 32;
/** Octets of a notify payload before its data, the generic header included, RFC 7296 §3.10. */
const NOTIFY_OCTETS = 8;
export const COOKIE_ANSWER_OCTETS = HEADER_OCTETS + NOTIFY_OCTETS + COOKIE_OCTETS;

/** ms that a secret makes cookies; for as long again they open. */
const GENERATION = 60_000;
const SECRET_OCTETS = 32;
/** Of a nonce, RFC 7296 §3.9. */
const [LEAST_NONCE, MOST_NONCE] = [16, 256];
const FAMILY_AND_ADDRESS = 1 + 16;
/** First messages have a dozen payloads; whoever sends more of them does not make us count. */
const MOST_PAYLOADS = 64;
const NO_NEXT_PAYLOAD = 0;

export class Cookies {
  readonly #random: (octets: number) => Uint8Array;
  #generation = 0;
  #current: Uint8Array;
  #previous: Uint8Array;
  #since: number;
  /** Ni | family, IPi | SPIi | secret: what is hashed. */
  readonly #hashed = new Uint8Array(MOST_NONCE + FAMILY_AND_ADDRESS + SPI_OCTETS + SECRET_OCTETS);
  /** Of the message last read: where its nonce and its cookie's data are; no cookie: 0. */
  #nonceAt = 0;
  #nonceOctets = 0;
  #cookieAt = 0;

  constructor(random: (octets: number) => Uint8Array, now: number) {
    this.#random = random;
    this.#current = random(SECRET_OCTETS);
    this.#previous = random(SECRET_OCTETS);
    this.#since = now;
  }

  look(knock: Knock, now: number): Look {
    this.#turn(now);
    // Shorter than the answer: no IKE_SA_INIT is, and those in whose name it is sent are not to get more than was sent.
    if (knock.octets < COOKIE_ANSWER_OCTETS || !this.#read(knock)) return 'malformed';
    if (this.#cookieAt === 0) return 'needs';
    const { bytes } = knock;
    const returned = bytes.subarray(this.#cookieAt, this.#cookieAt + COOKIE_OCTETS);
    const secret = returned[0] === (this.#generation & 255) ? this.#current : this.#previous;
    return equalSecret(this.#hash(knock, secret), returned.subarray(1)) ? 'opens' : 'needs';
  }

  /** Of a message in a datagram of its own: whether it opens, is malformed, or what answers it. */
  meet(bytes: Uint8Array, { address }: Endpoint, now: number): 'opens' | 'malformed' | Uint8Array {
    const { family } = address;
    const knock: Knock = { bytes, at: 0, octets: bytes.length, addresses: address.toBytes(), from: 0, family };
    const look = this.look(knock, now);
    if (look !== 'needs') return look;
    const answer = new Uint8Array(COOKIE_ANSWER_OCTETS);
    this.answer(knock, answer, 0);
    return answer;
  }

  /** Another secret from now on; the one before opens until the next time. */
  renew(): void {
    this.#generation++;
    this.#previous = this.#current;
    this.#current = this.#random(SECRET_OCTETS);
  }

  /** Writes what answers the message that was looked at last: COOKIE_ANSWER_OCTETS. */
  answer(knock: Knock, to: Uint8Array, at: number): void {
    const { bytes, at: start } = knock;
    const length = COOKIE_ANSWER_OCTETS;
    to.fill(0, at, at + length);
    for (let i = 0; i < SPI_OCTETS; i++) to[at + i] = bytes[start + i];
    to.set(ANSWER, at + HEADER_AT.nextPayload);
    const cookie = at + HEADER_OCTETS + NOTIFY_OCTETS;
    to[cookie] = this.#generation & 255;
    to.set(this.#hash(knock, this.#current), cookie + 1);
  }

  /** SHA-256(Ni | IPi | SPIi | secret). What comes before the address has no fixed length, what comes after it has. */
  #hash({ bytes, at, addresses, from, family }: Knock, secret: Uint8Array): Uint8Array {
    const hashed = this.#hashed;
    let end = 0;
    for (let i = 0; i < this.#nonceOctets; i++) hashed[end++] = bytes[this.#nonceAt + i];
    hashed[end++] = family;
    const octets = family === 4 ? 4 : 16;
    for (let i = 0; i < 16; i++) hashed[end++] = i < octets ? addresses[from + i] : 0;
    for (let i = 0; i < SPI_OCTETS; i++) hashed[end++] = bytes[at + i];
    hashed.set(secret, end);
    return sha256(hashed.subarray(0, end + SECRET_OCTETS));
  }

  /** Finds the nonce and the cookie; false if the chain of payloads is broken, or there is no nonce. */
  #read({ bytes, at, octets }: Knock): boolean {
    const end = at + octets;
    this.#nonceOctets = 0;
    this.#cookieAt = 0;
    let next = bytes[at + HEADER_AT.nextPayload];
    let here = at + HEADER_OCTETS;
    for (let count = 0; next !== NO_NEXT_PAYLOAD; count++) {
      if (here + 4 > end || count === MOST_PAYLOADS) return false;
      const length = (bytes[here + 2] << 8) | bytes[here + 3];
      if (length < 4 || length > end - here) return false;
      if (next === PAYLOAD.Nonce && this.#nonceOctets === 0) {
        this.#nonceAt = here + 4;
        this.#nonceOctets = length - 4;
      } else if (next === PAYLOAD.N && this.#cookieAt === 0 && isCookie(bytes, here, length)) {
        this.#cookieAt = here + NOTIFY_OCTETS;
      }
      next = bytes[here];
      here += length;
    }
    return here === end && this.#nonceOctets >= LEAST_NONCE && this.#nonceOctets <= MOST_NONCE;
  }

  #turn(now: number): void {
    if (now - this.#since <= GENERATION) return;
    this.renew();
    this.#since = now;
  }
}

/** A cookie of ours: others have another length, and some names no SPI. */
const isCookie = (bytes: Uint8Array, at: number, length: number) =>
  length === NOTIFY_OCTETS + COOKIE_OCTETS &&
  bytes[at + 5] === 0 &&
  ((bytes[at + 6] << 8) | bytes[at + 7]) === NOTIFY.COOKIE;

/** From the header's next payload to the cookie: what is the same in all answers. */
const ANSWER = Uint8Array.of(
  ...[PAYLOAD.N, 0x20, EXCHANGE.IKE_SA_INIT, RESPONSE],
  ...[0, 0, 0, 0],
  ...[0, 0, 0, COOKIE_ANSWER_OCTETS],
  ...[NO_NEXT_PAYLOAD, 0, 0, NOTIFY_OCTETS + COOKIE_OCTETS],
  ...[0, 0, NOTIFY.COOKIE >> 8, NOTIFY.COOKIE & 255],
);
