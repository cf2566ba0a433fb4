import { expect, test } from 'vitest';
import { beginning, isFragment, refusal } from '../../../src/ike/v1/first.ts';
import { FirstFragments } from '../../../src/ike/v1/first-fragments.ts';
import { decodeMessage, EXCHANGE, encodeMessage, NOTIFY, type Payload } from '../../../src/ike/v1/wire/index.ts';
import { Address } from '../../../src/net/address.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { Dice } from '../v2/dice.ts';
import { pair } from './pair.ts';

const PEER = new Endpoint(Address.parse('203.0.113.5')!, 500);
const NONE = new Uint8Array(8);

/** What west sends first. */
function firstOf(aggressive: boolean): Uint8Array {
  const { west, wire } = pair({ policy: { v1: { aggressive } } });
  west.up();
  return wire.sent[0].bytes;
}

const fragment = (message: Uint8Array, octets: number, at: number, change: Partial<Payload> = {}): Uint8Array => {
  const header = {
    cookieI: message.slice(0, 8),
    cookieR: NONE,
    exchange: message[18],
    isEncrypted: false,
    messageId: 0,
  };
  const data = message.subarray(at * octets, (at + 1) * octets);
  const isLast = (at + 1) * octets >= message.length;
  const piece = { type: 'FRAGMENT', id: 1, number: at + 1, flags: isLast ? 1 : 0, data, ...change } as Payload;
  return encodeMessage(header, [piece]);
};

test('what begins phase 1 is told by its header, and nothing else is', () => {
  const [main, aggressive] = [firstOf(false), firstOf(true)];
  const of = (bytes: Uint8Array) => beginning(bytes, 0, bytes.length);
  expect([of(main), of(aggressive)]).toEqual([EXCHANGE.MAIN, EXCHANGE.AGGRESSIVE]);
  expect(beginning(Uint8Array.from([1, 2, 3, ...main]), 3, main.length)).toBe(EXCHANGE.MAIN);
  expect([isFragment(main), isFragment(fragment(main, 50, 0))]).toEqual([false, true]);
  expect(of(fragment(main, 50, 0))).toBe(EXCHANGE.MAIN);
  const dice = new Dice(7);
  for (let octet = 0; octet < 28; octet++) {
    const bytes = main.with(octet, main[octet] ^ (1 << dice.below(8)));
    // Its cookie may be any, its minor version and its length are looked at elsewhere, and so are the other flags.
    const isFree = octet < 8 || octet === 17 || octet >= 24;
    if (!isFree && octet !== 18 && octet !== 19) expect(of(bytes), `octet ${octet}`).toBeUndefined();
  }
  expect(of(main.with(17, 0x20))).toBeUndefined();
  expect(of(main.with(19, 0x01))).toBeUndefined();
  expect(of(Uint8Array.from([...NONE, ...main.subarray(8)]))).toBeUndefined();
  expect(of(main.subarray(0, 28))).toBeUndefined();
});

test('a refusal names the cookie of who asked, and is forty octets', () => {
  const bytes = refusal(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) throw new Error('no message');
  expect(bytes).toHaveLength(40);
  expect(decoded.value.header).toMatchObject({ cookieI: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), cookieR: NONE });
  expect(decoded.value.chain.payloads).toMatchObject([{ type: 'N', notify: NOTIFY.INVALID_MAJOR_VERSION }]);
});

test('pieces in any order, some of them twice, make the message, and leave nothing', () => {
  for (let seed = 0; seed < 30; seed++) {
    const dice = new Dice(seed);
    const message = firstOf(seed % 2 === 0);
    const octets = 16 + dice.below(60);
    const count = Math.ceil(message.length / octets);
    if (count > 32) continue;
    const order = [...Array(count).keys(), 0].toSorted(() => dice.next() - 0.5);
    const fragments = new FirstFragments();
    const whole = order.map((at) => fragments.take(fragment(message, octets, at), PEER, 0)).filter((got) => got);
    expect(whole[0]).toEqual(message);
  }
});

test('the same cookie from elsewhere is somebody else', () => {
  const message = firstOf(false);
  const half = Math.ceil(message.length / 2);
  const fragments = new FirstFragments();
  fragments.take(fragment(message, half, 0), PEER, 0);
  expect(fragments.take(fragment(message, half, 1), new Endpoint(PEER.address, 501), 0)).toBeUndefined();
  expect(fragments.size).toBe(2);
  expect(fragments.take(fragment(message, half, 1), PEER, 0)).toEqual(message);
  expect(fragments.size).toBe(1);
});

test('whatever strangers send, 64 messages of 16 KiB are all that is kept, and the latest of them', () => {
  const fragments = new FirstFragments();
  const big = new Uint8Array(40_000).fill(1);
  for (let n = 0; n < 1_000; n++) {
    big.set([n >> 8, n & 255, 1]);
    for (let at = 0; at < 3; at++) fragments.take(fragment(big.with(18, EXCHANGE.MAIN), 8_000, at), PEER, n);
  }
  expect(fragments.size).toBe(64);
  expect(fragments.octets).toBe(64 * 16_000);
  fragments.take(fragment(firstOf(false), 60, 0), PEER, 40_000);
  expect(fragments.size).toBe(1);
});

test('what is inside must begin what is said outside, whole and alone', () => {
  const message = firstOf(false);
  const fragments = new FirstFragments();
  const inner: readonly (readonly [string, Uint8Array])[] = [
    ['another cookie', message.with(0, message[0] ^ 1)],
    ['another exchange', message.with(18, EXCHANGE.AGGRESSIVE)],
    ['a fragment', fragment(message, 50, 0).with(18, EXCHANGE.INFORMATIONAL)],
    ['encrypted', message.with(19, 1)],
  ];
  for (const [what, data] of inner) {
    const outer = fragment(message, message.length, 0, { data });
    expect(fragments.take(outer, PEER, 0), what).toBeUndefined();
  }
  const beside: Payload[] = [
    { type: 'FRAGMENT', id: 1, number: 1, flags: 1, data: message },
    { type: 'VID', data: new Uint8Array(60_000) },
  ];
  const header = { cookieI: message.slice(0, 8), cookieR: NONE, exchange: 2, isEncrypted: false, messageId: 0 };
  expect(fragments.take(encodeMessage(header, beside), PEER, 0)).toBeUndefined();
  expect(fragments.take(fragment(message, 50, 0).subarray(0, 40), PEER, 0)).toBeUndefined();
  expect(fragments.size).toBe(0);
});
