/** RFC 8784, with IKE_AUTH, and RFC 9867, with IKE_INTERMEDIATE: who has which PPK, who insists, and what comes of it. */
import { describe, expect, test } from 'vitest';
import type { Policy } from '../../../src/ike/policy.ts';
import { NOTIFY } from '../../../src/ike/wire/index.ts';
import { Id } from '../../../src/net/id.ts';
import { expectAgreement, expectNothing, type Pair, type PairOptions, pair } from './pair.ts';
import type { PolicyChange } from './policies.ts';
import { policyFor, proposals } from './policies.ts';
import { KEYS, type Proofs, round, SIGNATURES } from './proofs.ts';
import { tampered, withPayload } from './tamper.ts';
import { toyEap } from './toy-eap.ts';
import { FAIR } from './wire.ts';

const PPK = { 'ppk-1': 'a secret that no quantum computer finds' };
const OTHER = { 'ppk-1': 'another secret under the same name' };
const UNKNOWN = { 'ppk-2': 'a secret that the other end has not' };

interface End {
  readonly ppk: Policy['ppk'];
  readonly ppks?: Readonly<Record<string, string>>;
}

function run(west: End, east: End, both: PolicyChange = {}): Pair {
  const end = ({ ppk, ppks = PPK }: End) => ({ policy: { ppk }, ppks });
  const made = pair({ west: end(west), east: end(east), policy: both, weather: FAIR });
  made.west.up();
  made.clock.advance(70_000);
  return made;
}

const usesIt = ({ west, east }: Pair) => {
  expectAgreement({ west, east });
  expect(west.plane.size).toBe(1);
  return [west, east].map((host) => host.lines.some((line) => / PPK 'ppk-1' used in /.test(line)));
};

describe.each([
  ['with IKE_AUTH', {}],
  ['with IKE_INTERMEDIATE', { intermediate: true }],
  [
    'with IKE_INTERMEDIATE and a key exchange',
    { intermediate: true, ike: proposals('ike', 'aes256-sha2_256-dh31-mlkem512') },
  ],
  ['with IKE_AUTH, after a key exchange', { ike: proposals('ike', 'aes256-sha2_256-dh31-mlkem512') }],
] as [string, PolicyChange][])('%s', (_, both) => {
  test.each([
    ['insist', 'insist'],
    ['insist', 'permit'],
    ['permit', 'insist'],
    ['permit', 'permit'],
  ] as const)('%s and %s: the same PPK is used', (west, east) => {
    expect(usesIt(run({ ppk: west }, { ppk: east }, both))).toEqual([true, true]);
  });

  test.each([
    ['permit', 'no'],
    ['no', 'permit'],
    ['no', 'no'],
  ] as const)('%s and %s: none is used', (west, east) => {
    expect(usesIt(run({ ppk: west }, { ppk: east }, both))).toEqual([false, false]);
  });

  test.each([
    ['permit', 'permit', true],
    ['insist', 'permit', false],
    ['permit', 'insist', false],
  ] as const)('%s and %s with PPKs of other names: only where neither insists', (west, east, isUp) => {
    const made = run({ ppk: west }, { ppk: east, ppks: UNKNOWN }, both);
    if (isUp) return expect(usesIt(made)).toEqual([false, false]);
    expectNothing(made.west);
    expectNothing(made.east);
    return expect(made.west.plane.installed + made.east.plane.installed).toBe(0);
  });

  test.each([
    ['insist', 'no'],
    ['no', 'insist'],
  ] as const)('%s and %s: no SA', (west, east) => {
    const made = run({ ppk: west }, { ppk: east }, both);
    expectNothing(made.west);
    expectNothing(made.east);
    expect(made.west.plane.installed + made.east.plane.installed).toBe(0);
  });

  test('children are keyed with it, and so is what a rekeyed IKE SA makes', () => {
    const { west, east, clock } = run({ ppk: 'insist' }, { ppk: 'insist' }, both);
    west.command({ t: 'rekeyIke' });
    clock.advance(1_000);
    west.command({ t: 'rekeyChild', serial: west.sa.children[0].serial });
    clock.advance(1_000);
    expectAgreement({ west, east });
    expect(west.plane.size).toBe(1);
  });

  test('an initiator that insists and has none says so, and sends nothing', () => {
    const { west, wire } = run({ ppk: 'insist', ppks: {} }, { ppk: 'insist' }, both);
    expect(wire.sent).toEqual([]);
    expect(west.ends).toMatchObject([{ why: 'local', text: expect.stringContaining('ppk=insist') }]);
  });
});

describe('one name, two secrets', () => {
  test('in IKE_AUTH it is an authentication that fails, whoever insists', () => {
    for (const ppk of ['insist', 'permit'] as const) {
      const made = run({ ppk }, { ppk, ppks: OTHER });
      expectNothing(made.west);
      expectNothing(made.east);
      expect(made.east.lines.join('\n')).toContain('AUTH mismatch');
    }
  });

  test('in IKE_INTERMEDIATE it is found out before anything is encrypted with it', () => {
    const made = run({ ppk: 'permit' }, { ppk: 'permit', ppks: OTHER }, { intermediate: true });
    expect(usesIt(made)).toEqual([false, false]);
    const strict = run({ ppk: 'permit' }, { ppk: 'insist', ppks: OTHER }, { intermediate: true });
    expectNothing(strict.west);
    expectNothing(strict.east);
  });
});

test('ppk-ids= choose, in order', () => {
  const ppks = { a: 'secret a', b: 'secret b' };
  const made = pair({
    west: { policy: { ppk: 'insist', ppkIds: ['b', 'a'] }, ppks },
    east: { policy: { ppk: 'insist', ppkIds: ['a', 'b'] }, ppks },
    weather: FAIR,
  });
  made.west.up();
  made.clock.advance(1_000);
  expectAgreement(made);
  expect(made.east.lines.join('\n')).toContain("PPK 'b' used in IKE_AUTH as responder");
});

test('who knows the PPK of another connection does not get into one that insists on its own', () => {
  const ppks = { a: 'secret a', b: 'secret b' };
  const anybody = { remoteHost: undefined, intermediate: true, ppk: 'insist' } as const;
  const policies = [
    policyFor('east', { ...anybody, name: 'a', ppkIds: ['a'], remoteId: Id.parse('@other')! }),
    policyFor('east', { ...anybody, name: 'b', ppkIds: ['b'] }),
  ];
  const using = (id: string) => {
    const policy: PolicyChange = { ppk: 'insist', intermediate: true, ppkIds: [id] };
    const made = pair({ west: { policy, ppks }, east: { policies, ppks }, weather: FAIR });
    made.west.up();
    made.clock.advance(70_000);
    return made;
  };
  const { west, east } = using('a');
  expectNothing(west);
  expectNothing(east);
  expect(east.ends[0].text).toBe(`peer uses PPK 'a', which is not for "b"`);
});

test('the messages are those of RFC 8784 §3', () => {
  const { west, wire, east } = pair({
    west: { policy: { ppk: 'permit' }, ppks: PPK },
    east: { policy: { ppk: 'permit' }, ppks: PPK },
  });
  west.up();
  wire.expect('IKE_SA_INIT { SA, KE, Ni, N(USE_PPK) } -->');
  wire.expect('<-- IKE_SA_INIT { SA, KE, Nr, N(USE_PPK) }');
  wire.expect('IKE_AUTH { IDi, IDr, AUTH, N(PPK_IDENTITY), N(NO_PPK_AUTH), SA, TSi, TSr } -->');
  wire.expect('<-- IKE_AUTH { IDr, AUTH, N(PPK_IDENTITY), SA, TSi, TSr }');
  expectAgreement({ west, east });
});

test('the messages are those of RFC 9867 §3.1', () => {
  const end = { policy: { ppk: 'insist' as const, intermediate: true }, ppks: PPK };
  const { west, wire, east } = pair({ west: end, east: end });
  west.up();
  wire.expect('IKE_SA_INIT { SA, KE, Ni, N(INTERMEDIATE_EXCHANGE_SUPPORTED), N(USE_PPK_INT), N(USE_PPK) } -->');
  wire.expect('<-- IKE_SA_INIT { SA, KE, Nr, N(INTERMEDIATE_EXCHANGE_SUPPORTED), N(USE_PPK_INT) }');
  wire.expect('IKE_INTERMEDIATE { N(PPK_IDENTITY_KEY) } -->');
  wire.expect('<-- IKE_INTERMEDIATE { N(PPK_IDENTITY) }');
  wire.expect('IKE_AUTH { IDi, IDr, AUTH, SA, TSi, TSr } -->');
  wire.expect('<-- IKE_AUTH { IDr, AUTH, SA, TSi, TSr }');
  expectAgreement({ west, east });
});

describe('who has no PPK claims to', () => {
  const end = { policy: { ppk: 'permit' as const, intermediate: true }, ppks: PPK };
  const OFFER = 'IKE_INTERMEDIATE { N(PPK_IDENTITY_KEY) } -->';
  const TAKEN = '<-- IKE_INTERMEDIATE { N(PPK_IDENTITY) }';
  const dataOf = (notify: number, change: (data: Uint8Array) => Uint8Array) =>
    withPayload('N', (p) => (p.type === 'N' && p.notify === notify ? [{ ...p, data: change(p.data) }] : [p]));

  function offered(options: PairOptions = { west: end, east: end }): Pair {
    const both = pair(options);
    both.west.up();
    both.wire.expect('IKE_SA_INIT { SA, KE, Ni, N(INTERMEDIATE_EXCHANGE_SUPPORTED), N(USE_PPK_INT), N(USE_PPK) } -->');
    both.wire.expect('<-- IKE_SA_INIT { SA, KE, Nr, N(INTERMEDIATE_EXCHANGE_SUPPORTED), N(USE_PPK_INT) }');
    return both;
  }

  test.each<[string, (data: Uint8Array) => Uint8Array]>([
    ['a proof that is not one', (data) => data.with(data.length - 1, data[data.length - 1] ^ 1)],
    ['a proof cut short', (data) => data.subarray(0, -1)],
    ['nothing but a proof', (data) => data.subarray(-8)],
    ['an id of another type', (data) => data.with(0, 3)],
    ['an id that we have not', (data) => data.with(3, 120)],
    ['no octet at all', () => new Uint8Array()],
  ])('%s: none is taken; where it must be, the SA is refused', (_, change) => {
    const both = offered();
    both.wire.deliver(tampered(both.west, both.wire.hold(OFFER), dataOf(NOTIFY.PPK_IDENTITY_KEY, change)));
    both.clock.flush();
    both.wire.lose('<-- IKE_INTERMEDIATE { }');
    expect(both.east.sa.handshake?.mixing?.ppkId).toBeUndefined();

    const strict = offered({ west: end, east: { ...end, policy: { ...end.policy, ppk: 'insist' } } });
    strict.wire.deliver(tampered(strict.west, strict.wire.hold(OFFER), dataOf(NOTIFY.PPK_IDENTITY_KEY, change)));
    strict.wire.lose('<-- IKE_INTERMEDIATE { N(AUTHENTICATION_FAILED) }');
    expectNothing(strict.east);
  });

  test('an answer that takes what we have not offered: refused', () => {
    const both = offered();
    both.wire.expect(OFFER);
    const other = dataOf(NOTIFY.PPK_IDENTITY, (data) => data.with(3, 120));
    both.wire.deliver(tampered(both.east, both.wire.hold(TAKEN), other));
    both.clock.flush();
    expectNothing(both.west);
    expect(both.west.ends[0].text).toBe('peer has taken a PPK that we have not offered');
  });
});

describe('with more than one proof, RFC 4739', () => {
  const SECRET = round(['secret']);
  const AGAIN = round(['secret'], { id: Id.parse('@device')! });
  const EAP = round(['eap-mschapv2'], { id: Id.parse('user@example.com')! });
  const login = round(['eap-mschapv2']);

  describe.each([
    ['a secret, then EAP', [SECRET, EAP]],
    ['EAP, then a secret', [login, AGAIN]],
    ['two secrets', [SECRET, AGAIN]],
  ] as const)('%s', (_, ways) => {
    const up = (west: End, east: End) => {
      const end = ({ ppk, ppks = PPK }: End, own: Partial<Policy>) => ({
        ...{ policy: { ppk, ...own }, ppks, answers: toyEap() },
      });
      const made = pair({
        west: end(west, { ours: ways, theirs: [SECRET] }),
        east: end(east, { ours: [SECRET], theirs: ways }),
        weather: FAIR,
      });
      made.west.up();
      made.clock.advance(70_000);
      return made;
    };

    test('the first names the PPK, for all', () =>
      expect(usesIt(up({ ppk: 'insist' }, { ppk: 'insist' }))).toEqual([true, true]));

    test('the first settles that there is none', () =>
      expect(usesIt(up({ ppk: 'permit' }, { ppk: 'permit', ppks: UNKNOWN }))).toEqual([false, false]));

    test('another secret under its name is refused', () => {
      const { west, east } = up({ ppk: 'insist' }, { ppk: 'insist', ppks: OTHER });
      for (const host of [west, east]) expectNothing(host);
    });
  });
});

describe('ipsec.secrets is read anew while a helper is at work', () => {
  const proofs: Proofs = { keys: [{ key: KEYS.p256 }], known: { '@west': [KEYS.p256] } };
  const [SECRET, KEY] = [round(['secret']), round(SIGNATURES)];
  const begin = (more: PairOptions) => {
    const made = pair({
      ...more,
      west: { proofs, policy: { ours: [KEY], theirs: [SECRET], ...more.policy }, ppks: PPK, jobMs: 100 },
      east: { proofs, policy: { ours: [SECRET], theirs: [KEY], ...more.policy }, ppks: PPK, jobMs: 100 },
      weather: FAIR,
    });
    made.west.up();
    return made;
  };
  /** To the moment when the last of the helpers' jobs begins. */
  const until = ({ clock }: Pair, isTime: () => boolean) => {
    for (let i = 0; i < 5_000 && !isTime(); i++) clock.advance(1);
    expect(isTime()).toBe(true);
  };

  test('we prove ourselves by the secret of now', () => {
    const made = begin({});
    until(made, () => made.east.jobs.includes('auth.check'));
    made.west.psk = 'fish and chips';
    made.east.psk = 'fish and chips';
    made.clock.advance(70_000);
    expectAgreement(made);
    expect(made.west.plane.size).toBe(1);
  });

  test('and not at all if it is gone', () => {
    const made = begin({});
    until(made, () => made.east.jobs.includes('auth.check'));
    made.east.psk = () => undefined;
    made.clock.advance(70_000);
    expectNothing(made.west);
    expectNothing(made.east);
    expect(made.east.lines.join('\n')).toMatch(/no pre-shared key found for '@east' and '@west'/);
  });

  test('we mix the PPK of now', () => {
    const made = begin({ policy: { ppk: 'permit' } });
    until(made, () => made.west.jobs.includes('sign'));
    made.west.ppks = OTHER;
    made.east.ppks = OTHER;
    made.clock.advance(70_000);
    expect(usesIt(made)).toEqual([true, true]);
  });

  test('and none if it is gone', () => {
    const made = begin({ policy: { ppk: 'permit' } });
    until(made, () => made.west.jobs.includes('sign'));
    made.west.ppks = {};
    made.clock.advance(1_000);
    expectNothing(made.west);
    expect(made.west.ends[0].text).toBe('the PPK that we have told the peer of is gone');
  });
});
