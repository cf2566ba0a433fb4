/** IKEv1's packets at the switchboard: whose they are, who gets in, and what a flood of first messages may take. */
import { describe, expect, test } from 'vitest';
import type { DoorLimits } from '../../src/actors/switchboard.ts';
import type { Datagram } from '../../src/ike/effects.ts';
import { decodeMessage, EXCHANGE, encodeMessage, NOTIFY, type Payload } from '../../src/ike/v1/wire/index.ts';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { conn, EAST, type House, PSK, town, WEST } from './town.ts';

const at = (address: string, port = 500) => new Endpoint(Address.parse(address)!, port);
const V1 = { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' };
const V2 = conn('v2', { leftsubnet: '10.0.9.0/24' });

interface Setting {
  readonly policy?: 'accept' | 'reject' | 'drop';
  readonly aggressive?: boolean;
  readonly limits?: Partial<DoorLimits>;
}

/** The first message that west sends, and what east sends back from then on. */
function knocking({ policy = 'accept', aggressive = false, limits = {} }: Setting = {}) {
  const v1 = { ...V1, aggressive: aggressive ? 'yes' : 'no' };
  const made = town({
    west: { conf: conn('w-e', v1) + V2, ikev1Policy: 'accept' },
    // Anybody may ask it, and IKEv2 is spoken beside.
    east: {
      conf: (policy === 'accept' ? conn('w-e', { ...v1, left: '%any' }) : '') + V2,
      ikev1Policy: policy,
      secrets: `${PSK}%any @east : PSK "swordfish"\n`,
    },
  });
  const { west, east, wire, clock } = made;
  Object.assign(east.world.switchboard.limits, limits);
  const answers: Datagram[] = [];
  let first: Datagram | undefined;
  wire.loses = (datagram) => {
    if (`${datagram.peer.address}` === EAST) answers.push(datagram);
    else first ??= datagram;
    return true;
  };
  west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
  if (!first) throw new Error('west sent nothing');
  const { switchboard } = east.world;
  /** The same from another initiator, maybe elsewhere. */
  const other = (n: number, from = `198.51.${n >> 8}.${n & 255}`): Datagram => {
    const bytes = Uint8Array.from(first!.bytes);
    new DataView(bytes.buffer).setUint32(0, n + 1);
    return { local: first!.local, peer: at(from), bytes };
  };
  const floods = (count: number, from?: string) => {
    for (let n = 0; n < count; n++) east.receive(other(n, from));
    clock.settle();
  };
  return { ...made, first, answers, switchboard, counters: switchboard.counters, other, floods };
}

const told = ({ log }: House) => log.filter((line) => line.includes('ikev1-policy='));

describe('ikev1-policy', () => {
  test('accept: one SA for a first message and its duplicates, and the same answer', () => {
    const { east, first, answers, switchboard, clock, wire, west } = knocking();
    for (let i = 0; i < 3; i++) east.receive(first);
    clock.settle();
    expect([switchboard.size, switchboard.halfOpen, answers.length]).toEqual([1, 1, 3]);
    expect(answers[1].bytes).toEqual(answers[0].bytes);
    wire.loses = () => false;
    clock.advance(1_000);
    expect(west.plane.inbound()).toHaveLength(1);
    expect([switchboard.size, switchboard.halfOpen]).toEqual([1, 0]);
    east.receive(first);
    expect(switchboard.counters.late).toBe(1);
  });

  test('drop: nothing is answered, one line tells each peer apart', () => {
    const { east, first, other, answers, switchboard, counters, clock } = knocking({ policy: 'drop' });
    for (let i = 0; i < 3; i++) east.receive(first);
    east.receive(other(1, '203.0.113.9'));
    clock.settle();
    expect([answers.length, switchboard.size, counters.v1Refused, counters.v1Rejected]).toEqual([0, 0, 4, 0]);
    expect(told(east)).toEqual([
      `packet from ${WEST}:500: IKEv1 Main Mode message received on ${EAST}:500 but ikev1-policy=drop; ignored ('config setup' with ikev1-policy=accept lets IKEv1 in)`,
      expect.stringContaining('packet from 203.0.113.9:500: IKEv1 Main Mode'),
    ]);
    clock.advance(3_600_000);
    east.receive(first);
    expect(told(east)).toHaveLength(3);
  });

  test('reject: it is told so, with less than it said, so many times in a second', () => {
    const { east, first, answers, switchboard, counters, clock, floods } = knocking({ policy: 'reject' });
    east.receive(first);
    const decoded = decodeMessage(answers[0].bytes);
    if (!decoded.ok) throw new Error('no message');
    const { header, chain } = decoded.value;
    expect(header).toMatchObject({ exchange: EXCHANGE.INFORMATIONAL, isEncrypted: false });
    expect(header.cookieI).toEqual(first.bytes.slice(0, 8));
    expect(chain.payloads).toMatchObject([{ type: 'N', notify: NOTIFY.INVALID_MAJOR_VERSION }]);
    expect(answers[0].bytes.length).toBeLessThan(first.bytes.length);
    floods(500);
    expect([answers.length, counters.v1Refused, counters.v1Rejected]).toEqual([100, 501, 100]);
    clock.advance(1_000);
    floods(1);
    expect(answers).toHaveLength(101);
    expect(switchboard.size).toBe(0);
    expect(east.log.length).toBeLessThan(110);
  });

  test('what is too short for an answer that is no longer gets none', () => {
    const { east, first, answers, counters } = knocking({ policy: 'reject' });
    const bytes = first.bytes.slice(0, 39);
    new DataView(bytes.buffer).setUint32(24, bytes.length);
    east.receive({ ...first, bytes });
    expect([answers.length, counters.v1Refused]).toEqual([0, 1]);
  });

  test('IKEv2 comes in whatever it says', () => {
    for (const policy of ['accept', 'reject', 'drop'] as const) {
      const { west, wire } = knocking({ policy });
      wire.loses = () => false;
      expect(west.whack({ kind: 'initiate', name: 'v2' }).exit).toBe(0);
    }
  });
});

describe('whose a packet is', () => {
  test('the responder finds its SA by its own cookie, and a wrong one finds nothing', () => {
    const { west, east, wire, clock, switchboard, counters } = knocking();
    wire.loses = () => false;
    clock.advance(1_000);
    let request: Datagram | undefined;
    wire.loses = (datagram) => {
      if (`${datagram.local.address}` === EAST) request ??= datagram;
      return true;
    };
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    const { bytes } = request!;
    const isStray = (changed: Uint8Array) => switchboard.isStray(new Uint8Array([9, ...changed]), 1, changed.length);
    expect(isStray(bytes)).toBe(false);
    expect(isStray(bytes.with(8, bytes[8] ^ 1))).toBe(true);
    expect(isStray(bytes.subarray(0, 27))).toBe(false);
    const before = counters.unknownSpi;
    east.receive({ ...request!, bytes: bytes.with(8, bytes[8] ^ 1) });
    clock.settle();
    expect([counters.unknownSpi, counters.dropped, switchboard.size]).toEqual([before + 1, 0, 1]);
  });

  test('what begins nothing, and is for no SA, is counted where it lies', () => {
    const { first, switchboard, counters } = knocking();
    const { bytes } = first;
    const changes: readonly (readonly [string, number, number])[] = [
      ['Quick Mode', 18, EXCHANGE.QUICK],
      ['Informational', 18, EXCHANGE.INFORMATIONAL],
      ['encrypted', 19, 0x01],
      ['with a message id', 23, 1],
      ['with a cookie of nobody', 15, 7],
      ['with no SA', 16, 4],
    ];
    const isStray = (changed: Uint8Array) => switchboard.isStray(changed, 0, changed.length);
    expect(isStray(bytes)).toBe(false);
    for (const [what, octet, value] of changes) expect(isStray(bytes.with(octet, value)), what).toBe(true);
    expect(isStray(Uint8Array.from([...new Uint8Array(8), ...bytes.subarray(8)]))).toBe(true);
    expect(counters.unknownSpi).toBe(changes.length + 1);
  });

  test('an initiator gets its own first message back: it begins nothing, and ends nothing', () => {
    const { west, first, wire, clock } = knocking();
    const { sent } = wire;
    west.receive({ local: first.peer, peer: first.local, bytes: first.bytes });
    clock.settle();
    expect([west.world.switchboard.size, west.world.switchboard.halfOpen]).toEqual([1, 0]);
    expect(wire.sent).toBe(sent);
    wire.loses = () => false;
    clock.advance(1_000);
    expect(west.plane.inbound()).toHaveLength(1);
    expect(west.crashes).toEqual([]);
  });

  test('first messages of both versions with one SPI and place do not meet', () => {
    const { east, first, switchboard, counters, clock, wire, west } = knocking();
    let init: Datagram | undefined;
    wire.loses = (datagram) => {
      if (datagram.bytes[17] >> 4 === 2) init ??= datagram;
      return true;
    };
    west.whack({ kind: 'initiate', name: 'v2', asynchronous: true });
    east.receive(first);
    const bytes = Uint8Array.from(init!.bytes);
    bytes.set(first.bytes.subarray(0, 8));
    east.receive({ ...init!, bytes });
    clock.settle();
    expect([switchboard.halfOpen, counters.dropped]).toEqual([1, 1]);
    expect(east.crashes).toEqual([]);
  });
});

describe('in fragments', () => {
  /** The octets of a message in datagrams of their own. */
  function inFragments(first: Datagram, octets: number, cookieI = first.bytes.slice(0, 8)): Datagram[] {
    const header = { cookieI, cookieR: new Uint8Array(8), exchange: first.bytes[18], isEncrypted: false, messageId: 0 };
    const count = Math.ceil(first.bytes.length / octets);
    return Array.from({ length: count }, (_, i) => {
      const data = first.bytes.subarray(i * octets, (i + 1) * octets);
      const piece: Payload = { type: 'FRAGMENT', id: 1, number: i + 1, flags: i === count - 1 ? 1 : 0, data };
      return { ...first, bytes: encodeMessage(header, [piece]) };
    });
  }

  test('a first message begins as if it had come whole, and again it is a duplicate', () => {
    const { east, first, answers, switchboard, clock } = knocking();
    const [last, ...others] = inFragments(first, 60).reverse();
    for (const piece of others) east.receive(piece);
    clock.settle();
    expect([switchboard.size, answers.length]).toEqual([0, 0]);
    east.receive(last);
    clock.settle();
    expect([switchboard.size, answers.length]).toEqual([1, 1]);
    for (const piece of [last, ...others]) east.receive(piece);
    clock.settle();
    expect([switchboard.size, answers.length]).toEqual([1, 2]);
    expect(answers[1].bytes).toEqual(answers[0].bytes);
  });

  test('one with other cookies inside than outside begins nothing', () => {
    const { east, first, switchboard, clock } = knocking();
    for (const piece of inFragments(first, 60, new Uint8Array(8).fill(5))) east.receive(piece);
    clock.settle();
    expect(switchboard.size).toBe(0);
  });

  test('a flood of halves begins nothing, and a whole one still comes in', () => {
    const { east, first, other, switchboard, clock } = knocking();
    for (let n = 0; n < 1_000; n++) east.receive(inFragments(other(n), 60)[0]);
    for (const piece of inFragments(first, 60)) east.receive(piece);
    clock.settle();
    expect([switchboard.size, switchboard.halfOpen]).toEqual([1, 1]);
  });
});

describe('a flood', () => {
  test('of Main Mode has half of max-halfopen-ike, and IKEv2 comes in without cookies', () => {
    const { west, east, wire, clock, switchboard, counters, floods } = knocking({
      limits: { maxHalfOpen: 40, cookiesFrom: 20, maxPerSource: 0 },
    });
    floods(100);
    expect([switchboard.halfOpen, counters.v1Full]).toEqual([20, 80]);
    expect(switchboard.wantsCookies).toBe(false);
    wire.loses = () => false;
    expect(west.whack({ kind: 'initiate', name: 'v2' }).exit).toBe(0);
    expect(counters.cookies).toBe(0);
    clock.advance(61_000);
    expect(switchboard.halfOpen).toBe(0);
    floods(100);
    expect(switchboard.halfOpen).toBe(20);
    expect(east.crashes).toEqual([]);
  });

  test('of long first messages has no more than its part in octets', () => {
    const { east, other, clock, switchboard, counters } = knocking({ limits: { maxHalfOpen: 40, maxPerSource: 0 } });
    const long = (n: number, octets: number): Datagram => {
      const { bytes, ...from } = other(n);
      const decoded = decodeMessage(bytes);
      if (!decoded.ok) throw new Error('no message');
      const { header, chain } = decoded.value;
      return {
        ...from,
        bytes: encodeMessage(header, [...chain.payloads, { type: 'VID', data: new Uint8Array(octets) }]),
      };
    };
    for (let n = 0; n < 100; n++) east.receive(long(n, 3_000));
    clock.settle();
    expect([switchboard.halfOpen, counters.v1Full]).toEqual([5, 95]);
    east.receive(long(200, 20_000));
    expect(counters.malformed).toBe(1);
    clock.advance(61_000);
    for (let n = 0; n < 100; n++) east.receive(other(n));
    clock.settle();
    expect(switchboard.halfOpen).toBe(20);
  });

  test('of one source has its share once a quarter of that is taken', () => {
    const { clock, switchboard, counters, floods } = knocking({ limits: { maxHalfOpen: 80, maxPerSource: 3 } });
    floods(100, '203.0.113.7');
    expect([switchboard.halfOpen, counters.crowded]).toEqual([10, 90]);
    floods(5, '203.0.113.8');
    expect([switchboard.halfOpen, counters.crowded]).toEqual([13, 92]);
    clock.advance(61_000);
    floods(3, '203.0.113.7');
    expect(switchboard.halfOpen).toBe(3);
  });

  test('of Aggressive Mode stays outside while IKEv2 asks for cookies, and makes no keys', () => {
    const { east, clock, switchboard, counters, floods } = knocking({ aggressive: true, limits: { mode: 'busy' } });
    let jobs = 0;
    east.onJob = () => void jobs++;
    floods(50);
    expect([switchboard.size, counters.v1Aggressive, jobs]).toEqual([0, 50, 0]);
    switchboard.limits.mode = 'auto';
    floods(5);
    expect([switchboard.halfOpen, jobs]).toEqual([5, 5]);
    clock.advance(61_000);
    expect(switchboard.size).toBe(0);
  });

  test('of Main Mode comes in while IKEv2 asks for cookies, so many of a source', () => {
    const { switchboard, counters, floods } = knocking({ limits: { mode: 'busy', maxPerSource: 4 } });
    floods(50, '203.0.113.7');
    expect([switchboard.halfOpen, counters.crowded]).toEqual([4, 46]);
    floods(10);
    expect(switchboard.halfOpen).toBe(14);
  });

  test('is shed with all others when we are too late', () => {
    const { east, other, clock, switchboard, counters } = knocking();
    east.receive(other(1));
    clock.elapse(5_000);
    east.receive(other(2));
    clock.settle();
    expect([switchboard.halfOpen, counters.shed]).toEqual([1, 1]);
  });
});
