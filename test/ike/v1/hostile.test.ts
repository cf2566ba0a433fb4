/** What a stranger, or a replay, or an authentic peer that lies may not bring about. */
import { describe, expect, test } from 'vitest';
import { EXCHANGE, encodeMessage, NOTIFY, type Payload } from '../../../src/ike/v1/wire/index.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { EAST, WEST } from '../v2/policies.ts';
import type { InFlight } from '../v2/wire.ts';
import { AGGRESSIVE, expectAgreement, expectNothing, MAIN, type Pair, pair, QUICK, upPair } from './pair.ts';

const FAIR = { loss: 0, duplication: 0, minDelay: 1, maxDelay: 1 };
const [FROM_WEST, FROM_EAST] = [new Endpoint(WEST, 500), new Endpoint(EAST, 500)];

/** Brings `bytes` to the host that `datagram` was for. */
function inject({ west, east }: Pair, { isFromWest }: Pick<InFlight, 'isFromWest'>, bytes: Uint8Array): void {
  if (isFromWest) east.receive(FROM_EAST, FROM_WEST, bytes);
  else west.receive(FROM_WEST, FROM_EAST, bytes);
}

/** Each encrypted message of a handshake, changed in every octet behind its header, before the real one comes. */
describe('a changed octet convinces nobody', () => {
  const lines = [...MAIN, ...QUICK];
  const encrypted = lines.flatMap((line, i) =>
    line.includes('*') ? [[line.trim().replace(/ +/g, ' '), i] as const] : [],
  );

  test.each(encrypted)('%s', (_line, at) => {
    const made = pair();
    const { wire, west, east, clock } = made;
    west.up();
    for (const line of lines.slice(0, at)) wire.expect(line);
    const real = wire.hold(lines[at]);
    const target = real.isFromWest ? east : west;
    const before = target.snapshot();
    for (let octet = 28; octet < real.bytes.length; octet++) {
      const bytes = Uint8Array.from(real.bytes);
      bytes[octet] ^= 1 << (octet % 8);
      inject(made, real, bytes);
      clock.flush();
      // Padding is nobody's: RFC 2409 protects none of it.
      if (target.snapshot() !== before && octet >= real.bytes.length - 16) return;
      expect(target.snapshot(), `octet ${octet} of ${real.bytes.length}`).toBe(before);
    }
    wire.deliver(real);
    clock.flush();
    for (const line of lines.slice(at + 1)) wire.expect(line);
    expectAgreement(made);
  });
});

test('whatever is replayed later changes nothing', () => {
  for (const aggressive of [false, true]) {
    const made = upPair({ policy: { v1: { aggressive } } });
    const { west, east, wire, clock } = made;
    const all = [...wire.sent];
    const before = [west.snapshot(), east.snapshot()];
    for (let round = 0; round < 3; round++) for (const datagram of all) inject(made, datagram, datagram.bytes);
    clock.flush();
    expect([west.snapshot(), east.snapshot()]).toEqual(before);
    expect(east.sas.size).toBe(1);
    wire.release();
    // The peer's last messages are forgotten in time: then the same once more.
    clock.advance(130_000);
    const later = [west.snapshot(), east.snapshot()];
    for (const datagram of all.slice(aggressive ? 1 : 0))
      if (datagram.text.includes('*')) inject(made, datagram, datagram.bytes);
    clock.flush();
    expect([west.snapshot(), east.snapshot()]).toEqual(later);
    expectAgreement(made);
  }
});

test('what is turned back to its sender changes nothing', () => {
  const made = upPair({ policy: { dpdDelay: 5_000 } });
  const { west, east, wire, clock } = made;
  wire.release();
  clock.advance(130_000);
  const all = wire.sent.filter((d) => d.text.includes('*'));
  expect(all.some((d) => d.text.includes('R_U_THERE'))).toBe(true);
  const before = [west.snapshot(), east.snapshot(), west.sa.peerSequence, east.sa.peerSequence];
  for (const datagram of all) inject(made, { isFromWest: !datagram.isFromWest }, datagram.bytes);
  clock.flush();
  expect([west.snapshot(), east.snapshot(), west.sa.peerSequence, east.sa.peerSequence]).toEqual(before);
});

test('a message of one exchange is nothing to another', () => {
  const made = upPair();
  const { west, east, wire, clock } = made;
  const quick = wire.sent.find((d) => d.text.startsWith('Quick'))!;
  const before = east.snapshot();
  for (const exchange of [EXCHANGE.MAIN, EXCHANGE.AGGRESSIVE, EXCHANGE.INFORMATIONAL, EXCHANGE.TRANSACTION, 33, 77]) {
    const bytes = Uint8Array.from(quick.bytes);
    bytes[18] = exchange;
    inject(made, quick, bytes);
    for (const messageId of [0, 1]) {
      bytes[23] = messageId;
      inject(made, quick, bytes);
    }
  }
  clock.flush();
  expect(east.snapshot()).toBe(before);
  expect(west.sa.state).toBe('established');
});

describe('what nothing protects', () => {
  const notices: readonly Payload[] = [
    { type: 'D', doi: 1, protocol: 1, spiSize: 16, spis: [new Uint8Array(16)] },
    { type: 'N', doi: 1, protocol: 1, spi: new Uint8Array(), notify: NOTIFY.INITIAL_CONTACT, data: new Uint8Array() },
    {
      type: 'N',
      doi: 1,
      protocol: 1,
      spi: new Uint8Array(),
      notify: NOTIFY.AUTHENTICATION_FAILED,
      data: new Uint8Array(),
    },
  ];

  test.each([0, 1, 2, 3, 4, 5, 6])('after %i messages deletes and notifies in vain', (count) => {
    const made = pair();
    const { west, east, wire } = made;
    west.up();
    for (const line of MAIN.slice(0, count)) wire.expect(line);
    for (const host of [west, east]) {
      if (host.sas.size === 0) continue;
      const { cookieI, cookieR } = host.sa;
      const before = host.snapshot();
      const header = { cookieI, cookieR, exchange: EXCHANGE.INFORMATIONAL, isEncrypted: false, messageId: 7 };
      const lines = host.lines.length;
      for (const payload of notices) inject(made, { isFromWest: host === east }, encodeMessage(header, [payload]));
      expect(host.snapshot()).toBe(before);
      expect(host.lines.length - lines).toBeLessThanOrEqual(1);
    }
  });

  test('half an answer of a forger does not take the place of the real one', () => {
    const made = pair({ policy: { v1: { aggressive: true } } });
    const { west, wire, clock } = made;
    west.up();
    wire.expect(AGGRESSIVE[0]);
    const real = wire.hold(AGGRESSIVE[1]);
    // The last payload but vendor IDs and NAT_D is HASH: any octet of KE or Nonce spoils it.
    for (const at of [140, 160, 200]) {
      const bytes = Uint8Array.from(real.bytes);
      bytes[at] ^= 1;
      inject(made, real, bytes);
      clock.flush();
      expect(west.sa.state).toBe('aggrI1');
    }
    wire.deliver(real);
    clock.flush();
    expect(west.sa.state).toBe('established');
  });
});

test('a flood of first messages costs one SA each, and all of them go', () => {
  const made = pair({ weather: FAIR, policy: { v1: { aggressive: true } } });
  const { west, east, wire, clock, dice } = made;
  west.up();
  clock.advance(1);
  const [first] = wire.sent;
  for (let i = 0; i < 200; i++) {
    const bytes = Uint8Array.from(first.bytes);
    bytes.set(dice.octets(8));
    bytes[0] |= 1;
    inject(made, first, bytes);
  }
  expect(east.sas.size).toBeGreaterThan(100);
  clock.advance(130_000);
  expect([...east.sas.values()].map(({ sa }) => sa.state)).toEqual(['established']);
  expectAgreement(made);
});

test('octets that are no message at all end what they began', () => {
  const made = pair();
  const { east, dice } = made;
  for (let i = 0; i < 500; i++) {
    const bytes = dice.octets(28 + dice.below(100));
    bytes.fill(0, 8, 16);
    bytes[17] = 0x10;
    new DataView(bytes.buffer).setUint32(24, bytes.length);
    inject(made, { isFromWest: true }, bytes);
  }
  expectNothing(east);
});
