/** What a stranger may bring about before anybody has proven anything: in phase 1, in its fragments, and while we compute. */
import { describe, expect, test } from 'vitest';
import type { IsakmpSa } from '../../../src/ike/v1/isakmp-sa.ts';
import { notification, Turn } from '../../../src/ike/v1/turn.ts';
import {
  decodeMessage,
  EXCHANGE,
  encodeMessage,
  encodeWith,
  NOTIFY,
  type Payload,
  PROTOCOL,
} from '../../../src/ike/v1/wire/index.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { EAST, WEST } from '../v2/policies.ts';
import { AGGRESSIVE, expectAgreement, expectNothing, MAIN, type Pair, pair, proposals, QUICK, upPair } from './pair.ts';

const [FROM_WEST, FROM_EAST] = [new Endpoint(WEST, 500), new Endpoint(EAST, 500)];
const toEast = ({ east }: Pair, bytes: Uint8Array) => east.receive(FROM_EAST, FROM_WEST, bytes);
const toWest = ({ west }: Pair, bytes: Uint8Array) => west.receive(FROM_WEST, FROM_EAST, bytes);
const answers = ({ wire }: Pair) => wire.sent.filter((d) => !d.isFromWest).length;

/** All that strangers could make it keep. */
const kept = (sa: IsakmpSa) => ({
  ...{ conversations: sa.conversations.length, usedIds: sa.usedIds.length, waiting: sa.waiting?.length ?? 0 },
  ...{ fragments: sa.reassembly?.parts.length ?? 0, octets: sa.reassembly?.octets ?? 0 },
  ...{ children: sa.children.length, wanted: sa.wanted.length },
});
const NOTHING_KEPT = { conversations: 0, usedIds: 0, waiting: 0, fragments: 0, octets: 0, children: 0, wanted: 0 };

describe('payloads that do not belong there', () => {
  const extra: readonly Payload[] = [
    { type: 'HASH', data: new Uint8Array(32) },
    { type: 'SIG', data: new Uint8Array(256) },
    { type: 'KE', data: new Uint8Array(64) },
    { type: 'Nonce', data: new Uint8Array(16) },
    { type: 'D', doi: 1, protocol: 1, spiSize: 16, spis: [new Uint8Array(16)] },
    { type: 'N', doi: 1, protocol: 1, spi: new Uint8Array(), notify: NOTIFY.INITIAL_CONTACT, data: new Uint8Array() },
    { type: 'ATTRIBUTES', cfgType: 1, identifier: 1, attributes: [] },
    { type: 'unknown', number: 99, data: new Uint8Array(9) },
  ];
  const clear = MAIN.slice(0, 4).map((line, i) => [line.trim().replace(/ +/g, ' '), i] as const);

  test.each(clear.filter(([, at]) => at > 0))('instead of those of %s: nothing changes', (_line, at) => {
    const made = pair();
    const { west, east, wire, clock } = made;
    west.up();
    for (const line of MAIN.slice(0, at)) wire.expect(line);
    const real = wire.hold(MAIN[at]);
    const decoded = decodeMessage(real.bytes);
    if (!decoded.ok) throw new Error('no message');
    const { header, chain } = decoded.value;
    const target = real.isFromWest ? east : west;
    const deliver = real.isFromWest ? toEast : toWest;
    const before = target.snapshot();
    const needed = chain.payloads.filter((p) => p.type === 'SA' || p.type === 'KE' || p.type === 'Nonce');
    for (const one of needed) {
      const others = chain.payloads.filter((p) => p !== one);
      deliver(made, encodeMessage(header, others));
      deliver(made, encodeMessage(header, [...others, ...extra.filter((p) => p.type !== one.type)]));
      deliver(made, encodeMessage(header, [...chain.payloads, one]));
    }
    for (const payload of extra) deliver(made, encodeMessage(header, [payload]));
    expect(target.snapshot()).toBe(before);
    wire.deliver(real);
    clock.flush();
    for (const line of [...MAIN.slice(at + 1), ...QUICK]) wire.expect(line);
    expectAgreement(made);
  });

  test('beside a first message they are passed over', () => {
    const made = pair();
    const { west, east, wire } = made;
    west.up();
    const real = wire.hold(MAIN[0]);
    const decoded = decodeMessage(real.bytes);
    if (!decoded.ok) throw new Error('no message');
    toEast(made, encodeMessage(decoded.value.header, [...decoded.value.chain.payloads, ...extra]));
    expect([east.sas.size, east.sa.state]).toEqual([1, 'mainR1']);
    expect(kept(east.sa)).toEqual(NOTHING_KEPT);
  });
});

test.each([false, true])(
  'of offers a responder keeps the octets that are hashed, not what was read in them (aggressive %s)',
  (aggressive) => {
    const made = pair({ policy: { v1: { aggressive } } });
    const { west, east, wire } = made;
    west.up();
    wire.expect((aggressive ? AGGRESSIVE : MAIN)[0]);
    expect(east.sa.handshake?.offered).toEqual([]);
    expect(east.sa.handshake?.sai.length).toBeGreaterThan(40);
    for (const line of [...(aggressive ? AGGRESSIVE : MAIN).slice(1), ...QUICK]) wire.expect(line);
    expectAgreement(made);
  },
);

test.each([false, true])('what is turned back to its sender begins nothing there (aggressive %s)', (aggressive) => {
  // With one transform an offer reads like the answer to itself.
  const made = pair({ policy: { v1: { aggressive }, ike: proposals('ike', 'aes256-sha2_256-dh19') } });
  const { west, wire, clock } = made;
  const lines = [...(aggressive ? AGGRESSIVE : MAIN), ...QUICK];
  west.up();
  const sent: Uint8Array[] = [];
  for (const line of lines) {
    const real = wire.hold(line);
    if (real.isFromWest) {
      const before = west.snapshot();
      sent.push(real.bytes);
      for (const bytes of sent) toWest(made, bytes);
      clock.flush();
      expect(west.snapshot(), line).toBe(before);
    }
    wire.deliver(real);
    clock.flush();
  }
  expectAgreement(made);
  expect(west.plane.size).toBe(1);
});

test('an answer to a first message is no longer than that, whatever we could tell besides', () => {
  const made = pair();
  const { west, wire } = made;
  west.up();
  const real = wire.hold(MAIN[0]);
  const decoded = decodeMessage(real.bytes);
  if (!decoded.ok) throw new Error('no message');
  const { header, chain } = decoded.value;
  for (let count = 1; count <= chain.payloads.length; count++) {
    const bytes = encodeMessage({ ...header, cookieI: new Uint8Array(8).fill(count) }, chain.payloads.slice(0, count));
    toEast(made, bytes);
    expect(wire.sent.at(-1)!.isFromWest).toBe(false);
    expect(wire.sent.at(-1)!.bytes.length, `${count} payloads`).toBeLessThanOrEqual(bytes.length);
  }
});

describe('fragments before anybody is known', () => {
  const fragment = (sa: IsakmpSa, change: Partial<Payload>, more: readonly Payload[] = []): Uint8Array => {
    const { cookieI, cookieR } = sa;
    const header = { cookieI, cookieR, exchange: EXCHANGE.MAIN, isEncrypted: false, messageId: 0 };
    const piece = { type: 'FRAGMENT', id: 1, number: 1, flags: 0, data: new Uint8Array(500), ...change } as Payload;
    return encodeMessage(header, [piece, ...more]);
  };

  test('of many ids and numbers are one message of 16 KiB at most, and the exchange goes on', () => {
    const made = pair();
    const { west, east, wire } = made;
    west.up();
    for (const line of MAIN.slice(0, 4)) wire.expect(line);
    const before = east.snapshot();
    for (let id = 0; id < 50; id++)
      for (let number = 1; number < 256; number += 3) {
        toEast(made, fragment(east.sa, { id, number, data: new Uint8Array(1_200) }));
        expect(kept(east.sa).fragments).toBeLessThanOrEqual(32);
        expect(kept(east.sa).octets).toBeLessThanOrEqual(16_384);
      }
    expect(east.snapshot()).toBe(before);
    for (const line of [...MAIN.slice(4), ...QUICK]) wire.expect(line);
    expect(kept(east.sa).octets).toBe(0);
    expectAgreement(made);
  });

  test('with something beside them are not kept, for that would be kept too', () => {
    const made = pair();
    const { west, east, wire } = made;
    west.up();
    wire.expect(MAIN[0]);
    toEast(made, fragment(east.sa, {}, [{ type: 'VID', data: new Uint8Array(60_000) }]));
    expect(kept(east.sa)).toEqual(NOTHING_KEPT);
  });

  test('of a message that never becomes whole are gone with the next that comes later', () => {
    const made = pair();
    const { west, east, wire, clock } = made;
    west.up();
    wire.expect(MAIN[0]);
    toEast(made, fragment(east.sa, { number: 2 }));
    expect(kept(east.sa).octets).toBe(500);
    clock.advance(30_001);
    toEast(made, fragment(east.sa, { number: 3, data: new Uint8Array(7) }));
    expect(kept(east.sa).octets).toBe(7);
  });

  test('that cross with those of another message of the same id make the later one', () => {
    const made = pair();
    const { west, east, wire, clock } = made;
    west.up();
    for (const line of MAIN.slice(0, 2)) wire.expect(line);
    const real = wire.hold(MAIN[2]);
    const half = Math.ceil(real.bytes.length / 2);
    const pieces = [real.bytes.subarray(0, half), real.bytes.subarray(half)];
    toEast(made, fragment(east.sa, { number: 1, data: new Uint8Array(100) }));
    for (const [i, data] of pieces.entries()) toEast(made, fragment(east.sa, { number: i + 1, flags: i, data }));
    clock.flush();
    expect(east.sa.state).toBe('mainR2');
    for (const line of [...MAIN.slice(3), ...QUICK]) wire.expect(line);
    expectAgreement(made);
  });

  test('of a message for another SA inside are nothing', () => {
    const made = pair();
    const { west, east, wire } = made;
    west.up();
    for (const line of MAIN.slice(0, 2)) wire.expect(line);
    const real = wire.hold(MAIN[2]);
    const before = east.snapshot();
    for (const octet of [0, 8, 20]) {
      const data = real.bytes.with(octet, real.bytes[octet] ^ 1);
      toEast(made, fragment(east.sa, { flags: 1, data }));
      expect(east.snapshot()).toBe(before);
    }
    toEast(made, fragment(east.sa, { flags: 1, data: fragment(east.sa, { flags: 1, data: real.bytes }) }));
    expect(east.snapshot()).toBe(before);
  });
});

describe('while a helper computes', () => {
  test.each([false, true])('four packets of a stranger wait, and no more (aggressive %s)', (aggressive) => {
    const made = pair({ policy: { v1: { aggressive } }, east: { jobMs: 100 } });
    const { west, east, wire, clock } = made;
    const lines = aggressive ? AGGRESSIVE : MAIN;
    west.up();
    for (const line of lines.slice(0, aggressive ? 1 : 3)) wire.expect(line);
    expect(east.sa.job).not.toBe(0);
    const { cookieI, cookieR } = east.sa;
    const header = { cookieI, cookieR, exchange: lines === MAIN ? EXCHANGE.MAIN : EXCHANGE.AGGRESSIVE };
    const big = encodeMessage({ ...header, isEncrypted: false, messageId: 0 }, [
      { type: 'VID', data: new Uint8Array(60_000) },
    ]);
    for (let i = 0; i < 1_000; i++) toEast(made, big);
    expect(kept(east.sa).waiting).toBe(4);
    clock.advance(100);
    expect(kept(east.sa).waiting).toBe(0);
    // Of Aggressive Mode the next answer of the helper is for the last message.
    for (const line of lines.slice(aggressive ? 1 : 3)) {
      wire.expect(line);
      clock.advance(100);
    }
    expect(east.sa.state).toBe('established');
  });
});

describe('Aggressive Mode', () => {
  test('a first message costs one key exchange and has one answer, however long nobody goes on', () => {
    const made = pair({ policy: { v1: { aggressive: true } } });
    const { west, east, wire, clock, dice } = made;
    west.up();
    const first = wire.lose(AGGRESSIVE[0]);
    wire.isCut = true;
    for (let n = 0; n < 300; n++) {
      const bytes = Uint8Array.from(first.bytes);
      bytes.set(dice.octets(8));
      bytes[0] |= 1;
      toEast(made, bytes);
    }
    clock.flush();
    expect([east.sas.size, east.jobs.length, answers(made)]).toEqual([300, 300, 300]);
    for (const { sa } of east.sas.values()) expect(kept(sa)).toEqual(NOTHING_KEPT);
    clock.advance(59_000);
    expect([east.jobs.length, answers(made)]).toEqual([300, 300]);
    clock.advance(2_000);
    expectNothing(east);
    expect(east.ends).toHaveLength(300);
  });

  test('who goes on without a last word is asked for it a dozen times, and an SA that is wrong begins nothing', () => {
    const made = pair({ policy: { v1: { aggressive: true } } });
    const { west, east, wire } = made;
    west.up();
    for (const line of AGGRESSIVE.slice(0, 2)) wire.expect(line);
    const { cookieI, cookieR } = east.sa;
    const before = [east.snapshot(), answers(made)];
    const quick = (messageId: number) =>
      encodeWith({ cookieI, cookieR, exchange: EXCHANGE.QUICK, isEncrypted: true, messageId }, 8, new Uint8Array(48));
    for (let n = 1; n <= 100; n++) toEast(made, quick(n));
    expect(east.snapshot()).toBe(before[0]);
    expect(answers(made)).toBe(13);
    expect(kept(east.sa)).toEqual(NOTHING_KEPT);
    wire.expect(AGGRESSIVE[2]);
    expect(east.sa.state).toBe('established');
  });
});

describe('an established one', () => {
  test('keeps nothing of what is not hashed right, under however many message ids', () => {
    const made = upPair();
    const { east, clock } = made;
    const { cookieI, cookieR } = east.sa;
    const before = [east.snapshot(), kept(east.sa)];
    for (const exchange of [EXCHANGE.QUICK, EXCHANGE.INFORMATIONAL, EXCHANGE.TRANSACTION, EXCHANGE.NEW_GROUP])
      for (let messageId = 1; messageId <= 300; messageId++) {
        const header = { cookieI, cookieR, exchange, isEncrypted: true, messageId };
        toEast(made, encodeWith(header, 8, new Uint8Array(64).fill(messageId)));
      }
    clock.flush();
    expect([east.snapshot(), kept(east.sa)]).toEqual(before);
  });

  test('hears a protected notification once, and remembers a thousand', () => {
    const made = upPair();
    const { west, east } = made;
    const seen = () => east.lines.filter((line) => line.includes('NO_PROPOSAL_CHOSEN')).length;
    const said = Array.from({ length: 1_100 }, () => notice(west));
    for (const bytes of said.slice(0, 50)) for (let i = 0; i < 3; i++) toEast(made, bytes);
    expect(seen()).toBe(50);
    for (const bytes of said) toEast(made, bytes);
    expect(seen()).toBe(1_100);
    expect(east.sa.usedIds.length).toBeLessThanOrEqual(1_024);
  });
});

/** NO_PROPOSAL_CHOSEN, protected, under a message id of its own. */
function notice({ sa, env }: Pair['west']): Uint8Array {
  const turn = new Turn(sa, env);
  const about = { protocol: PROTOCOL.ESP, spi: new Uint8Array() };
  turn.inform([notification(NOTIFY.NO_PROPOSAL_CHOSEN, new Uint8Array(), about)]);
  const sent = turn.outs.find((out) => out.t === 'send');
  if (!sent) throw new Error('nothing was said');
  return sent.bytes;
}
