import { describe, expect, test } from 'vitest';
import { collect, split } from '../../../src/ike/v1/fragments.ts';
import type { IsakmpSa } from '../../../src/ike/v1/isakmp-sa.ts';
import { decodeMessage, EXCHANGE, encodeMessage, type PayloadNamed } from '../../../src/ike/v1/wire/index.ts';
import { Dice } from '../v2/dice.ts';
import { FAIR } from '../v2/wire.ts';
import { expectAgreement, pair, proposals, upPair } from './pair.ts';

const HEADER = {
  ...{ cookieI: new Uint8Array(8).fill(1), cookieR: new Uint8Array(8).fill(2), exchange: EXCHANGE.MAIN },
  ...{ isEncrypted: true, messageId: 0 },
};
const MESSAGE = encodeMessage({ ...HEADER, isEncrypted: false }, [
  { type: 'VID', data: new Uint8Array(3_000).fill(7) },
]);

const fragmentsOf = (message: Uint8Array, most: number): PayloadNamed<'FRAGMENT'>[] =>
  split(HEADER, message, most).map((bytes) => {
    expect(bytes.length).toBeLessThanOrEqual(most);
    const decoded = decodeMessage(bytes);
    const [payload] = decoded.ok ? decoded.value.chain.payloads : [];
    if (payload?.type !== 'FRAGMENT') throw new Error('no fragment');
    return payload;
  });

const fresh = () => ({ state: 'mainR2', reassembly: undefined }) as unknown as IsakmpSa;

test('pieces in any order, some of them twice, make the message again', () => {
  for (let seed = 0; seed < 50; seed++) {
    const dice = new Dice(seed);
    const sa = fresh();
    const pieces = fragmentsOf(MESSAGE, 300 + dice.below(900));
    const order = [...pieces, ...pieces.slice(0, 2)].toSorted(() => dice.next() - 0.5);
    const whole = order.map((piece) => collect(sa, piece, 0)).filter((got) => got !== undefined);
    expect(whole[0]).toEqual(MESSAGE);
  }
});

test('what is short enough stays whole, and what needs too many pieces too', () => {
  expect(split(HEADER, MESSAGE, MESSAGE.length)).toEqual([MESSAGE]);
  expect(split(HEADER, MESSAGE, 100)).toEqual([MESSAGE]);
});

describe('a stranger cannot make us keep more than so much', () => {
  const piece = (change: Partial<PayloadNamed<'FRAGMENT'>>): PayloadNamed<'FRAGMENT'> => ({
    ...{ type: 'FRAGMENT', id: 1, number: 1, flags: 0, data: new Uint8Array(1_000) },
    ...change,
  });

  test('in octets', () => {
    const sa = fresh();
    for (let number = 1; number <= 32; number++) collect(sa, piece({ number }), 0);
    expect(sa.reassembly?.octets).toBe(16_000);
  });

  test('in number, and one message at a time', () => {
    const sa = fresh();
    collect(sa, piece({ number: 33 }), 0);
    expect(sa.reassembly).toBeUndefined();
    for (let id = 0; id < 100; id++) collect(sa, piece({ id }), 0);
    expect(sa.reassembly?.octets).toBe(1_000);
  });

  test('what contradicts the others is dropped, and those stay', () => {
    const sa = fresh();
    const [a, b] = [Uint8Array.of(1), Uint8Array.of(2)];
    collect(sa, piece({ number: 1, data: a }), 0);
    collect(sa, piece({ number: 3, flags: 1 }), 0);
    expect(collect(sa, piece({ number: 2, flags: 1, data: b }), 0)).toBeUndefined();
    expect(collect(sa, piece({ number: 4 }), 0)).toBeUndefined();
    expect(collect(sa, piece({ number: 2, data: b }), 0)).toEqual(Uint8Array.of(1, 2, ...new Uint8Array(1_000)));
  });
});

describe('between two machines', () => {
  // All that ESP has, in each length: more transforms than a datagram of the smallest MTU holds.
  const ciphers = ['aes', 'camellia', 'aes_ctr'].flatMap((name) => [128, 192, 256].map((bits) => `${name}${bits}`));
  const hashes = ['md5', 'sha1', 'sha2_256', 'sha2_384', 'sha2_512'];
  const esp = proposals('esp', ciphers.flatMap((cipher) => hashes.map((hash) => `${cipher}-${hash}`)).join(','));

  test('a long message goes in fragments', () => {
    const made = upPair({ weather: FAIR, policy: { child: { proposals: esp } } });
    expect(made.wire.sent.filter((d) => d.text.includes('FRAGMENT')).length).toBe(2);
    expectAgreement(made);
  });

  test('and whole when one of the ends does not want them', () => {
    const made = upPair({
      weather: FAIR,
      policy: { child: { proposals: esp } },
      east: { policy: { fragmentation: false } },
    });
    expect(made.wire.sent.some((d) => d.text.includes('FRAGMENT'))).toBe(false);
    expectAgreement(made);
  });

  test('lost ones come again with all the others', () => {
    for (let seed = 0; seed < 30; seed++) {
      const made = pair({
        seed,
        weather: { loss: 0.2, duplication: 0.2, minDelay: 1, maxDelay: 200 },
        policy: { child: { proposals: esp } },
      });
      made.west.up();
      made.clock.advance(9_000);
      made.wire.weather = FAIR;
      made.clock.advance(91_000);
      expectAgreement(made);
      expect(made.west.plane.size, `seed ${seed}`).toBe(1);
    }
  });
});
