/** Large messages in pieces, and pieces gone wrong. RFC 7383. */
import { describe, expect, test } from 'vitest';
import { seal, sealedOctets } from '../../../src/ike/crypto/protect.ts';
import { MAX_FRAGMENTS } from '../../../src/ike/v2/fragments.ts';
import { EXCHANGE, encodeProtectedPrefix } from '../../../src/ike/wire/index.ts';
import { expectAgreement, HANDSHAKE, type Pair, pair, upPair } from './pair.ts';
import { policyFor, proposals, selectors } from './policies.ts';
import type { InFlight } from './wire.ts';

/** So many subnets that IKE_AUTH fills three datagrams. */
const many = (octet: number) => selectors(...Array.from({ length: 90 }, (_, i) => `10.${octet}.${i}.0/24`));
const child = (end: 'west' | 'east') => ({
  local: many(end === 'west' ? 1 : 2),
  remote: many(end === 'west' ? 2 : 1),
});
const large = { west: { policy: { child: child('west') } }, east: { policy: { child: child('east') } } };

/** Up to IKE_AUTH, whose pieces are held. */
function atFragments(options = large) {
  const both = pair(options);
  both.west.up();
  both.wire.expect(HANDSHAKE[0]);
  both.wire.expect(HANDSHAKE[1]);
  const pieces = [1, 2, 3].map((n) => both.wire.hold(`IKE_AUTH SKF(${n}/3) -->`));
  both.wire.expectSilence();
  return { ...both, pieces };
}

function answered({ west, east, wire }: Pair) {
  for (const n of [1, 2, 3]) wire.expect(`<-- IKE_AUTH SKF(${n}/3)`);
  wire.expectSilence();
  expect(west.plane.size).toBe(1);
  expectAgreement({ west, east });
}

test('request and answer go in pieces that fit the smallest MTU, and arrive whole', () => {
  const both = atFragments();
  for (const piece of both.pieces) {
    expect(piece.bytes.length).toBeLessThanOrEqual(1280 - 32);
    both.wire.deliver(piece);
  }
  answered(both);
});

test('in any order, and some of them twice', () => {
  const both = atFragments();
  for (const n of [2, 0, 0, 2, 1]) both.wire.deliver(both.pieces[n]);
  answered(both);
});

test('a missing piece comes with the retransmission, in the same octets', () => {
  const both = atFragments();
  both.wire.deliver(both.pieces[0]);
  both.wire.deliver(both.pieces[2]);
  both.wire.expectSilence();
  both.clock.advance(500);
  const again = [1, 2, 3].map((n) => both.wire.hold(`IKE_AUTH SKF(${n}/3) -->`));
  again.forEach((piece, i) => void expect(Buffer.compare(piece.bytes, both.pieces[i].bytes)).toBe(0));
  both.wire.deliver(again[1]);
  answered(both);
  expect(both.east.sa.reassembly).toBeUndefined();
});

test('of a request that comes again whole, only the first piece asks for the answer', () => {
  const both = atFragments();
  for (const piece of both.pieces) both.wire.deliver(piece);
  const answers = [1, 2, 3].map((n) => both.wire.hold(`<-- IKE_AUTH SKF(${n}/3)`));
  both.wire.deliver(both.pieces[1]);
  both.wire.deliver(both.pieces[2]);
  both.wire.expectSilence();
  both.wire.deliver(both.pieces[0]);
  for (const n of [1, 2, 3]) {
    const again = both.wire.hold(`<-- IKE_AUTH SKF(${n}/3)`);
    expect(Buffer.compare(again.bytes, answers[n - 1].bytes)).toBe(0);
  }
});

test('every piece has an IV of its own', () => {
  const { pieces } = atFragments();
  const ivs = pieces.map((p) => Buffer.from(p.bytes.subarray(36, 44)).toString('hex'));
  expect(new Set(ivs).size).toBe(3);
});

test('one end without fragmentation: the message goes in one piece', () => {
  for (const end of ['west', 'east'] as const) {
    const options = { ...large, [end]: { policy: { child: child(end), fragmentation: false } } };
    const both = pair(options);
    both.west.up();
    for (const line of HANDSHAKE) both.wire.expect(line);
    expectAgreement(both);
  }
});

test('block ciphers are cut to their blocks', () => {
  const ike = proposals('ike', 'aes256-sha2_512-dh31');
  const both = pair({
    west: { policy: { child: child('west'), ike } },
    east: { policy: { child: child('east'), ike } },
  });
  both.west.up();
  both.wire.release();
  both.clock.advance(100);
  expect(both.west.plane.size).toBe(1);
  expectAgreement(both);
});

describe('from a peer with the keys, and no manners', () => {
  /** A piece as west would seal it. */
  function forge(
    { west, pieces }: { west: Pair['west']; pieces: InFlight[] },
    number: number,
    total: number,
    size = 20,
  ) {
    const { sa } = west;
    const suite = sa.suite!;
    const header = {
      spiI: sa.spiI,
      spiR: sa.spiR,
      exchange: EXCHANGE.IKE_AUTH,
      isInitiator: true,
      isResponse: false,
      messageId: 1,
    };
    const envelope = { type: 'SKF', first: number === 1 ? 35 : 0, number, total } as const;
    const prefix = encodeProtectedPrefix(header, envelope, sealedOctets(suite, size));
    const iv = new Uint8Array(8).fill(200 + number);
    return { ...pieces[0], bytes: seal(suite, sa.keys!.skEi, sa.keys!.skAi, iv, prefix, new Uint8Array(size)) };
  }

  test(`more than ${MAX_FRAGMENTS} pieces are refused`, () => {
    const both = atFragments();
    both.wire.deliver(forge(both, 1, MAX_FRAGMENTS + 1));
    expect(both.east.sa.reassembly).toBeUndefined();
    both.wire.deliver(forge(both, 1, MAX_FRAGMENTS));
    expect(both.east.sa.reassembly?.received).toBe(1);
  });

  test('more octets than a peer needs to say who it is are refused until it has', () => {
    const both = atFragments();
    for (let n = 1; n <= 50; n++) both.wire.deliver(forge(both, n, MAX_FRAGMENTS, 2_000));
    expect(both.east.sa.reassembly?.octets).toBeLessThanOrEqual(16_384);
    expect(both.east.sa.reassembly?.received).toBe(8);
  });

  test('then what one datagram could have carried, and no more', () => {
    const both = atFragments();
    both.east.sa.state = 'established';
    for (let n = 1; n <= 50; n++) both.wire.deliver(forge(both, n, MAX_FRAGMENTS, 2_000));
    expect(both.east.sa.reassembly?.octets).toBeLessThanOrEqual(65_535);
    expect(both.east.sa.reassembly?.received).toBe(32);
  });

  test('a larger total begins anew, a smaller one is refused', () => {
    const both = atFragments();
    both.wire.deliver(both.pieces[0]);
    both.wire.deliver(forge(both, 2, 5));
    expect(both.east.sa.reassembly).toMatchObject({ received: 1 });
    expect(both.east.sa.reassembly?.parts).toHaveLength(5);
    both.wire.deliver(both.pieces[1]);
    expect(both.east.sa.reassembly).toMatchObject({ received: 1 });
  });

  test('a piece that is not authentic is not kept', () => {
    const both = atFragments();
    const bytes = Uint8Array.from(both.pieces[0].bytes);
    bytes[60] ^= 1;
    both.wire.deliver({ ...both.pieces[0], bytes });
    expect(both.east.sa.reassembly).toBeUndefined();
  });

  test('pieces that make no sense together end the half-open SA, with an answer', () => {
    const both = atFragments();
    both.wire.deliver(forge(both, 1, 2));
    both.wire.deliver(forge(both, 2, 2));
    both.wire.expect('<-- IKE_AUTH { N(INVALID_SYNTAX) }');
    expect(both.east.sas.size).toBe(0);
  });
});

test('an established SA sends its large CREATE_CHILD_SA in pieces too', () => {
  const policies = (end: 'west' | 'east') => [
    policyFor(end),
    policyFor(end, { name: 'wide', child: { ...child(end), reqid: 16393 } }),
  ];
  const both = upPair({ west: { policies: policies('west') }, east: { policies: policies('east') } });
  both.west.addChild('wide');
  const first = both.wire.hold('CREATE_CHILD_SA SKF(1/3) -->');
  for (const n of [2, 3]) both.wire.expect(`CREATE_CHILD_SA SKF(${n}/3) -->`);
  both.wire.deliver(first);
  both.wire.release();
  both.clock.advance(100);
  expect(both.west.plane.size).toBe(2);
  expectAgreement(both);
});
