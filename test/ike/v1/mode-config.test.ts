/** Mode Config: inner addresses by pull and by push, and what goes with them. */
import { describe, expect, test } from 'vitest';
import { splitInclude, splitsIn } from '../../../src/ike/v1/unity.ts';
import { CFG_ATTRIBUTE } from '../../../src/ike/v1/wire/index.ts';
import { Subnet } from '../../../src/net/subnet.ts';
import { selectors } from '../v2/policies.ts';
import { AGGRESSIVE, expectAgreement, expectNothing, MAIN, QUICK } from './pair.ts';
import {
  address,
  expectExchange,
  gatekeeper,
  octets,
  PULL,
  PUSH,
  range,
  SERVER,
  typist,
  warrior,
  XAUTH,
} from './road-warrior.ts';

const WITHOUT_XAUTH = { client: undefined, server: undefined };
const GONE = 'Informational* { HASH, D } -->';
const FAIR = { loss: 0, duplication: 0, minDelay: 1, maxDelay: 1 };

describe.each([
  ['pull', PULL],
  ['push', PUSH],
] as const)('by %s', (modeConfig, lines) => {
  test.each([false, true])('the leased address is one end of the child (XAUTH %s)', (hasXauth) => {
    const made = warrior({ modeConfig, ...(hasXauth ? {} : WITHOUT_XAUTH) });
    const { west, east, wire } = made;
    west.up();
    expectExchange(wire, [...MAIN, ...(hasXauth ? XAUTH : []), ...lines, ...QUICK]);
    wire.expectSilence();
    expectAgreement(made);
    expect(west.assigned).toEqual(['10.9.0.1']);
    const [child] = west.sa.children;
    expect([`${child.selectorsLocal}`, `${child.selectorsRemote}`]).toEqual(['10.9.0.1/32', '0.0.0.0/0']);
    expect([`${east.sa.children[0].selectorsRemote}`, east.sa.leases.length]).toEqual(['10.9.0.1/32', 1]);
    expect(west.told).toEqual([
      {
        dns: [address('10.0.2.53')],
        domains: ['east.example'],
        subnets: [],
        banner: 'be good',
      },
    ]);
    expect([...east.leases.all()].map(({ identity }) => identity)).toEqual([hasXauth ? 'user:joe' : '2:west']);
  });

  test('a pool that is used up ends it for who comes too late', () => {
    const pools = [range('10.9.0.1-10.9.0.1')];
    const { west, east, wire, clock } = warrior({ modeConfig, weather: FAIR, cp: { east: { ...SERVER, pools } } });
    east.leases.lease({ pools, families: [4], identity: 'other', fixed: [] });
    west.up();
    wire.expectSilence();
    clock.advance(200_000);
    expectNothing(west);
    expectNothing(east);
    expect(west.ups).toEqual([]);
  });

  test('a lossy wire changes nothing of how it ends', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const weather = { loss: 0.25, duplication: 0.2, minDelay: 1, maxDelay: 400 };
      const made = warrior({ seed, weather, modeConfig, aggressive: seed % 2 === 0 });
      const { west, east, wire, clock } = made;
      west.up();
      // The third retransmission gets through.
      clock.advance(9_000);
      wire.weather = FAIR;
      clock.advance(251_000);
      const what = `seed ${seed}: ${[...west.lines, ...east.lines].join('\n')}`;
      if (west.sas.size === 0) {
        // Too much was lost for one patience: then nothing at all is left.
        expectNothing(west);
        expect(west.assigned, what).toEqual([]);
        continue;
      }
      expect(west.sa.config, what).toBeUndefined();
      expect(west.assigned.length, what).toBe(1);
      expect(west.plane.size, what).toBeGreaterThan(0);
    }
  });
});

test('a client that pulls takes what is pushed, and a server that pushes answers who pulls', () => {
  const pulling = warrior({
    ...{ weather: FAIR, west: { v1: { modeConfig: 'pull' } }, east: { v1: { modeConfig: 'push' } } },
  });
  pulling.west.up();
  pulling.clock.advance(1_000);
  expect(pulling.west.assigned).toEqual(['10.9.0.1']);
  expect([pulling.west.sa.config, pulling.east.sa.config]).toEqual([undefined, undefined]);
  expectAgreement(pulling);
  expect(pulling.west.plane.size).toBe(1);
});

describe('split tunnelling', () => {
  const local = selectors('10.0.2.0/24', '10.0.3.0/24');

  test('each net behind the server gets a child', () => {
    // The second net is another connection of the server's.
    const made = warrior({ weather: FAIR, east: { child: { local } } });
    const { west, east, clock } = made;
    const [own] = east.policies;
    east.policies = [own, { ...own, name: 'second', child: { ...own.child, local: local.slice(1) } }];
    west.up();
    clock.advance(1_000);
    expect(west.told[0]).toMatchObject({ domains: ['east.example', 'corp.example'] });
    expect(west.told[0].subnets.map(String)).toEqual(['10.0.2.0/24', '10.0.3.0/24']);
    expect(west.sa.children.map(({ selectorsRemote }) => `${selectorsRemote}`)).toEqual(['10.0.2.0/24', '10.0.3.0/24']);
    expectAgreement(made);
  });

  test('in the octets that Cisco gives it', () => {
    const [attribute] = splitInclude([Subnet.parse('10.1.0.0/16')!, Subnet.parse('2001:db8::/32')!]);
    expect(Buffer.from(attribute.value).toString('hex')).toBe('0a010000ffff0000000000000000');
    expect(splitsIn([attribute]).map(String)).toEqual(['10.1.0.0/16']);
    const type = CFG_ATTRIBUTE.UNITY_SPLIT_INCLUDE;
    expect(splitsIn([{ type, value: Uint8Array.from(Buffer.from('0a010000ff00ff00000000000000', 'hex')) }])).toEqual(
      [],
    );
    expect(splitsIn([{ type, value: attribute.value.subarray(0, 13) }])).toEqual([]);
    expect(splitsIn([{ type, value: new Uint8Array(14 * 4_000) }]).length).toBeLessThanOrEqual(32);
  });
});

test('IPv6 beside IPv4', () => {
  const pools = [...SERVER.pools, range('2001:db8:9::1-2001:db8:9::f')] as const;
  const { west, east, wire } = warrior({
    cp: { west: { role: 'client', families: [4, 6] }, east: { ...SERVER, pools } },
  });
  west.up();
  expectExchange(wire, [...MAIN, ...XAUTH, ...PULL, ...QUICK]);
  expect(west.assigned).toEqual(['10.9.0.1', '2001:db8:9::1']);
  expect(east.sa.leases).toHaveLength(2);
});

describe('over the life of an SA', () => {
  test('the address of a user is its own the next time, and another user has another', () => {
    const { west, east, wire } = warrior();
    const call = (user: string, password: string) => {
      west.up('w-e', { t: 'initiate', login: { user, password: octets(password) } });
      expectExchange(wire, [...MAIN, ...XAUTH, ...PULL, ...QUICK]);
      const [had] = west.assigned;
      west.command({ t: 'deleteIke', why: 'asked to' });
      expectExchange(wire, [GONE, GONE]);
      expectNothing(west);
      expectNothing(east);
      expect(west.assigned).toEqual([]);
      return had;
    };
    const had = call('joe', 'sesame');
    expect(call('ann', 'abc')).not.toBe(had);
    expect(call('joe', 'sesame')).toBe(had);
  });

  test('an ISAKMP SA that takes the place of another asks again, and has the same address', () => {
    const made = warrior({ weather: FAIR });
    const { west, east, clock } = made;
    west.up();
    clock.advance(1_000);
    expect(west.assigned).toEqual(['10.9.0.1']);
    clock.advance(3_400_000);
    expect(west.renewals).toBe(1);
    expect(east.questions.filter(({ t }) => t === 'xauth')).toHaveLength(2);
    expect(west.assigned.every((text) => text === '10.9.0.1')).toBe(true);
    const [newest] = [west, east].map((host) => host.established()!.sa);
    expect(newest.children).toHaveLength(1);
    clock.advance(700_000);
    expect(west.assigned).toEqual(['10.9.0.1']);
    expect([...east.leases.all()].map(({ users }) => users)).toEqual([1]);
    expectAgreement(made);
  });

  test('addresses that the file of users names come before those of pools', () => {
    const { west, east, wire } = warrior({ aggressive: true });
    east.answers = (question) => {
      const reply = gatekeeper(question);
      return reply?.t === 'xauth' && reply.ok ? { ...reply, addresses: [address('10.8.0.7')] } : reply;
    };
    west.up();
    expectExchange(wire, [...AGGRESSIVE, ...XAUTH, ...PULL, ...QUICK]);
    expect(west.assigned).toEqual(['10.8.0.7']);
  });

  test('a peer without a lease gets no child, not even for its own address', () => {
    const { west, east, wire, clock } = warrior({
      ...WITHOUT_XAUTH,
      weather: FAIR,
      cp: { west: undefined },
      west: { child: { local: selectors('192.0.2.1/32') } },
    });
    west.up();
    clock.advance(300_000);
    wire.expectSilence();
    expect(east.plane.size).toBe(0);
    expect(west.ups).toEqual([]);
  });
});

test('a person who is slow to type is waited for', () => {
  const { west, east, wire, clock } = warrior({ weather: FAIR });
  west.answerMs = 110_000;
  west.passwords = {};
  west.answers = typist('sesame');
  west.up();
  clock.advance(400_000);
  wire.expectSilence();
  expect(east.ends).toEqual([]);
  expect(west.assigned).toEqual(['10.9.0.1']);
});
