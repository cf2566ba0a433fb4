/**
 * What its header alone says of an IKEv1 message that is for no SA of ours. RFC 2409 §5: phase 1 begins with an SA
 * payload in clear, without a message id, and without a cookie of the responder's.
 */
import { HEADER_AT, HEADER_OCTETS, isZero, SPI_OCTETS } from '../wire/header.ts';
import { NOTHING } from './isakmp-sa.ts';
import { notification } from './turn.ts';
import { EXCHANGE, encodeMessage, NOTIFY, PAYLOAD, PROTOCOL } from './wire/index.ts';

/** Octets of a first message, put together if it was in fragments: several times what any known peer offers. */
export const MOST_FIRST = 16_384;

export type FirstExchange = typeof EXCHANGE.MAIN | typeof EXCHANGE.AGGRESSIVE;

/** The exchange that the message of `octets` octets at `at` would begin, or a fragment of it; undefined: none of ours. */
export function beginning(bytes: Uint8Array, at: number, octets: number): FirstExchange | undefined {
  if (octets <= HEADER_OCTETS || bytes[at + HEADER_AT.version] >> 4 !== 1) return undefined;
  const next = bytes[at + HEADER_AT.nextPayload];
  if (next !== PAYLOAD.SA && next !== PAYLOAD.FRAGMENT) return undefined;
  if ((bytes[at + HEADER_AT.flags] & ENCRYPTED) !== 0 || isZero(bytes, at, SPI_OCTETS)) return undefined;
  if (!isZero(bytes, at + SPI_OCTETS, SPI_OCTETS) || !isZero(bytes, at + HEADER_AT.messageId, 4)) return undefined;
  const exchange = bytes[at + HEADER_AT.exchange];
  return exchange === EXCHANGE.MAIN || exchange === EXCHANGE.AGGRESSIVE ? exchange : undefined;
}

/** Of a message that `beginning` knows. */
export const isFragment = (bytes: Uint8Array): boolean => bytes[HEADER_AT.nextPayload] === PAYLOAD.FRAGMENT;

/** `ikev1-policy=reject`: what libreswan says then, without a cookie of ours, for nothing is begun. Forty octets. */
export function refusal(cookieI: Uint8Array): Uint8Array {
  const header = { cookieI, cookieR: new Uint8Array(SPI_OCTETS), exchange: EXCHANGE.INFORMATIONAL };
  return encodeMessage({ ...header, isEncrypted: false, messageId: 0 }, [
    notification(NOTIFY.INVALID_MAJOR_VERSION, NOTHING, { protocol: PROTOCOL.ISAKMP, spi: NOTHING }),
  ]);
}

const ENCRYPTED = 0x01;
