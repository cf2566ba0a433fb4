/**
 * The door: what becomes of an IKE_SA_INIT request before any state exists for it. RFC 7296 §2.6.
 * A flood costs one decode and one HMAC per packet, never a key exchange.
 */
import type { Endpoint } from '../../net/endpoint.ts';
import { equalSecret, hmacSha256 } from '../crypto/misc.ts';
import { decodeMessage, EXCHANGE, encodeMessage, find, type Header, NOTIFY, notifies } from '../wire/index.ts';
import { redirectableBy, redirectData } from './redirect.ts';
import { notification } from './turn.ts';

/** Octets of a cookie: the secret's generation, then the HMAC. */
const COOKIE_OCTETS = 1 + 32;

/** Two generations, so that a cookie outlives one change of the secret. */
export interface CookieSecrets {
  readonly generation: number;
  readonly current: Uint8Array;
  readonly previous: Uint8Array;
}

export type Admission =
  | { readonly t: 'admit' }
  | { readonly t: 'answer'; readonly bytes: Uint8Array; readonly why: string }
  | { readonly t: 'drop'; readonly why: string };

/** `bytes`: an IKE_SA_INIT request, header checked. With `secrets`, only a returned cookie opens. */
export function admit(
  header: Header,
  bytes: Uint8Array,
  peer: Endpoint,
  secrets: CookieSecrets | undefined,
): Admission {
  if (header.major > 2)
    return { t: 'answer', bytes: answer(header, NOTIFY.INVALID_MAJOR_VERSION), why: `version ${header.major}` };
  if (header.messageId !== 0 || header.isResponse || !header.isInitiator) return { t: 'drop', why: 'no first message' };
  if (!secrets) return { t: 'admit' };
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) return { t: 'drop', why: decoded.fault.why };
  const nonce = find(decoded.value.payloads, 'Nonce');
  if (!nonce) return { t: 'drop', why: 'no nonce' };
  const returned = notifies(decoded.value.payloads, NOTIFY.COOKIE)[0]?.data;
  if (returned?.length === COOKIE_OCTETS) {
    const secret = returned[0] === (secrets.generation & 255) ? secrets.current : secrets.previous;
    const expected = cookie(returned[0], secret, header, nonce.data, peer);
    if (equalSecret(expected, returned)) return { t: 'admit' };
  }
  const fresh = cookie(secrets.generation & 255, secrets.current, header, nonce.data, peer);
  return { t: 'answer', bytes: answer(header, NOTIFY.COOKIE, fresh), why: 'cookie required' };
}

/** Another gateway. `isForAll`: also for those that one has sent here. */
export interface Door {
  readonly gateway: string;
  readonly isForAll: boolean;
}

/** An answer that sends the initiator to another gateway, if it can be sent there. RFC 5685 §3. */
export function redirection(header: Header, bytes: Uint8Array, { gateway, isForAll }: Door): Uint8Array | undefined {
  if (header.major > 2 || header.messageId !== 0) return undefined;
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) return undefined;
  const { payloads } = decoded.value;
  const nonce = find(payloads, 'Nonce')?.data;
  const redirectable = redirectableBy(payloads);
  const isAble = redirectable?.who === 'peer' && (isForAll || !redirectable.wasSentHere);
  if (!isAble || !nonce || nonce.length < 16 || nonce.length > 256) return undefined;
  return answer(header, NOTIFY.REDIRECT, redirectData(gateway, nonce));
}

/** Generation | HMAC-SHA-256(secret, Ni | IPi | SPIi), RFC 7296 §2.6. */
function cookie(generation: number, secret: Uint8Array, header: Header, nonce: Uint8Array, peer: Endpoint): Uint8Array {
  return new Uint8Array([generation, ...hmacSha256(secret, nonce, peer.address.toBytes(), header.spiI)]);
}

function answer(header: Header, notify: number, data?: Uint8Array): Uint8Array {
  const { spiI } = header;
  const back = {
    spiI,
    spiR: new Uint8Array(8),
    exchange: EXCHANGE.IKE_SA_INIT,
    isInitiator: false,
    isResponse: true,
    messageId: 0,
  };
  return encodeMessage(back, [notification(notify, data)]);
}
