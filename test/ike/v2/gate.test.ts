/** The door: what gets in before there is any state. RFC 7296 §2.6. */
import { expect, test } from 'vitest';
import { admit, type CookieSecrets } from '../../../src/ike/v2/gate.ts';
import { notification } from '../../../src/ike/v2/turn.ts';
import {
  decodeHeader,
  decodeMessage,
  EXCHANGE,
  encodeMessage,
  NOTIFY,
  notifies,
  type Payload,
  describe as textOf,
} from '../../../src/ike/wire/index.ts';
import { Address } from '../../../src/net/address.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { WEST } from './policies.ts';

const PEER = new Endpoint(WEST, 500);
const SECRETS: CookieSecrets = { generation: 255, current: new Uint8Array(32).fill(1), previous: new Uint8Array(32) };
const NONCE: Payload = { type: 'Nonce', data: new Uint8Array(32).fill(5) };

function first(payloads: readonly Payload[] = [NONCE], change = {}, spi = 7) {
  const fields = { spiI: new Uint8Array(8).fill(spi), spiR: new Uint8Array(8), exchange: EXCHANGE.IKE_SA_INIT };
  const bytes = encodeMessage({ ...fields, isInitiator: true, isResponse: false, messageId: 0, ...change }, payloads);
  const header = decodeHeader(bytes);
  if (!header.ok) throw new Error(header.fault.why);
  return { header: header.value, bytes };
}

function knock(packet: ReturnType<typeof first>, secrets: CookieSecrets | undefined = SECRETS, peer = PEER) {
  return admit(packet.header, packet.bytes, peer, secrets);
}

function cookieOf(admission: ReturnType<typeof admit>): Uint8Array {
  if (admission.t !== 'answer') throw new Error(admission.t);
  const decoded = decodeMessage(admission.bytes);
  if (!decoded.ok) throw new Error(decoded.fault.why);
  expect(textOf(decoded.value.header, decoded.value.payloads)).toBe('IKE_SA_INIT { N(COOKIE) }');
  return notifies(decoded.value.payloads, NOTIFY.COOKIE)[0].data;
}

const returning = (cookie: Uint8Array, payloads: readonly Payload[] = [NONCE], spi = 7) =>
  first([notification(NOTIFY.COOKIE, cookie), ...payloads], {}, spi);

test('without secrets everybody gets in, unread', () => {
  expect(admit(first([]).header, first([]).bytes, PEER, undefined)).toEqual({ t: 'admit' });
});

test('only a cookie for this nonce, this SPI and this address opens', () => {
  const cookie = cookieOf(knock(first()));
  expect(knock(returning(cookie))).toEqual({ t: 'admit' });
  const otherNonce: Payload = { type: 'Nonce', data: new Uint8Array(32).fill(6) };
  expect(knock(returning(cookie, [otherNonce])).t).toBe('answer');
  expect(knock(returning(cookie, [NONCE], 8)).t).toBe('answer');
  expect(knock(returning(cookie), SECRETS, new Endpoint(Address.parse('192.0.2.99')!, 500)).t).toBe('answer');
  for (let at = 0; at < cookie.length; at++) {
    const forged = Uint8Array.from(cookie);
    forged[at] ^= 1;
    expect(knock(returning(forged)).t, `octet ${at}`).toBe('answer');
  }
});

test('another port of the same address opens too: a NAT may have changed it', () => {
  const cookie = cookieOf(knock(first()));
  expect(knock(returning(cookie), SECRETS, new Endpoint(WEST, 4711))).toEqual({ t: 'admit' });
});

test('a cookie outlives one change of the secret, and no second one', () => {
  const cookie = cookieOf(knock(first()));
  const later = { generation: 256, current: new Uint8Array(32).fill(2), previous: SECRETS.current };
  expect(knock(returning(cookie), later)).toEqual({ t: 'admit' });
  const latest = { generation: 257, current: new Uint8Array(32).fill(3), previous: later.current };
  expect(knock(returning(cookie), latest).t).toBe('answer');
});

test('what is no first message, or has no nonce, is dropped', () => {
  expect(knock(first([NONCE], { messageId: 1 })).t).toBe('drop');
  expect(knock(first([NONCE], { isResponse: true })).t).toBe('drop');
  expect(knock(first([NONCE], { isInitiator: false })).t).toBe('drop');
  expect(knock(first([])).t).toBe('drop');
});

test('a version from the future is told which one we speak', () => {
  const admission = knock(first([NONCE], { major: 3 }), undefined);
  if (admission.t !== 'answer') throw new Error(admission.t);
  const decoded = decodeMessage(admission.bytes);
  expect(decoded.ok && textOf(decoded.value.header, decoded.value.payloads)).toBe(
    'IKE_SA_INIT { N(INVALID_MAJOR_VERSION) }',
  );
});
