/** IKE_SA_INIT: cookies, groups, refusals, NAT, and the patience of both ends. RFC 7296 §1.2, §2.6, §2.7, §2.23. */
import { describe, expect, test } from 'vitest';
import { EXCHANGE, encodeMessage, NOTIFY } from '../../../src/ike/wire/index.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { expectNothing, HANDSHAKE, pair, upPair } from './pair.ts';
import { EAST, proposals, WEST } from './policies.ts';

const INIT = 'IKE_SA_INIT { SA, KE, Ni } -->';
const ANSWER = '<-- IKE_SA_INIT { SA, KE, Nr }';

describe('cookies', () => {
  test('initiator asks again with the cookie the responder demanded', () => {
    const { west, east, wire, clock } = pair({ seed: 7, east: { cookies: 'always' } });
    west.up();
    wire.expect(INIT);
    wire.expect('<-- IKE_SA_INIT { N(COOKIE) }');
    expect(east.sas.size, 'no state before the cookie').toBe(0);
    wire.lose('IKE_SA_INIT { N(COOKIE), SA, KE, Ni } -->');
    clock.advance(500);
    wire.expect('IKE_SA_INIT { N(COOKIE), SA, KE, Ni } -->');
    for (const line of HANDSHAKE.slice(1)) wire.expect(line);
    expect(west.sa.state).toBe('established');
  });

  test('a cookie outlives one change of the secret, and not two', () => {
    for (const changes of [1, 2]) {
      const { west, east, wire } = pair({ east: { cookies: 'always' } });
      west.up();
      wire.expect(INIT);
      wire.expect('<-- IKE_SA_INIT { N(COOKIE) }');
      for (let i = 0; i < changes; i++) east.cookieJar.renew();
      wire.expect('IKE_SA_INIT { N(COOKIE), SA, KE, Ni } -->');
      wire.expect(changes === 1 ? ANSWER : '<-- IKE_SA_INIT { N(COOKIE) }');
    }
  });

  test('a demand that the wire doubled is met once', () => {
    const { west, wire } = pair({ east: { cookies: 'always' } });
    west.up();
    wire.expect(INIT);
    const demand = wire.expect('<-- IKE_SA_INIT { N(COOKIE) }');
    for (let i = 0; i < 9; i++) wire.deliver(demand);
    wire.expect('IKE_SA_INIT { N(COOKIE), SA, KE, Ni } -->');
    expect(west.sa.handshake?.restarts).toBe(1);
  });

  test('another cookie each time wears the initiator out', () => {
    const { west, east, wire } = pair({ east: { cookies: 'always' } });
    west.up();
    wire.expect(INIT);
    for (let i = 0; i < 6; i++) {
      wire.expect('<-- IKE_SA_INIT { N(COOKIE) }');
      for (let changes = 0; changes < 2; changes++) east.cookieJar.renew();
      if (i < 5) wire.expect('IKE_SA_INIT { N(COOKIE), SA, KE, Ni } -->');
    }
    expectNothing(west);
    expect(west.ends[0].why).toBe('refused');
    expect(east.sas.size).toBe(0);
  });

  test('an empty or overlong cookie changes nothing', () => {
    for (const octets of [0, 65]) {
      const { west, wire } = pair();
      west.up();
      const request = wire.hold(INIT);
      wire.deliver({ ...request, from: request.to, to: request.from, bytes: forged(west.sa.spiI, octets) });
      wire.expectSilence();
      expect(west.sa.state).toBe('initSent');
    }
  });
});

const forged = (spiI: Uint8Array, octets: number) =>
  encodeMessage(
    {
      spiI,
      spiR: new Uint8Array(8),
      exchange: EXCHANGE.IKE_SA_INIT,
      isInitiator: false,
      isResponse: true,
      messageId: 0,
    },
    [{ type: 'N', protocol: 0, spi: new Uint8Array(), notify: NOTIFY.COOKIE, data: new Uint8Array(octets) }],
  );

describe('another group', () => {
  const west = { ike: proposals('ike', 'aes_gcm256-sha2_256-dh31+dh19') };
  const east = { ike: proposals('ike', 'aes_gcm256-sha2_256-dh19') };

  test('initiator makes a key for the group the responder wants', () => {
    const hosts = pair({ west: { policy: west }, east: { policy: east } });
    hosts.west.up();
    hosts.wire.expect(INIT);
    hosts.wire.expect('<-- IKE_SA_INIT { N(INVALID_KE_PAYLOAD) }');
    expectNothing(hosts.east);
    for (const line of HANDSHAKE) hosts.wire.expect(line);
    expect(hosts.west.sa.suite?.group.name).toBe('DH19');
    expect(hosts.east.sa.suite?.group.name).toBe('DH19');
  });

  test('while a helper makes the new key nothing of the old request is repeated', () => {
    const hosts = pair({ west: { policy: west, jobMs: 700 }, east: { policy: east } });
    hosts.west.up();
    hosts.clock.advance(700);
    hosts.wire.expect(INIT);
    hosts.wire.expect('<-- IKE_SA_INIT { N(INVALID_KE_PAYLOAD) }');
    hosts.clock.advance(699);
    hosts.wire.expectSilence();
    hosts.clock.advance(1);
    hosts.wire.expect(INIT);
    hosts.wire.expect(ANSWER);
    hosts.wire.expectSilence();
  });

  test('a group that we never offered is not believed', () => {
    const hosts = pair({ east: { policy: east } });
    hosts.west.up();
    hosts.wire.expect(INIT);
    hosts.wire.expect('<-- IKE_SA_INIT { N(NO_PROPOSAL_CHOSEN) }');
    const other = pair();
    other.west.up();
    const request = other.wire.hold(INIT);
    const bytes = encodeMessage(
      {
        spiI: other.west.sa.spiI,
        spiR: new Uint8Array(8),
        exchange: 34,
        isInitiator: false,
        isResponse: true,
        messageId: 0,
      },
      [
        {
          type: 'N',
          protocol: 0,
          spi: new Uint8Array(),
          notify: NOTIFY.INVALID_KE_PAYLOAD,
          data: Uint8Array.of(0, 14),
        },
      ],
    );
    other.wire.deliver({ ...request, from: request.to, to: request.from, bytes });
    other.wire.expectSilence();
    expect(other.west.sa.state).toBe('initSent');
  });
});

describe('refusals', () => {
  test('no proposal in common ends it at both ends', () => {
    const { west, east, wire } = pair({ east: { policy: { ike: proposals('ike', 'aes128-sha2_512-dh31') } } });
    west.up();
    wire.expect(INIT);
    wire.expect('<-- IKE_SA_INIT { N(NO_PROPOSAL_CHOSEN) }');
    wire.expectSilence();
    expectNothing(west);
    expectNothing(east);
    expect([west.ends[0].why, east.ends[0].why]).toEqual(['refused', 'refused']);
  });

  test('a peer that no connection knows is refused', () => {
    const { west, east, wire } = pair({ east: { policy: { remoteHost: EAST } } });
    west.up();
    wire.expect(INIT);
    wire.expect('<-- IKE_SA_INIT { N(NO_PROPOSAL_CHOSEN) }');
    expectNothing(east);
  });

  test('a refusal by somebody who does not know our SPI changes nothing', () => {
    const { west, wire } = pair({ east: { policy: { ike: proposals('ike', 'aes128-sha2_512-dh31') } } });
    west.up();
    wire.expect(INIT);
    const refusal = wire.hold('<-- IKE_SA_INIT { N(NO_PROPOSAL_CHOSEN) }');
    const bytes = Uint8Array.from(refusal.bytes);
    bytes[3] ^= 1;
    wire.deliver({ ...refusal, bytes });
    expect(west.sa.state).toBe('initSent');
  });

  test('a public value of no point ends the half-open SA in silence', () => {
    const { west, east, wire, clock } = pair();
    west.up();
    const request = wire.hold(INIT);
    const bytes = Uint8Array.from(request.bytes);
    const key = Buffer.from(bytes).indexOf(Buffer.from(west.sa.handshake!.public));
    bytes.fill(0, key, key + 32);
    wire.deliver({ ...request, bytes });
    clock.flush();
    wire.expectSilence();
    expectNothing(east);
    expect(east.ends[0]).toMatchObject({ why: 'refused' });
  });

  test('a first message that does not parse leaves nothing behind', () => {
    const { west, east, wire, clock } = pair();
    west.up();
    const request = wire.hold(INIT);
    for (let at = 28; at < request.bytes.length; at += 3) {
      const bytes = Uint8Array.from(request.bytes);
      bytes[at] ^= 0xff;
      wire.deliver({ ...request, bytes, from: new Endpoint(WEST, 1000 + at) });
    }
    clock.flush();
    for (const { sa, timers } of east.sas.values()) expect(timers.size, `state ${sa.state}`).toBeGreaterThan(0);
    clock.advance(60_000);
    expectNothing(east);
  });

  test('a critical payload of an unknown type is refused by name, and the half-open SA ends', () => {
    const { west, east, wire } = pair();
    west.up();
    const request = wire.hold(INIT);
    wire.deliver({ ...request, bytes: withUnknown(request.bytes, true) });
    wire.expect('<-- IKE_SA_INIT { N(UNSUPPORTED_CRITICAL_PAYLOAD) }');
    expectNothing(east);
    wire.deliver({ ...request, bytes: withUnknown(request.bytes, false), from: new Endpoint(WEST, 999) });
    expect(east.sas.size).toBe(1);
  });
});

/** The same message with a payload of type 200 in front. */
function withUnknown(bytes: Uint8Array, critical: boolean): Uint8Array {
  const header = Uint8Array.from(bytes.subarray(0, 28));
  const extra = Uint8Array.of(header[16], critical ? 0x80 : 0, 0, 8, 1, 2, 3, 4);
  header[16] = 200;
  new DataView(header.buffer).setUint32(24, bytes.length + 8);
  return Uint8Array.from(Buffer.concat([header, extra, bytes.subarray(28)]));
}

describe('patience', () => {
  test('a request goes out again after 0.5, 1, 2, 4, .. seconds, with the same octets, and ends after 60', () => {
    const { west, wire, clock } = pair();
    const began = clock.now;
    west.up();
    const first = wire.lose(INIT);
    const at: number[] = [];
    for (let ms = 0; ms < 59_999; ms++) {
      clock.advance(1);
      if (wire.sent.length - 1 > at.length) {
        at.push(clock.now - began);
        expect(Buffer.compare(wire.lose(INIT).bytes, first.bytes)).toBe(0);
      }
    }
    expect(at).toEqual([500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(west.sa.state).toBe('initSent');
    clock.advance(1);
    expectNothing(west);
    expect(west.ends[0]).toMatchObject({ why: 'timeout' });
    expect(clock.pending).toBe(0);
  });

  test('a half-open SA is discarded after a minute', () => {
    const { west, east, wire, clock } = pair();
    west.up();
    wire.expect(INIT);
    wire.lose(ANSWER);
    const keys = east.sa.keys!;
    clock.advance(59_000);
    expect(east.sa.state).toBe('initAnswered');
    clock.advance(1_000);
    expectNothing(east);
    expect(
      keys.skD.every((octet) => octet === 0),
      'keys are wiped',
    ).toBe(true);
  });

  test('a doubled request makes one SA and gets the same octets twice', () => {
    const { west, east, wire } = pair();
    west.up();
    const request = wire.expect(INIT);
    const answer = wire.hold(ANSWER);
    wire.deliver(request);
    expect(Buffer.compare(wire.hold(ANSWER).bytes, answer.bytes)).toBe(0);
    expect(east.sas.size).toBe(1);
  });

  test('one that came while a helper computes is answered when it has', () => {
    const { west, east, wire, clock } = pair({ east: { jobMs: 50 } });
    west.up();
    const request = wire.expect(INIT);
    wire.deliver(request);
    clock.advance(49);
    wire.expectSilence();
    clock.advance(1);
    const answer = wire.hold(ANSWER);
    expect(Buffer.compare(wire.hold(ANSWER).bytes, answer.bytes)).toBe(0);
    expect(east.sas.size).toBe(1);
  });

  test('another first message with the same SPI is not answered', () => {
    const { west, wire } = pair();
    west.up();
    const request = wire.expect(INIT);
    wire.hold(ANSWER);
    const bytes = Uint8Array.from(request.bytes);
    bytes[bytes.length - 1] ^= 1;
    wire.deliver({ ...request, bytes });
    wire.expectSilence();
  });
});

describe('NAT', () => {
  test('initiator behind a NAT moves to port 4500, keeps the mapping alive, and both encapsulate', () => {
    const { west, east, wire, clock } = upPair({ nat: true, east: { policy: { remoteHost: undefined } } });
    expect([west.sa.weAreNatted, west.sa.peerIsNatted]).toEqual([true, false]);
    expect([east.sa.weAreNatted, east.sa.peerIsNatted]).toEqual([false, true]);
    expect(wire.sent.map((d) => d.from.port)).toEqual([500, 500, 4500, 4500]);
    expect(west.plane.all()[0].encapsulated).toBe(true);
    expect(east.plane.all()[0].encapsulated).toBe(true);
    clock.advance(60_000);
    expect([west.keepalives, east.keepalives]).toEqual([3, 0]);
  });

  test('without a NAT nobody moves, and nothing is encapsulated', () => {
    const { west, east, wire, clock } = upPair();
    expect(wire.sent.map((d) => d.from.port)).toEqual([500, 500, 500, 500]);
    expect([west.plane.all()[0].encapsulated, east.plane.all()[0].encapsulated]).toEqual([false, false]);
    clock.advance(60_000);
    expect(west.keepalives).toBe(0);
  });

  test('encapsulation=yes pretends a NAT, encapsulation=no never looks for one', () => {
    const forced = upPair({ west: { policy: { encapsulation: 'yes' } } });
    expect(forced.west.plane.all()[0].encapsulated).toBe(true);
    expect(forced.east.plane.all()[0].encapsulated).toBe(true);
    const none = upPair({ west: { policy: { encapsulation: 'no' } } });
    expect(none.west.plane.all()[0].encapsulated).toBe(false);
    expect(none.east.plane.all()[0].encapsulated).toBe(false);
  });

  test("a peer that the NAT gave another port is followed with its next authentic packet, and its children's SAs too", () => {
    const both = upPair({ nat: true, east: { policy: { remoteHost: undefined } } });
    const { west, east, wire } = both;
    const before = `${east.sa.peer}`;
    wire.nat!.rebind();
    west.command({ t: 'rekeyChild', serial: west.sa.children[0].serial });
    const request = wire.hold('CREATE_CHILD_SA { N(REKEY_SA), SA, Ni, KE, TSi, TSr } -->');
    const forgedBytes = Uint8Array.from(request.bytes);
    forgedBytes[forgedBytes.length - 1] ^= 1;
    wire.deliver({ ...request, bytes: forgedBytes });
    expect(`${east.sa.peer}`).toBe(before);
    const serial = east.sa.children[0].serial;
    wire.deliver(request);
    expect(`${east.sa.peer}`).not.toBe(before);
    expect(east.plane.destinationOf(serial)).toBe(`${east.sa.peer}`);
  });

  test('a peer without NAT that writes from elsewhere is answered there and not followed', () => {
    const { west, east, wire, clock } = upPair();
    west.command({ t: 'rekeyIke' });
    const request = wire.hold('CREATE_CHILD_SA { SA, Ni, KE } -->');
    const elsewhere = new Endpoint(WEST, 777);
    wire.deliver({ ...request, from: elsewhere });
    clock.flush();
    expect(`${east.established()?.sa.peer}`).toBe(`${new Endpoint(WEST, 500)}`);
    const answer = wire.sent.at(-1)!;
    expect(`${answer.to}`).toBe(`${elsewhere}`);
  });
});
