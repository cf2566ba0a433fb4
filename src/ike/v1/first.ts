/**
 * What its header alone says of an IKEv1 message that is for no SA of ours. RFC 2409 §5: phase 1 begins with an SA
 * payload in clear, without a message id, and without a cookie of the responder's.
 */
import { HEADER_OCTETS, SPI_OCTETS } from '../wire/header.ts';
import { NOTHING } from './isakmp-sa.ts';
import { notification } from './turn.ts';
import { EXCHANGE, encodeMessage, NOTIFY, PAYLOAD, PROTOCOL } from './wire/index.ts';

/** Octets of a first message, put together if it was in fragments: several times what any known peer offers. */
export const MOST_FIRST = 16_384;

export type FirstExchange = typeof EXCHANGE.MAIN | typeof EXCHANGE.AGGRESSIVE;

/** The exchange that the message of `octets` octets at `at` would begin, or a fragment of it; undefined: none of ours. */
export function beginning(bytes: Uint8Array, at: number, octets: number): FirstExchange | undefined {
  if (octets <= HEADER_OCTETS || bytes[at + VERSION_AT] >> 4 !== 1) return undefined;
  const next = bytes[at + NEXT_PAYLOAD_AT];
  if (next !== PAYLOAD.SA && next !== PAYLOAD.FRAGMENT) return undefined;
  if ((bytes[at + FLAGS_AT] & ENCRYPTED) !== 0 || isZero(bytes, at, SPI_OCTETS)) return undefined;
  if (!isZero(bytes, at + SPI_OCTETS, SPI_OCTETS) || !isZero(bytes, at + MESSAGE_ID_AT, 4)) return undefined;
  const exchange = bytes[at + EXCHANGE_AT];
  return exchange === EXCHANGE.MAIN || exchange === EXCHANGE.AGGRESSIVE ? exchange : undefined;
}

/** Of a message that `beginning` knows. */
export const isFragment = (bytes: Uint8Array): boolean => bytes[NEXT_PAYLOAD_AT] === PAYLOAD.FRAGMENT;

/** `ikev1-policy=reject`: what libreswan says then, without a cookie of ours, for nothing is begun. Forty octets. */
export function refusal(cookieI: Uint8Array): Uint8Array {
  const header = { cookieI, cookieR: new Uint8Array(SPI_OCTETS), exchange: EXCHANGE.INFORMATIONAL };
  return encodeMessage({ ...header, isEncrypted: false, messageId: 0 }, [
    notification(NOTIFY.INVALID_MAJOR_VERSION, NOTHING, { protocol: PROTOCOL.ISAKMP, spi: NOTHING }),
  ]);
}

/** RFC 2408 §3.1. */
const [NEXT_PAYLOAD_AT, VERSION_AT, EXCHANGE_AT, FLAGS_AT, MESSAGE_ID_AT] = [16, 17, 18, 19, 20];
const ENCRYPTED = 0x01;

function isZero(octets: Uint8Array, at: number, count: number): boolean {
  for (let i = at; i < at + count; i++) if (octets[i] !== 0) return false;
  return true;
}
