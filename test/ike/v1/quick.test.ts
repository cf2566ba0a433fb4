/** Quick Mode between two ends: how long children last, whose traffic they are for, and rekeys that cross. */
import { describe, expect, test } from 'vitest';
import { hash1 } from '../../../src/ike/v1/crypto/hashes.ts';
import { channelOf, withHash } from '../../../src/ike/v1/quick-child.ts';
import { netId } from '../../../src/ike/v1/quick-ids.ts';
import { offerQuick } from '../../../src/ike/v1/quick-offers.ts';
import { notification, Turn } from '../../../src/ike/v1/turn.ts';
import {
  EXCHANGE,
  encodeAttributes,
  encodeChain,
  IPSEC,
  LIFE,
  NOTIFY,
  type Payload,
  PROTOCOL,
} from '../../../src/ike/v1/wire/index.ts';
import { Selector } from '../../../src/net/selector.ts';
import { EAST, WEST } from '../v2/policies.ts';
import { FAIR } from '../v2/wire.ts';
import type { Host } from './host.ts';
import { expectAgreement, pair, upPair } from './pair.ts';

const HOUR = 3_600_000;

/** What `host` says in an exchange of its own. */
function says(host: Host, say: (turn: Turn) => void): readonly Uint8Array[] {
  const turn = new Turn(host.sa, host.env);
  say(turn);
  return turn.outs.flatMap((out) => (out.t === 'send' ? [out.bytes] : []));
}

const hear = (host: Host, messages: readonly Uint8Array[]) => {
  for (const bytes of messages) host.receive(host.sa.local, host.sa.peer, bytes);
};

const sent = (host: Host, what: string) => host.debugs.filter((l) => l.includes(': sending ') && l.includes(what));

describe('RESPONDER-LIFETIME', () => {
  test('Aggressive Mode: told in an informational, protected; both ends go by it', () => {
    const made = pair({
      weather: FAIR,
      policy: { v1: { aggressive: true }, rekey: false },
      east: { policy: { ikeLifetime: 900_000 } },
    });
    made.west.up();
    made.clock.advance(2_000);
    expect(sent(made.east, 'RESPONDER_LIFETIME')).toHaveLength(1);
    made.clock.advance(880_000);
    expect([made.west.sa.state, made.east.sa.state]).toEqual(['established', 'established']);
    made.clock.advance(25_000);
    // What is left has the children.
    expect([made.west.sa.state, made.east.sa.state]).toEqual(['lapsed', 'lapsed']);
  });

  test('of a child: a shorter one is heard, a longer one is not', () => {
    for (const [seconds, isHeard] of [
      [600, true],
      [80_000, false],
    ] as const) {
      const made = upPair({ weather: FAIR, policy: { rekey: false, child: { lifetime: HOUR } } });
      const { west, east, clock } = made;
      const [child] = east.sa.children;
      const spi = new Uint8Array(4);
      new DataView(spi.buffer).setUint32(0, child.spiIn);
      const life = [
        { type: IPSEC.LIFE_TYPE, value: LIFE.SECONDS },
        {
          type: IPSEC.LIFE_DURATION,
          value: Uint8Array.of(0, 0, 0, seconds >> 16, (seconds >> 8) & 255, seconds & 255),
        },
      ];
      const notice = notification(NOTIFY.RESPONDER_LIFETIME, encodeAttributes(life), { protocol: PROTOCOL.ESP, spi });
      hear(
        west,
        says(east, (turn) => turn.inform([notice])),
      );
      clock.advance(605_000);
      expect(west.plane.size).toBe(isHeard ? 0 : 1);
    }
  });
});

test('a peer that wants SAs of seconds gets them, and replaces them itself', () => {
  const { west, east, clock } = upPair({
    weather: FAIR,
    west: { policy: { rekey: false, child: { lifetime: 5_000 } } },
  });
  clock.advance(10_000);
  expect(east.lines.filter((line) => line.includes('initiating Quick Mode'))).toEqual([]);
  expect([west.plane.size, east.plane.size]).toEqual([0, 0]);
});

test('a flood of questions with rising numbers gets one answer in a while', () => {
  const { west, east, clock } = upPair({ weather: FAIR });
  for (let i = 0; i < 200; i++)
    hear(
      east,
      says(west, (turn) => {
        const { cookieI, cookieR } = west.sa;
        const number = Uint8Array.of(0, 0, 1, i);
        const spi = Buffer.concat([cookieI, cookieR]);
        turn.inform([notification(NOTIFY.R_U_THERE, number, { protocol: PROTOCOL.ISAKMP, spi })]);
      }),
    );
  expect(sent(east, 'R_U_THERE_ACK')).toHaveLength(1);
  clock.advance(1_000);
  hear(
    east,
    says(west, (turn) => {
      const spi = Buffer.concat([west.sa.cookieI, west.sa.cookieR]);
      turn.inform([notification(NOTIFY.R_U_THERE, Uint8Array.of(0, 0, 2, 0), { protocol: PROTOCOL.ISAKMP, spi })]);
    }),
  );
  expect(sent(east, 'R_U_THERE_ACK')).toHaveLength(2);
});

describe('whose traffic', () => {
  /** West asks with these in place of what a sound end says. */
  function asks(west: Host, ids: readonly Payload[]): readonly Uint8Array[] {
    return says(west, (turn) => {
      const talk = turn.newTalk(EXCHANGE.QUICK, turn.messageId());
      const { child } = west.policy('w-e');
      const spis = { main: 0x1234, ah: undefined, cpi: undefined };
      const rest: Payload[] = [
        { type: 'SA', proposals: offerQuick({ ...child, pfs: false }, spis, { group: undefined, nat: undefined }) },
        { type: 'Nonce', data: new Uint8Array(32) },
        ...ids,
      ];
      turn.send(talk, withHash(hash1(channelOf(west.sa, talk), encodeChain(rest)), rest), false);
    });
  }
  const net = (selector: Selector) => netId(selector)!;
  const policy = { rekey: false, child: { pfs: false } } as const;

  test.each<[string, (west: Host) => readonly Payload[], string]>([
    [
      'a name',
      ({ sa }) => [
        { type: 'ID', idType: 2, protocol: 0, port: 0, data: Buffer.from('road.example') },
        net(sa.children[0].selectorsRemote[0]),
      ],
      "ID_FQDN '@road.example' is no address, subnet or range",
    ],
    ['one alone', ({ sa }) => [net(sa.children[0].selectorsLocal[0])], 'it has 1 ID payloads, not two or none'],
    ['none: the two themselves', () => [], `${EAST}/32===${WEST}/32`],
  ])('%s is refused with words when it is not configured', (_name, ids, words) => {
    const { west, east } = upPair({ weather: FAIR, policy });
    hear(east, asks(west, ids(west)));
    expect(east.lines.join('\n')).toContain(words);
    expect(east.plane.size).toBe(1);
    expect([...east.plane.reserved]).toEqual([]);
  });

  test('none, where the connection is for the two themselves', () => {
    const { west, east } = upPair({
      weather: FAIR,
      policy: { ...policy, child: { pfs: false, local: [], remote: [] } },
    });
    hear(east, asks(west, []));
    expect(east.plane.size).toBe(2);
  });

  test.each([
    ['remote', 17, 50_123, true],
    ['remote', 6, 50_123, false],
    [undefined, 17, 50_123, false],
  ] as const)('17/%%any at %s end, protocol %i, port %i: %s', (openPort, protocol, port, isTaken) => {
    const server = Selector.ofAddress(EAST, 17, 1701, 1701);
    const client = Selector.ofAddress(WEST, protocol, port, port);
    const { west, east, clock } = pair({
      weather: FAIR,
      policy: { rekey: false },
      west: { policy: { child: { local: [client], remote: [server] } } },
      east: { policy: { child: { local: [server], remote: [Selector.ofAddress(WEST, 17)], openPort } } },
    });
    west.up();
    clock.advance(2_000);
    expect(east.plane.all().map((c) => c.selectorsRemote.join())).toEqual(isTaken ? [`${client}`] : []);
  });
});

test('rekeys that cross: no more SAs than two for each generation, and soon one', () => {
  for (let seed = 0; seed < 30; seed++) {
    const made = upPair({ seed, weather: FAIR, policy: { child: { lifetime: HOUR }, ikeLifetime: 8 * HOUR } });
    const { west, east, clock } = made;
    west.command({ t: 'rekeyChild', serial: west.sa.children[0].serial });
    east.command({ t: 'rekeyChild', serial: east.sa.children[0].serial });
    clock.advance(5_000);
    expect(west.plane.size).toBe(3);
    expectAgreement(made);
    const newest = (host: Host) => host.sa.children.filter((c) => c.state === 'up');
    expect([newest(west).length, newest(east).length]).toEqual([1, 1]);
    clock.advance(2 * HOUR);
    expect(west.plane.size, `seed ${seed}`).toBeLessThanOrEqual(3);
    expect(east.plane.accepts(west.plane.send('w-e')!)).toBe(true);
    expect(west.plane.accepts(east.plane.send('w-e')!)).toBe(true);
    expectAgreement(made);
  }
});
