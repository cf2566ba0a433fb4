/** Inner addresses: CP payloads of IKE_AUTH, RFC 7296 §2.19. West is the road warrior, east leases. */
import { describe, expect, test } from 'vitest';
import type { AuthRound, AuthWay, CpPolicy } from '../../../src/ike/policy.ts';
import type { Question, Reply } from '../../../src/ike/questions.ts';
import { configurationRequest } from '../../../src/ike/v2/cp-client.ts';
import { Address } from '../../../src/net/address.ts';
import { LINGER } from '../../../src/services/leases/leases.ts';
import { range } from '../../services/leases/ranges.ts';
import { expectAgreement, expectNothing, type Pair, type PairOptions, pair } from './pair.ts';
import { policyFor, selectors } from './policies.ts';
import { toyEap } from './toy-eap.ts';

const V4 = range('10.9.0.1-10.9.0.254');
const V6 = range('2001:db8:9::1-2001:db8:9::ffff');
const address = (text: string) => Address.parse(text)!;

const server = (more: Partial<Extract<CpPolicy, { role: 'server' }>> = {}): CpPolicy => ({
  role: 'server',
  pools: [V4, V6],
  dns: [],
  domains: [],
  banner: undefined,
  ...more,
});
const client = (...families: readonly (4 | 6)[]): CpPolicy => ({ role: 'client', families });

/** All of the inside for west, which does not know who it will be there. */
const EVERYTHING = selectors('0.0.0.0/0', '::/0');

function road(east: CpPolicy | undefined, west: CpPolicy | undefined, more: PairOptions = {}): Pair {
  return pair({
    ...more,
    west: { policy: { cp: west, child: { local: selectors('10.0.1.0/24'), remote: EVERYTHING } } },
    east: { policy: { cp: east, child: { local: EVERYTHING, remote: [] } }, ...more.east },
  });
}

const INIT = ['IKE_SA_INIT { SA, KE, Ni }                      -->', '<-- IKE_SA_INIT { SA, KE, Nr }'];

function handshake({ west, wire }: Pair, auth: string, answer: string): void {
  west.up();
  for (const line of [...INIT, `IKE_AUTH { IDi, IDr, AUTH, ${auth} } -->`, `<-- IKE_AUTH { IDr, AUTH, ${answer} }`])
    wire.expect(line);
}

const up = (made: Pair) => handshake(made, 'CP(CFG_REQUEST), SA, TSi, TSr', 'CP(CFG_REPLY), SA, TSi, TSr');
const refused = (made: Pair, notify: string) => handshake(made, 'CP(CFG_REQUEST), SA, TSi, TSr', `N(${notify})`);
/** From now on the wire delivers by itself. */
function settle({ wire, clock }: Pair): void {
  wire.release();
  clock.advance(1_000);
}

const traffic = ({ west }: Pair) => west.plane.all().map((c) => `${c.selectorsLocal}===${c.selectorsRemote}`);
const inUse = ({ east }: Pair) => [...east.leases.pools()].map(({ inUse: n }) => n);

describe('an address', () => {
  test('is leased, and all that the child protects at the road warrior', () => {
    const made = road(server(), client(4));
    up(made);
    expectAgreement(made);
    expect(made.west.assigned).toEqual(['10.9.0.1']);
    expect(traffic(made)).toEqual(['10.9.0.1/32===0.0.0.0/0,::/0']);
    expect(made.east.lines).toContainEqual(expect.stringContaining('leased 10.9.0.1 to the peer'));
    expect(inUse(made)).toEqual([1, 0]);
  });

  test('of each family', () => {
    const made = road(server(), client(4, 6));
    up(made);
    expect(made.west.assigned).toEqual(['10.9.0.1', '2001:db8:9::1']);
    expect(traffic(made)).toEqual(['10.9.0.1/32,2001:db8:9::1/128===0.0.0.0/0,::/0']);
    expect(inUse(made)).toEqual([1, 1]);
  });

  test('of one family, where the other has no pool', () => {
    const made = road(server({ pools: [V6] }), client(4, 6));
    up(made);
    expect(made.west.assigned).toEqual(['2001:db8:9::1']);
  });

  test('comes with all else that the connection says', () => {
    const dns = [address('10.0.2.53'), address('2001:db8::53')];
    const made = road(server({ dns, domains: ['example.org', 'b.test'], banner: 'welcome' }), client(4));
    up(made);
    expect(made.west.told).toEqual([{ dns, domains: ['example.org', 'b.test'], subnets: [], banner: 'welcome' }]);
    expect(made.west.lines).toContainEqual(
      expect.stringContaining(
        'leases us 10.9.0.1; name servers 10.0.2.53, 2001:db8::53 for example.org, b.test; it says: welcome',
      ),
    );
  });

  test('comes with the subnets behind the peer', () => {
    const made = pair({
      west: { policy: { cp: client(4), child: { remote: EVERYTHING } } },
      east: { policy: { cp: server(), child: { local: selectors('10.0.2.0/23', '192.168.128.0/17'), remote: [] } } },
    });
    up(made);
    expect(made.west.told[0].subnets.map(String)).toEqual(['10.0.2.0/23', '192.168.128.0/17']);
    expect(traffic(made)).toEqual(['10.9.0.1/32===10.0.2.0/23,192.168.128.0/17']);
  });

  test('without a name server there are no domains, RFC 8598 §3.2', () => {
    const made = road(server({ domains: ['example.org'] }), client(4));
    up(made);
    expect(made.west.told[0].domains).toEqual([]);
  });
});

describe('a lease lasts', () => {
  test('over rekeys of the child and of the IKE SA', () => {
    const made = road(server(), client(4));
    up(made);
    for (const host of [made.west, made.east]) {
      host.command({ t: 'rekeyChild', serial: host.established()!.sa.children[0].serial });
      settle(made);
      host.command({ t: 'rekeyIke' });
      settle(made);
    }
    expectAgreement(made);
    expect(inUse(made)).toEqual([1, 0]);
    expect(made.west.assigned).toEqual(['10.9.0.1']);
    expect(traffic(made)).toEqual(['10.9.0.1/32===0.0.0.0/0,::/0']);
    made.west.command({ t: 'deleteIke', why: 'terminated' });
    settle(made);
    expectNothing(made.east);
    expect(inUse(made)).toEqual([0, 0]);
    expect(made.west.assigned).toEqual([]);
  });

  test('until the peer deletes it, who gets it again', () => {
    const made = road(server(), client(4));
    made.wire.release();
    for (let i = 0; i < 3; i++) {
      made.west.up();
      settle(made);
      expect(made.west.assigned).toEqual(['10.9.0.1']);
      made.west.command({ t: 'deleteIke', why: 'terminated' });
      settle(made);
      expect(inUse(made)).toEqual([0, 0]);
    }
    expect([...made.east.leases.pools()].map(({ reusable, held }) => [reusable, held])).toEqual([
      [1, 0],
      [0, 0],
    ]);
  });

  test('a while longer where the peer may not know of its end', () => {
    const made = road(server(), client(4));
    up(made);
    made.east.command({ t: 'abandon', why: 'the daemon goes' });
    expectNothing(made.east);
    const [pool] = [...made.east.leases.pools()];
    expect([pool.inUse, pool.held]).toEqual([0, 1]);
    const ask = (identity: string) =>
      made.east.leases.lease({ pools: [range('10.9.0.1-10.9.0.254')], families: [4], identity, fixed: [] });
    expect(`${ask('other').leases[0].address}`).toBe('10.9.0.2');
    made.clock.advance(LINGER);
    ask('another');
    expect(pool.held).toBe(0);
  });
});

describe('no address', () => {
  const one = range('10.9.0.1-10.9.0.1');

  test('is left: no child, and the IKE SA stays, RFC 7296 §3.15.4', () => {
    const made = road(server({ pools: [one] }), client(4));
    made.east.leases.lease({ pools: [one], families: [4], identity: 'somebody', fixed: [] });
    refused(made, 'INTERNAL_ADDRESS_FAILURE');
    expect(made.east.lines).toContainEqual(
      expect.stringContaining('Child SA refused: no address is left in 10.9.0.1-10.9.0.1'),
    );
    expect(made.east.established()).toBeDefined();
    expect(made.east.plane.size + made.west.plane.size).toBe(0);
    expect(made.west.assigned).toEqual([]);
    settle(made);
    expect(made.west.downs[0].text).toContain('INTERNAL_ADDRESS_FAILURE');
  });

  test('and so no IKE SA that could do without one: it is asked for again from the beginning', () => {
    const made = road(server({ pools: [V6] }), client(4));
    refused(made, 'INTERNAL_ADDRESS_FAILURE');
    made.west.command({ t: 'addChild', policy: made.west.policy('w-e'), serial: 77 }, [...made.west.sas.values()][0]);
    settle(made);
    for (const host of [made.west, made.east]) expectNothing(host);
    expect(made.west.downs.map(({ serial }) => serial)).toContain(77);
  });

  test('of the family that is asked for', () => {
    const made = road(server({ pools: [V6] }), client(4));
    refused(made, 'INTERNAL_ADDRESS_FAILURE');
    expect(made.east.leases.refused).toBe(1);
  });

  test('is asked for where one is needed', () => {
    const made = road(server(), undefined);
    handshake(made, 'SA, TSi, TSr', 'N(FAILED_CP_REQUIRED)');
    expect(inUse(made)).toEqual([0, 0]);
    expect(made.east.plane.size).toBe(0);
  });

  test('and none later, by a child that asks for its own traffic', () => {
    const made = road(server(), undefined);
    handshake(made, 'SA, TSi, TSr', 'N(FAILED_CP_REQUIRED)');
    made.west.command({ t: 'addChild', policy: made.west.policy('w-e'), serial: 77 });
    settle(made);
    expect(made.west.downs.at(-1)?.text).toContain('TS_UNACCEPTABLE');
    expect(made.east.plane.size).toBe(0);
  });

  test('comes from a peer that leases none: what it has installed is deleted', () => {
    const made = pair({
      west: { policy: { cp: client(4), child: { remote: EVERYTHING } } },
      east: { policy: { child: { local: EVERYTHING, remote: selectors('0.0.0.0/0') } } },
    });
    handshake(made, 'CP(CFG_REQUEST), SA, TSi, TSr', 'SA, TSi, TSr');
    settle(made);
    expect(made.west.downs[0].text).toBe('the peer leases us no address (no CFG_REPLY)');
    expectNothing(made.east);
  });

  test('that nobody can have is taken', () => {
    for (const bad of ['127.0.0.1', '0.0.0.7', '224.0.0.1', '192.0.2.2']) {
      const made = road(server({ pools: [range(`${bad}-${bad}`)] }), client(4));
      up(made);
      settle(made);
      expect(made.west.downs[0].text, bad).toBe(`the peer leases us ${bad}, which nobody can have`);
      expect(made.west.assigned).toEqual([]);
      expect(made.east.plane.size).toBe(0);
    }
  });

  test('is kept for a child that is refused', () => {
    const made = pair({
      west: { policy: { cp: client(4), child: { remote: selectors('10.77.0.0/16') } } },
      east: { policy: { cp: server(), child: { local: selectors('10.0.2.0/24'), remote: [] } } },
    });
    refused(made, 'TS_UNACCEPTABLE');
    expect(inUse(made)).toEqual([0, 0]);
  });
});

test('traffic that is not of the lease is not allowed to later children', () => {
  const made = road(server(), client(4));
  up(made);
  const greedy = policyFor('west', { child: { local: selectors('10.9.0.2/32'), remote: EVERYTHING } });
  made.west.command({ t: 'addChild', policy: greedy, serial: 77 });
  settle(made);
  expect(made.east.plane.size).toBe(1);
  expect(made.west.downs[0].text).toContain('TS_UNACCEPTABLE');
});

test('a further child of the same connection has the same address', () => {
  const made = road(server(), client(4));
  up(made);
  made.west.addChild('w-e');
  settle(made);
  expectAgreement(made);
  expect(traffic(made)).toHaveLength(2);
  expect(new Set(traffic(made)).size).toBe(1);
  expect(inUse(made)).toEqual([1, 0]);
});

test('a peer that does not prove a name keeps no address', () => {
  const nobody = [{ ...policyFor('west').ours[0], ways: ['null'] }] as const;
  const made = pair({
    policy: { ours: nobody, theirs: nobody },
    west: { policy: { cp: client(4), child: { remote: EVERYTHING } } },
    east: { policy: { cp: server(), child: { local: EVERYTHING, remote: [] } } },
  });
  up(made);
  made.west.command({ t: 'deleteIke', why: 'terminated' });
  settle(made);
  expect([...made.east.leases.pools()].map(({ reusable }) => reusable)).toEqual([0, 0]);
});

test('only who wants an address asks for one', () => {
  expect(configurationRequest(policyFor('west'))).toEqual([]);
  expect(configurationRequest(policyFor('east', { cp: server() }))).toEqual([]);
});

describe('a user that EAP has asked for', () => {
  const round = (...ways: AuthWay[]): AuthRound => ({ ...policyFor('west').ours[0], ways });

  function user(name: string, own?: readonly Address[]) {
    const toy = toyEap({ user: name });
    const answers = (question: Question): Reply => {
      const reply = toy(question);
      return reply.t === 'eap' && reply.outcome === 'success' && own ? { ...reply, addresses: own } : reply;
    };
    const made = pair({
      west: {
        answers: toyEap(),
        policy: { ours: [round('eap-mschapv2')], cp: client(4), child: { remote: EVERYTHING } },
      },
      east: {
        answers,
        policy: { theirs: [round('eap-mschapv2')], cp: server(), child: { local: EVERYTHING, remote: [] } },
      },
    });
    made.west.up();
    settle(made);
    return made;
  }

  test('gets an address by its name, in the last answer of many', () => {
    const made = user('joe');
    expectAgreement(made);
    expect(made.west.assigned).toEqual(['10.9.0.1']);
    const [pool] = [...made.east.leases.pools()];
    expect([...pool.leases()].map(({ identity }) => identity)).toEqual(['user:joe']);
  });

  test('gets the one that is its own, as the server says', () => {
    const made = user('joe', [address('10.9.0.77'), address('2001:db8:9::77')]);
    expect(made.west.assigned).toEqual(['10.9.0.77']);
    expect(traffic(made)).toEqual(['10.9.0.77/32===0.0.0.0/0,::/0']);
  });
});
