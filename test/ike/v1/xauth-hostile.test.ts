/** What a stranger, a replay, or the wrong end may not bring about between phase 1 and Quick Mode. */
import { describe, expect, test } from 'vitest';
import { hash1 } from '../../../src/ike/v1/crypto/hashes.ts';
import { seal } from '../../../src/ike/v1/crypto/protect.ts';
import { channelOf } from '../../../src/ike/v1/quick-child.ts';
import { Turn } from '../../../src/ike/v1/turn.ts';
import {
  type Attribute,
  CFG_ATTRIBUTE,
  CFG_TYPE,
  EXCHANGE,
  encodeChain,
  encodeWith,
  type Payload,
} from '../../../src/ike/v1/wire/index.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { EAST, selectors, WEST } from '../v2/policies.ts';
import type { Host } from './host.ts';
import { expectAgreement, expectNothing, MAIN, type Pair, QUICK, v1Policy } from './pair.ts';
import { expectExchange, octets, PULL, SERVER, typist, warrior, XAUTH } from './road-warrior.ts';

const [FROM_WEST, FROM_EAST] = [new Endpoint(WEST, 500), new Endpoint(EAST, 500)];
const [ASKED, SAID] = XAUTH;

function inject({ west, east }: Pair, isFromWest: boolean, bytes: Uint8Array): void {
  if (isFromWest) east.receive(FROM_EAST, FROM_WEST, bytes);
  else west.receive(FROM_WEST, FROM_EAST, bytes);
}

/** An authentic transaction of the host at the other end, made of whole cloth. */
function forged(
  made: Pair,
  by: Host,
  messageId: number,
  what: { readonly cfgType: number; readonly attributes: readonly Attribute[] },
  spoil = false,
): Uint8Array {
  const { sa } = by;
  const talk = new Turn(sa, by.env).newTalk(EXCHANGE.TRANSACTION, messageId);
  const rest: Payload[] = [{ type: 'ATTRIBUTES', identifier: 7, ...what }];
  const data = hash1(channelOf(sa, talk), encodeChain(rest));
  if (spoil) data[0] ^= 1;
  const chain: Payload[] = [{ type: 'HASH', data }, ...rest];
  const { cookieI, cookieR } = sa;
  const header = { cookieI, cookieR, exchange: EXCHANGE.TRANSACTION, messageId, isEncrypted: true };
  expect(made).toBeDefined();
  return encodeWith(header, 8, seal(sa.suite!, sa.keys!, talk.iv!, encodeChain(chain)));
}

const empty = (type: number): Attribute => ({ type, value: new Uint8Array() });
const { REQUEST, REPLY, SET, ACK } = CFG_TYPE;
const STATUS_OK = { type: CFG_ATTRIBUTE.XAUTH_STATUS, value: 1 };
const NAME = { type: CFG_ATTRIBUTE.XAUTH_USER_NAME, value: octets('joe') };
const PASSWORD = { type: CFG_ATTRIBUTE.XAUTH_USER_PASSWORD, value: octets('sesame') };
const ADDRESS = { type: CFG_ATTRIBUTE.INTERNAL_IP4_ADDRESS, value: Uint8Array.of(10, 66, 6, 6) };

describe('to a server that waits for a password', () => {
  test.each([
    ['a request for an address', { cfgType: REQUEST, attributes: [empty(CFG_ATTRIBUTE.INTERNAL_IP4_ADDRESS)] }],
    ['a status that says all is well', { cfgType: SET, attributes: [STATUS_OK] }],
    ['an acknowledgement of nothing', { cfgType: ACK, attributes: [STATUS_OK] }],
    ['a name and a password that nobody has asked for so', { cfgType: REPLY, attributes: [NAME, PASSWORD] }],
    ['a question for its own password', { cfgType: REQUEST, attributes: [empty(NAME.type), empty(PASSWORD.type)] }],
    ['an address for itself', { cfgType: SET, attributes: [ADDRESS] }],
    ['what is of no type', { cfgType: 77, attributes: [] }],
  ])('%s is nothing', (_what, forgery) => {
    const made = warrior();
    const { west, east, wire, clock } = made;
    west.up();
    expectExchange(wire, MAIN);
    const before = east.snapshot();
    inject(made, true, forged(made, west, 0x1234_5678, forgery));
    clock.flush();
    expect(east.snapshot()).toBe(before);
    expectExchange(wire, [...XAUTH, ...PULL, ...QUICK]);
    expectAgreement(made);
  });
});

describe('to a client that waits for a question', () => {
  test.each([
    ['an address before any password', { cfgType: SET, attributes: [ADDRESS] }],
    ['a password of the wrong end', { cfgType: REPLY, attributes: [NAME, PASSWORD] }],
    ['an acknowledgement', { cfgType: ACK, attributes: [] }],
  ])('%s is nothing', (_what, forgery) => {
    const made = warrior();
    const { west, east, wire, clock } = made;
    west.up();
    expectExchange(wire, MAIN);
    const real = wire.hold(ASKED);
    const before = west.snapshot();
    inject(made, false, forged(made, east, 0x1234_5678, forgery));
    clock.flush();
    expect(west.snapshot()).toBe(before);
    expect(west.assigned).toEqual([]);
    wire.deliver(real);
    expectExchange(wire, [SAID, ...XAUTH.slice(2), ...PULL, ...QUICK]);
  });
});

test('with a wrong hash nothing is heard by anybody', () => {
  const made = warrior();
  const { west, east, wire, clock } = made;
  west.up();
  expectExchange(wire, [...MAIN, ...XAUTH, ...PULL, ...QUICK]);
  const before = [west.snapshot(), east.snapshot()];
  const forgery = { cfgType: REQUEST, attributes: [empty(CFG_ATTRIBUTE.INTERNAL_IP4_ADDRESS)] };
  for (let id = 1; id < 40; id++) {
    inject(made, true, forged(made, west, id, forgery, true));
    inject(made, false, forged(made, east, id, forgery, true));
  }
  clock.flush();
  expect([west.snapshot(), east.snapshot()]).toEqual(before);
  wire.expectSilence();
});

test('each encrypted message, changed in every octet, changes nothing before the real one', () => {
  const lines = [...MAIN, ...XAUTH, ...PULL];
  for (let at = MAIN.length; at < lines.length; at++) {
    const made = warrior();
    const { west, east, wire, clock } = made;
    west.up();
    expectExchange(wire, lines.slice(0, at));
    const real = wire.hold(lines[at]);
    const target = real.isFromWest ? east : west;
    const before = target.snapshot();
    for (let octet = 28; octet < real.bytes.length - 16; octet++) {
      const bytes = Uint8Array.from(real.bytes);
      bytes[octet] ^= 1 << (octet % 8);
      inject(made, real.isFromWest, bytes);
      clock.flush();
      expect(target.snapshot(), `octet ${octet} of ${lines[at]}`).toBe(before);
    }
    wire.deliver(real);
    clock.flush();
    expectExchange(wire, [...lines.slice(at + 1), ...QUICK]);
    expectAgreement(made);
  }
});

test('what is replayed, or turned back to its sender, changes nothing', () => {
  const made = warrior();
  const { west, east, wire, clock } = made;
  west.up();
  expectExchange(wire, [...MAIN, ...XAUTH, ...PULL, ...QUICK]);
  const all = wire.sent.filter(({ text }) => text.startsWith('Transaction'));
  expect(all.length).toBe(6);
  const look = () => [west.snapshot(), east.snapshot(), `${west.assigned}`, east.questions.length];
  const again = (isTurned: boolean) => {
    for (const { isFromWest, bytes } of all) inject(made, isFromWest !== isTurned, bytes);
    clock.flush();
  };
  const before = look();
  for (let round = 0; round < 3; round++) again(false);
  again(true);
  expect(look()).toEqual(before);
  wire.release();
  clock.advance(130_000);
  const later = look();
  again(false);
  again(true);
  expect(look()).toEqual(later);
});

describe('sizes', () => {
  test('a name or a password that is too long is refused, and goes to nobody who checks', () => {
    for (const long of ['name', 'password']) {
      const made = warrior();
      const { west, east, wire } = made;
      west.passwords = {};
      west.answers = typist('x'.repeat(long === 'password' ? 5_000 : 3), 'sesame');
      const user = long === 'name' ? 'n'.repeat(5_000) : 'joe';
      west.up('w-e', { t: 'initiate', login: { user, password: undefined } });
      expectExchange(wire, [...MAIN, ASKED]);
      wire.release();
      for (let i = 0; i < 6; i++) {
        made.clock.advance(600);
        wire.release();
      }
      expect(east.questions.filter((q) => q.t === 'xauth' && (q.user.length > 128 || q.password.length > 128))).toEqual(
        [],
      );
      const said = east.lines.filter((line) => line.includes('Authentication Failed')).join('\n');
      expect(said.length).toBeLessThan(1_000);
    }
  });

  test('a server that asks for a name hundreds of times is told it once', () => {
    const made = warrior();
    const { west, east, wire, clock } = made;
    west.up('w-e', { t: 'initiate', login: { user: 'n'.repeat(300), password: octets('sesame') } });
    expectExchange(wire, MAIN);
    wire.hold(ASKED);
    const attributes = Array.from({ length: 250 }, () => empty(NAME.type));
    inject(made, false, forged(made, east, 0x77, { cfgType: REQUEST, attributes }));
    clock.flush();
    expect(wire.sent.at(-1)!.text).toContain('ATTRIBUTES(REPLY)');
    expect(wire.sent.at(-1)!.bytes.length).toBeLessThan(500);
  });

  test('hundreds of attributes, some of them huge, are answered by what is known of them', () => {
    const made = warrior();
    const { west, east, wire, clock } = made;
    west.up();
    expectExchange(wire, [...MAIN, ...XAUTH, ...PULL, ...QUICK]);
    const attributes = [
      ...Array.from({ length: 200 }, (_, i) => ({ type: 20_000 + i, value: new Uint8Array(200) })),
      { type: CFG_ATTRIBUTE.INTERNAL_IP4_ADDRESS, value: new Uint8Array(3_000) },
      empty(CFG_ATTRIBUTE.APPLICATION_VERSION),
    ];
    inject(made, true, forged(made, west, 0x77, { cfgType: REQUEST, attributes }));
    clock.flush();
    expect(east.sa.leases).toHaveLength(1);
    expect(east.debugs.findLast((line) => line.includes('sending Transaction'))).toContain('ATTRIBUTES(REPLY)');
    expect(Math.max(...wire.sent.map(({ bytes }) => bytes.length))).toBeLessThan(1_500);
  });

  test('a peer that asks without end is heard so often and no more, and little of it is kept', () => {
    const made = warrior();
    const { west, east, wire, clock } = made;
    west.up();
    expectExchange(wire, [...MAIN, ...XAUTH, ...PULL, ...QUICK]);
    const forgery = { cfgType: REQUEST, attributes: [empty(CFG_ATTRIBUTE.INTERNAL_IP4_ADDRESS)] };
    for (let id = 1; id < 300; id++) inject(made, true, forged(made, west, id, forgery));
    clock.flush();
    expect(east.sa.conversations.length).toBeLessThan(10);
    expect([...east.leases.all()]).toHaveLength(1);
  });
});

test('Quick Mode before XAUTH is over is not heard', () => {
  const made = warrior({ client: undefined, cp: { west: undefined, east: undefined } });
  const { west, east, wire, clock } = made;
  // West has its own idea of what was agreed on: it offers XAUTH and leaves it out.
  west.policies = west.policies.map((policy) => ({
    ...policy,
    v1: { ...policy.v1, xauth: { role: 'client', user: 'joe' } },
  }));
  west.up();
  expectExchange(wire, MAIN);
  wire.hold(ASKED);
  west.sa.config = undefined;
  west.input([...west.sas.values()][0], {
    t: 'command',
    command: { t: 'addChild', policy: west.policies[0], serial: 99 },
  });
  clock.flush();
  const before = east.snapshot();
  wire.expect(QUICK[0]);
  clock.flush();
  expect(east.snapshot()).toBe(before);
  expect(east.debugs.join('\n')).toContain('Quick Mode before XAUTH and Mode Config are over; dropped');
  expect(east.plane.size).toBe(0);
});

test('who goes on where there is no address for it begins nothing on what has ended by that', () => {
  const made = warrior({ modeConfig: 'push', cp: { east: { ...SERVER, pools: [] } } });
  const { west, east, wire, clock } = made;
  const nets = { local: selectors('0.0.0.0/0'), remote: selectors('10.66.0.0/16') };
  // One that leases nothing, and is for the same peer.
  east.policies = [...east.policies, v1Policy('east', { name: 'plain', child: { ...nets, pfs: false } })];
  west.up();
  expectExchange(wire, [...MAIN, ...XAUTH.slice(0, 3)]);
  wire.lose(XAUTH[3]);
  const { sa } = west;
  sa.config = undefined;
  sa.wanted = [];
  const policy = v1Policy('west', { name: 'plain', child: { local: nets.remote, remote: nets.local, pfs: false } });
  west.command({ t: 'addChild', policy, serial: 99 });
  clock.flush();
  wire.expect(QUICK[0].replace(' KE,', ''));
  clock.flush();
  expectNothing(east);
  expect(east.ends.map(({ why }) => why)).toEqual(['refused']);
  expect(wire.sent.at(-1)!.text).toContain('{ HASH, D }');
});

describe('what ends while something is under way', () => {
  test('gives back the SPIs of a child that it was about to grant', () => {
    const made = warrior({ east: { child: { compress: true } }, west: { child: { compress: true } } });
    const { west, east, wire, clock } = made;
    west.up();
    expectExchange(wire, [...MAIN, ...XAUTH, ...PULL]);
    const real = wire.hold(QUICK[0]);
    const [running] = east.sas.values();
    east.jobMs = 100;
    wire.deliver(real);
    expect(east.sa.job).not.toBe(0);
    expect(east.plane.reserved.size).toBe(2);
    east.input(running, { t: 'command', command: { t: 'abandon', why: 'peer sent INITIAL_CONTACT' } });
    clock.flush();
    expectNothing(east);
  });

  test('forgets the password that is being looked at', () => {
    const made = warrior();
    const { west, east, wire } = made;
    west.up();
    expectExchange(wire, [...MAIN, ASKED]);
    const [running] = east.sas.values();
    east.answerMs = 5_000;
    wire.expect(SAID);
    const [question] = east.questions;
    if (question?.t !== 'xauth') throw new Error('nobody was asked');
    expect(Buffer.from(question.password).toString()).toBe('sesame');
    east.input(running, { t: 'command', command: { t: 'abandon', why: 'peer sent INITIAL_CONTACT' } });
    expect(question.password.every((octet) => octet === 0)).toBe(true);
    expectNothing(east);
  });
});
