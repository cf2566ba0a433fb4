/** Strangers on the wire: what is not authentic changes nothing, and what repeats gets what it got. */
import { describe, expect, test } from 'vitest';
import { offerChild, offerIke } from '../../../src/ike/v2/proposals.ts';
import { type Incoming, notification, Turn } from '../../../src/ike/v2/turn.ts';
import { EXCHANGE, NOTIFY, type Payload } from '../../../src/ike/wire/index.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { Dice } from './dice.ts';
import type { Host } from './host.ts';
import { expectAgreement, expectNothing, HANDSHAKE, type Pair, pair, upPair } from './pair.ts';
import { WEST } from './policies.ts';

/** All that may not change, as text. */
function stateOf(host: Host): string {
  return JSON.stringify(
    [...host.sas.values()].map(({ sa, timers }) => [
      sa.state,
      `${sa.peer}`,
      sa.nextRequestId,
      sa.expectedRequestId,
      sa.outstanding?.messageId,
      sa.outstanding?.retransmits,
      sa.ivCounter,
      sa.lastHeard,
      sa.tasks,
      sa.children.map((c) => [c.serial, c.state]),
      sa.reassembly?.received,
      [...timers.keys()],
    ]),
  );
}

const SCRIPT = [
  ...HANDSHAKE.slice(2),
  'CREATE_CHILD_SA { N(REKEY_SA), SA, Ni, KE, TSi, TSr } -->',
  '<-- CREATE_CHILD_SA { SA, Nr, KE, TSi, TSr }',
  'INFORMATIONAL { D } -->',
  '<-- INFORMATIONAL { D }',
  'CREATE_CHILD_SA { SA, Ni, KE } -->',
  '<-- CREATE_CHILD_SA { SA, Nr, KE }',
  'INFORMATIONAL { D } -->',
  '<-- INFORMATIONAL { }',
];

test('a flipped bit anywhere in any encrypted message changes nothing and is not answered', () => {
  const { west, east, wire, clock } = pair();
  west.up();
  wire.expect(HANDSHAKE[0]);
  wire.expect(HANDSHAKE[1]);
  const dice = new Dice(3);
  for (const [i, line] of SCRIPT.entries()) {
    if (i === 2) west.command({ t: 'rekeyChild', serial: west.sa.children[0].serial });
    if (i === 6) west.command({ t: 'rekeyIke' });
    const next = wire.hold(line);
    const before = [stateOf(west), stateOf(east)];
    const sent = wire.sent.length;
    for (let at = 0; at < next.bytes.length; at += at < 36 ? 1 : 7) {
      const bytes = Uint8Array.from(next.bytes);
      bytes[at] ^= 1 << dice.below(8);
      wire.deliver({ ...next, bytes });
    }
    for (const octets of [0, 1, 27, 28, 29, 40]) wire.deliver({ ...next, bytes: next.bytes.slice(0, octets) });
    expect([stateOf(west), stateOf(east)], line).toEqual(before);
    expect(wire.sent.length, line).toBe(sent);
    wire.deliver(next);
    clock.flush();
  }
  expect(west.plane.size).toBe(1);
  expectAgreement({ west, east });
});

describe('the window', () => {
  test('a request once more gets the same octets, where it came from, and is done once', () => {
    const { west, east, wire } = upPair();
    west.addChild('w-e');
    const request = wire.expect('CREATE_CHILD_SA { SA, Ni, KE, TSi, TSr } -->');
    const answer = wire.lose('<-- CREATE_CHILD_SA { SA, Nr, KE, TSi, TSr }');
    const elsewhere = new Endpoint(WEST, 4711);
    wire.deliver({ ...request, from: elsewhere });
    const again = wire.hold('<-- CREATE_CHILD_SA { SA, Nr, KE, TSi, TSr }');
    expect(Buffer.compare(again.bytes, answer.bytes)).toBe(0);
    expect(`${again.to}`).toBe(`${elsewhere}`);
    expect(east.plane.size).toBe(2);
  });

  test('requests before and beyond it are dropped', () => {
    const { west, east, wire, clock } = upPair();
    const requests = [];
    for (let i = 0; i < 3; i++) {
      west.addChild('w-e');
      requests.push(wire.expect('CREATE_CHILD_SA { SA, Ni, KE, TSi, TSr } -->'));
      wire.expect('<-- CREATE_CHILD_SA { SA, Nr, KE, TSi, TSr }');
    }
    const sent = wire.sent.length;
    for (const old of requests.slice(0, 2)) wire.deliver(old);
    clock.flush();
    expect(wire.sent.length).toBe(sent);
    expect(east.plane.size).toBe(4);
    const [first] = [...west.sas.values()];
    first.sa.nextRequestId = 9;
    west.addChild('w-e');
    wire.expect('CREATE_CHILD_SA { SA, Ni, KE, TSi, TSr } -->');
    wire.expectSilence();
    expect(east.plane.size).toBe(4);
  });

  test('a response once more is nothing to anybody', () => {
    const { west, east, wire } = upPair();
    west.addChild('w-e');
    wire.expect('CREATE_CHILD_SA { SA, Ni, KE, TSi, TSr } -->');
    const answer = wire.expect('<-- CREATE_CHILD_SA { SA, Nr, KE, TSi, TSr }');
    const before = stateOf(west);
    wire.deliver(answer);
    expect(stateOf(west)).toBe(before);
    expectAgreement({ west, east });
  });
});

describe('an authentic peer that breaks the rules', () => {
  /** Sends `payloads` as west's next request of `exchange`, whatever west thinks of it. */
  function send(both: Pair, exchange: number, payloads: readonly Payload[]) {
    const [running] = [...both.west.sas.values()];
    const turn = new Turn(running.sa, both.west.env);
    turn.request(exchange, payloads, { kind: 'liveness' });
    for (const out of turn.outs) if (out.t === 'send') both.wire.send({ ...flight(out), text: 'forged' });
    both.wire.expect('forged -->');
  }
  const flight = (out: { local: Endpoint; peer: Endpoint; bytes: Uint8Array }) => ({
    from: out.local,
    to: out.peer,
    bytes: out.bytes,
    isFromWest: true,
  });

  test('an exchange that does not exist here: INVALID_SYNTAX, and the SA is gone at both ends', () => {
    const both = upPair();
    send(both, EXCHANGE.IKE_AUTH, []);
    expectNothing(both.east);
    const [running] = [...both.west.sas.values()];
    running.sa.outstanding = { ...running.sa.outstanding!, exchange: EXCHANGE.IKE_AUTH };
    both.wire.expect('<-- IKE_AUTH { N(INVALID_SYNTAX) }');
    expectNothing(both.west);
  });

  test('a critical payload of unknown type: refused by name, and nothing else happens', () => {
    const both = upPair();
    send(both, EXCHANGE.INFORMATIONAL, [{ type: 'unknown', number: 200, critical: true, data: Uint8Array.of(1) }]);
    both.wire.expect('<-- INFORMATIONAL { N(UNSUPPORTED_CRITICAL_PAYLOAD) }');
    expect(both.east.sa.state).toBe('established');
    expect(both.east.plane.size).toBe(1);
  });

  test('an unknown payload that is not critical is passed over', () => {
    const both = upPair();
    send(both, EXCHANGE.INFORMATIONAL, [{ type: 'unknown', number: 200, critical: false, data: Uint8Array.of(1) }]);
    both.wire.expect('<-- INFORMATIONAL { }');
  });

  test('an IKE SPI of zeros in a rekey: INVALID_SYNTAX', () => {
    const both = upPair();
    const offer = offerIke(both.west.sa.policy.ike, new Uint8Array(8));
    send(both, EXCHANGE.CREATE_CHILD_SA, [
      { type: 'SA', proposals: offer },
      { type: 'Nonce', data: new Uint8Array(32) },
      { type: 'KE', group: 31, data: new Uint8Array(32).fill(9) },
    ]);
    both.wire.expect('<-- CREATE_CHILD_SA { N(INVALID_SYNTAX) }');
    expectNothing(both.east);
  });

  test('it says that it does not trust us after all: gone', () => {
    const both = upPair();
    send(both, EXCHANGE.INFORMATIONAL, [notification(NOTIFY.AUTHENTICATION_FAILED)]);
    expectNothing(both.east);
  });

  test('a deletion of what it never had is answered and ignored', () => {
    const both = upPair();
    const spis = [Uint8Array.of(1, 2, 3, 4)];
    send(both, EXCHANGE.INFORMATIONAL, [{ type: 'D', protocol: 3, spiSize: 4, spis }]);
    both.wire.expect('<-- INFORMATIONAL { }');
    expect(both.east.plane.size).toBe(1);
  });

  test('a public value of no point in a rekey is refused, and the child stays', () => {
    const both = upPair();
    const [child] = both.west.sa.children;
    const terms = { esn: 'no', groups: both.west.sa.suite ? [both.west.sa.suite.group] : [] } as const;
    send(both, EXCHANGE.CREATE_CHILD_SA, [
      { type: 'SA', proposals: offerChild(child.policy.child.proposals, 0x1234, terms) },
      { type: 'Nonce', data: new Uint8Array(32) },
      { type: 'KE', group: 31, data: new Uint8Array(32) },
      { type: 'TSi', selectors: child.selectorsLocal },
      { type: 'TSr', selectors: child.selectorsRemote },
    ]);
    both.wire.expect('<-- CREATE_CHILD_SA { N(NO_PROPOSAL_CHOSEN) }');
    expect(both.east.plane.size).toBe(1);
  });
});

describe('any payloads from an authentic peer', () => {
  const octets = (dice: Dice) => dice.octets(dice.pick([0, 1, 4, 8, 16, 32, 33]));

  /** A handful of payloads of which most make no sense where they stand. */
  function handful(dice: Dice, both: Pair): Payload[] {
    const [child] = both.west.sa.children;
    const selectors = child?.selectorsLocal ?? [];
    const terms = { esn: 'no', groups: [both.west.sa.suite!.group] } as const;
    const pool: readonly (() => Payload)[] = [
      () => ({ type: 'SA', proposals: offerIke(both.west.policies[0].ike, octets(dice)) }),
      () => ({ type: 'SA', proposals: offerChild(both.west.policies[0].child.proposals, dice.below(2 ** 32), terms) }),
      () => ({ type: 'SA', proposals: [] }),
      () => ({ type: 'Nonce', data: dice.octets(32) }),
      () => ({ type: 'KE', group: dice.pick([0, 19, 31]), data: dice.octets(32) }),
      () => ({ type: 'TSi', selectors }),
      () => ({ type: 'TSr', selectors: dice.pick([selectors, []]) }),
      () => ({ type: 'D', protocol: dice.pick([1, 2, 3, 9]), spiSize: 4, spis: [dice.octets(4)] }),
      () => ({ type: 'IDi', idType: dice.below(20), data: octets(dice) }),
      () => ({ type: 'IDr', idType: dice.below(20), data: octets(dice) }),
      () => ({ type: 'AUTH', method: dice.below(20), data: octets(dice) }),
      () => ({ type: 'V', data: octets(dice) }),
      () => notification(dice.pick([...Object.values(NOTIFY)]), octets(dice)),
      () => notification(NOTIFY.REKEY_SA, undefined, { protocol: 3, spi: dice.pick([dice.octets(4), octets(dice)]) }),
      () => ({ type: 'unknown', number: 200, critical: dice.next() < 0.2, data: octets(dice) }),
    ];
    return Array.from({ length: dice.below(8) }, () => dice.pick(pool)());
  }

  const EXCHANGES = Object.values(EXCHANGE).filter((exchange) => exchange !== EXCHANGE.IKE_SA_INIT);

  /** A tunnel each takes milliseconds: so many of them in one test as no machine takes seconds for. */
  const BATCH = 50;
  const BATCHES = Array.from({ length: 8 }, (_, i) => [i * BATCH, (i + 1) * BATCH] as const);

  test.each(BATCHES)('as a request: answered, and nobody throws, dice from %i up to %i', (from, until) => {
    for (let seed = from; seed < until; seed++) {
      const dice = new Dice(seed);
      const both = upPair({ seed: 1 });
      for (let i = 0; i < 4 && both.east.sas.size === 1 && both.west.sas.size > 0; i++) {
        const [running] = [...both.west.sas.values()];
        const turn = new Turn(running.sa, both.west.env);
        try {
          turn.request(dice.pick(EXCHANGES), handful(dice, both), { kind: 'liveness' });
        } catch (error) {
          if (error instanceof RangeError) continue;
          throw error;
        }
        for (const out of turn.outs) {
          if (out.t !== 'send') continue;
          both.east.receive({ local: out.peer, peer: out.local, bytes: out.bytes });
          both.clock.flush();
        }
      }
    }
  });

  test.each(BATCHES)('as a response: taken or the end, and nobody throws, dice from %i up to %i', (from, until) => {
    for (let seed = from; seed < until; seed++) {
      const dice = new Dice(seed);
      const both = dice.next() < 0.3 ? pair({ seed: 1 }) : upPair({ seed: 1 });
      if (both.west.sas.size === 0) {
        both.west.up();
        both.wire.expect(HANDSHAKE[0]);
        both.wire.expect(HANDSHAKE[1]);
      } else {
        const { serial } = both.west.sa.children[0];
        both.west.command(
          dice.pick([
            { t: 'rekeyIke' },
            { t: 'rekeyChild', serial },
            { t: 'deleteChild', serial },
            { t: 'deleteIke', why: 'told' },
            { t: 'addChild', policy: both.west.policies[0], serial: 77 },
          ]),
        );
      }
      const outstanding = both.west.sa.outstanding!;
      const [running] = [...both.east.sas.values()];
      const turn = new Turn(running.sa, both.east.env);
      const header = { exchange: outstanding.exchange, messageId: outstanding.messageId } as Incoming['header'];
      const at = { local: running.sa.local, peer: running.sa.peer };
      try {
        turn.respond({ header, payloads: [], bytes: new Uint8Array(), ...at }, handful(dice, both));
      } catch (error) {
        if (error instanceof RangeError) continue;
        throw error;
      }
      for (const out of turn.outs) {
        if (out.t !== 'send') continue;
        both.west.receive({ local: out.peer, peer: out.local, bytes: out.bytes });
        both.clock.flush();
      }
      both.wire.isCut = true;
      both.clock.advance(200_000);
      for (const { sa, timers } of both.west.sas.values()) expect(timers.size, `${sa.state}`).toBeGreaterThan(0);
    }
  });
});
