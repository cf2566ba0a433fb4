/** The door: what becomes of an IKE_SA_INIT request before any state exists for it. Cookies are in cookies.ts. */
import { decodeMessage, EXCHANGE, encodeMessage, find, type Header, NOTIFY } from '../wire/index.ts';
import { redirectableBy, redirectData } from './redirect.ts';
import { notification } from './turn.ts';

export type Admission =
  | { readonly t: 'admit' }
  | { readonly t: 'answer'; readonly bytes: Uint8Array; readonly why: string }
  | { readonly t: 'drop'; readonly why: string };

/** What its header alone says of an IKE_SA_INIT request. RFC 7296 §2.5. */
export function admit(header: Header): Admission {
  if (header.major > 2)
    return { t: 'answer', bytes: answer(header, NOTIFY.INVALID_MAJOR_VERSION), why: `version ${header.major}` };
  if (header.messageId !== 0 || header.isResponse || !header.isInitiator) return { t: 'drop', why: 'no first message' };
  return { t: 'admit' };
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
  const sent = answer(header, NOTIFY.REDIRECT, redirectData(gateway, nonce));
  // Nobody has shown yet that this address is its own: it gets no more than came from there.
  return sent.length <= bytes.length ? sent : undefined;
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
