/** Cookies: whom they open for, and that a hostile first message gets none of our time. RFC 7296 §2.6. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COOKIE_ANSWER_OCTETS, Cookies, isFirstMessage } from '../../../src/ike/v2/cookies.ts';
import { notification } from '../../../src/ike/v2/turn.ts';
import {
  decodeMessage,
  EXCHANGE,
  encodeMessage,
  NOTIFY,
  notifies,
  PAYLOAD,
  type Payload,
  describe as textOf,
} from '../../../src/ike/wire/index.ts';
import { Address } from '../../../src/net/address.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { Dice } from './dice.ts';
import { WEST } from './policies.ts';

const PEER = new Endpoint(WEST, 500);
const NONCE: Payload = { type: 'Nonce', data: new Uint8Array(64).fill(5) };

/** Makes up what a first message has besides. */
const FILL: Payload = { type: 'V', data: new Uint8Array(40) };

const jar = (seed = 1) => {
  const dice = new Dice(seed);
  return new Cookies((octets) => dice.octets(octets), 0);
};
const at = (address: string) => new Endpoint(Address.parse(address)!, 500);

function first(payloads: readonly Payload[] = [NONCE], change = {}, spi = 7): Uint8Array {
  const fields = { spiI: new Uint8Array(8).fill(spi), spiR: new Uint8Array(8), exchange: EXCHANGE.IKE_SA_INIT };
  return encodeMessage({ ...fields, isInitiator: true, isResponse: false, messageId: 0, ...change }, payloads);
}

function cookieOf(met: ReturnType<Cookies['meet']>): Uint8Array {
  if (typeof met === 'string') throw new Error(met);
  expect(met).toHaveLength(COOKIE_ANSWER_OCTETS);
  const decoded = decodeMessage(met);
  if (!decoded.ok) throw new Error(decoded.fault.why);
  const { header, payloads } = decoded.value;
  expect(textOf(header, payloads)).toBe('IKE_SA_INIT { N(COOKIE) }');
  expect(header).toMatchObject({ isResponse: true, isInitiator: false, messageId: 0, spiI: new Uint8Array(8).fill(7) });
  return notifies(payloads, NOTIFY.COOKIE)[0].data;
}

const returning = (cookie: Uint8Array, payloads: readonly Payload[] = [NONCE], spi = 7) =>
  first([notification(NOTIFY.COOKIE, cookie), ...payloads], {}, spi);

/** What is sent again with another cookie. */
const isAsked = (met: ReturnType<Cookies['meet']>) => typeof met !== 'string';

test('only a cookie for this nonce, this SPI and this address opens', () => {
  const cookies = jar();
  const cookie = cookieOf(cookies.meet(first(), PEER, 0));
  expect(cookies.meet(returning(cookie), PEER, 0)).toBe('opens');
  const otherNonce: Payload = { type: 'Nonce', data: new Uint8Array(64).fill(6) };
  const longerNonce: Payload = { type: 'Nonce', data: new Uint8Array(65).fill(5) };
  expect(isAsked(cookies.meet(returning(cookie, [otherNonce]), PEER, 0))).toBe(true);
  expect(isAsked(cookies.meet(returning(cookie, [longerNonce]), PEER, 0))).toBe(true);
  expect(isAsked(cookies.meet(returning(cookie, [NONCE], 8), PEER, 0))).toBe(true);
  expect(isAsked(cookies.meet(returning(cookie), at('192.0.2.99'), 0))).toBe(true);
  for (let i = 0; i < cookie.length; i++) {
    const forged = Uint8Array.from(cookie);
    forged[i] ^= 1;
    expect(isAsked(cookies.meet(returning(forged), PEER, 0)), `octet ${i}`).toBe(true);
  }
});

test('another port of the same address opens too: a NAT may have changed it', () => {
  const cookies = jar();
  const cookie = cookieOf(cookies.meet(first(), PEER, 0));
  expect(cookies.meet(returning(cookie), new Endpoint(WEST, 4711), 0)).toBe('opens');
});

test('one who has an IPv6 address gets no cookie for the IPv4 address that is its end, nor the other way round', () => {
  const cookies = jar();
  const [v4, v6] = [at('192.0.2.7'), at('2001:db8::c000:207')];
  const taken: Payload = {
    type: 'Nonce',
    data: new Uint8Array([...new Uint8Array(64), ...v6.address.toBytes().subarray(0, 12)]),
  };
  const own: Payload = { type: 'Nonce', data: new Uint8Array(64) };
  const cookie = cookieOf(cookies.meet(first([own]), v6, 0));
  expect(cookies.meet(returning(cookie, [own]), v6, 0)).toBe('opens');
  expect(isAsked(cookies.meet(returning(cookie, [taken]), v4, 0))).toBe(true);
  const padded = at('c000:207::');
  expect(isAsked(cookies.meet(returning(cookieOf(cookies.meet(first(), v4, 0))), padded, 0))).toBe(true);
});

test('a cookie outlives one change of the secret, and no second one', () => {
  const cookies = jar();
  const cookie = cookieOf(cookies.meet(first(), PEER, 0));
  expect(cookies.meet(returning(cookie), PEER, 60_001)).toBe('opens');
  expect(isAsked(cookies.meet(returning(cookie), PEER, 120_002))).toBe(true);
});

test('its place among the payloads, and a cookie of somebody else before it, do not matter', () => {
  const cookies = jar();
  const cookie = notification(NOTIFY.COOKIE, cookieOf(cookies.meet(first(), PEER, 0)));
  expect(cookies.meet(first([NONCE, cookie]), PEER, 0)).toBe('opens');
  expect(cookies.meet(first([notification(NOTIFY.COOKIE, new Uint8Array(20)), cookie, NONCE]), PEER, 0)).toBe('opens');
});

test('the answer is written where it was wanted, whatever was there', () => {
  const cookies = jar();
  const bytes = new Uint8Array([9, 9, 9, ...first()]);
  const knock = { bytes, at: 3, octets: bytes.length - 3, addresses: WEST.toBytes(), from: 0, family: 4 } as const;
  expect(isFirstMessage(knock)).toBe(true);
  expect(cookies.look(knock, 0)).toBe('needs');
  const to = new Uint8Array(COOKIE_ANSWER_OCTETS + 10).fill(0xee);
  cookies.answer(knock, to, 5);
  expect(to.subarray(5, 5 + COOKIE_ANSWER_OCTETS)).toEqual(cookies.meet(first(), PEER, 0));
  expect([...to.subarray(0, 5), ...to.subarray(5 + COOKIE_ANSWER_OCTETS)]).toEqual(Array(10).fill(0xee));
});

test('what has no nonce, or none that the RFC allows, is malformed', () => {
  /** As vendor IDs may have any length. */
  const nonce = (octets: number): Uint8Array => {
    const bytes = first([{ type: 'V', data: new Uint8Array(octets) }, FILL]);
    bytes[16] = PAYLOAD.Nonce;
    return bytes;
  };
  expect(jar().meet(first([FILL]), PEER, 0)).toBe('malformed');
  for (const octets of [0, 15, 257]) expect(jar().meet(nonce(octets), PEER, 0), `${octets}`).toBe('malformed');
  for (const octets of [16, 256]) expect(isAsked(jar().meet(nonce(octets), PEER, 0)), `${octets}`).toBe(true);
});

test('the answer is no longer than what it answers', () => {
  const short: Payload = { type: 'Nonce', data: new Uint8Array(16) };
  const filled = (octets: number) => first([short, { type: 'V', data: new Uint8Array(octets) }]);
  const least = COOKIE_ANSWER_OCTETS - filled(0).length;
  expect(isAsked(jar().meet(filled(least), PEER, 0))).toBe(true);
  for (const octets of [0, least - 1]) expect(jar().meet(filled(octets), PEER, 0)).toBe('malformed');
});

test('who sends payloads by the thousand does not make us count them', () => {
  const many = Array.from({ length: 60 }, () => notification(NOTIFY.COOKIE, new Uint8Array(1)));
  expect(isAsked(jar().meet(first([...many, NONCE]), PEER, 0))).toBe(true);
  expect(jar().meet(first([...many, ...many, NONCE]), PEER, 0)).toBe('malformed');
});

test('octets of any kind behind a sound header are looked at within their bounds', () => {
  const cookies = jar();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(255), (rest, next) => {
      const bytes = new Uint8Array([...first([]).subarray(0, 28), ...rest]);
      bytes[16] = next;
      const met = cookies.meet(bytes, PEER, 0);
      expect(met === 'malformed' || met.length === COOKIE_ANSWER_OCTETS).toBe(true);
    }),
  );
  const whole = first();
  for (let cut = 28; cut < whole.length; cut++) expect(cookies.meet(whole.subarray(0, cut), PEER, 0)).toBe('malformed');
});

test('a first message is one of our version, of nobody yet, and as long as it says', () => {
  const judged = (bytes: Uint8Array) =>
    isFirstMessage({ bytes, at: 0, octets: bytes.length, addresses: WEST.toBytes(), from: 0, family: 4 });
  const whole = first();
  expect(judged(whole)).toBe(true);
  for (const change of [{ messageId: 1 }, { isResponse: true }, { isInitiator: false }, { major: 1 }, { major: 3 }])
    expect(judged(first([NONCE], change)), JSON.stringify(change)).toBe(false);
  expect(judged(first([NONCE], { exchange: EXCHANGE.IKE_AUTH }))).toBe(false);
  expect(judged(first([NONCE], { spiR: new Uint8Array(8).fill(1) }))).toBe(false);
  expect(judged(whole.subarray(0, 27))).toBe(false);
  expect(judged(whole.subarray(0, whole.length - 1))).toBe(false);
});
