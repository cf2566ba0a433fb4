/** RFC 9370 §2.2.4: CREATE_CHILD_SA, and the key exchanges that follow it. */
import { describe, expect, test } from 'vitest';
import type { Larval } from '../../../src/ike/v2/ike-sa.ts';
import { EXCHANGE, NOTIFY, type Payload } from '../../../src/ike/wire/index.ts';
import { expectAgreement, expectNothing, type Pair, type PairOptions, pair } from './pair.ts';
import type { PolicyChange } from './policies.ts';
import { proposals } from './policies.ts';
import { sendRequest, tampered, withPayload } from './tamper.ts';
import { FAIR, type InFlight } from './wire.ts';

const HYBRID: PolicyChange = { ike: proposals('ike', 'aes_gcm256-sha2_256-dh31-mlkem512') };
const THREE: PolicyChange = { ike: proposals('ike', 'aes_gcm256-sha2_256-dh31-mlkem512;addke2=dh19;addke3=dh20') };

/** Up, and the wire back in the test's hands. */
function hybridPair(options: PairOptions = {}): Pair {
  const made = pair({ ...options, policy: { ...HYBRID, ...options.policy }, weather: FAIR });
  made.west.up();
  made.clock.advance(100);
  expectAgreement(made);
  expect(made.west.plane.size).toBe(1);
  made.wire.weather = undefined;
  return made;
}

const REQUEST = 'CREATE_CHILD_SA { N(REKEY_SA), SA, Ni, KE, TSi, TSr } -->';
const ANSWER = '<-- CREATE_CHILD_SA { SA, Nr, KE, TSi, TSr, N(ADDITIONAL_KEY_EXCHANGE) }';
const IKE_REQUEST = 'CREATE_CHILD_SA { SA, Ni, KE } -->';
const IKE_ANSWER = '<-- CREATE_CHILD_SA { SA, Nr, KE, N(ADDITIONAL_KEY_EXCHANGE) }';
const NEXT = 'IKE_FOLLOWUP_KE { KE, N(ADDITIONAL_KEY_EXCHANGE) } -->';
const NEXT_ANSWER = '<-- IKE_FOLLOWUP_KE { KE, N(ADDITIONAL_KEY_EXCHANGE) }';
const LAST_ANSWER = '<-- IKE_FOLLOWUP_KE { KE }';
const NOT_FOUND = '<-- IKE_FOLLOWUP_KE { N(STATE_NOT_FOUND) }';

const rekeyChild = ({ west }: Pair): void => west.command({ t: 'rekeyChild', serial: west.sa.children[0].serial });
const rekeyIke = ({ west }: Pair): void => west.command({ t: 'rekeyIke' });
const larvalOf = ({ east }: Pair) => east.sa.collisions.find((c): c is Larval => c.t === 'larval');
const additional = ({ west }: Pair) => west.sa.children.map((c) => c.suite.additional?.map((g) => g.name));

function deliver({ wire, clock }: Pair, datagram: InFlight): void {
  wire.deliver(datagram);
  clock.flush();
}

/** In the end both have one child under the same keys, and nothing is left of what was begun. */
function expectCalm(both: Pair, ms = 100): void {
  both.wire.release();
  both.clock.advance(ms);
  expectAgreement(both);
  expect(both.west.plane.size).toBe(1);
  for (const { plane, sas } of [both.west, both.east]) {
    expect([...plane.reserved]).toEqual([]);
    for (const { sa } of sas.values()) expect(sa.collisions).toEqual([]);
  }
}

describe('a Child SA', () => {
  test('is rekeyed in one more exchange, and only then replaces the old one', () => {
    const { west, east, wire } = hybridPair();
    const [old] = west.sa.children;
    west.command({ t: 'rekeyChild', serial: old.serial });
    wire.expect(REQUEST);
    wire.expect(ANSWER);
    expect([west.plane.size, east.plane.size]).toEqual([1, 1]);
    wire.expect(NEXT);
    wire.expect(LAST_ANSWER);
    wire.expect('INFORMATIONAL { D } -->');
    wire.expect('<-- INFORMATIONAL { D }');
    wire.expectSilence();
    expectAgreement({ west, east });
    expect(west.sa.children.map((c) => c.suite.additional?.map((g) => g.name))).toEqual([['ML_KEM_512']]);
    expect(east.plane.accepts(west.plane.send('w-e')!)).toBe(true);
  });

  test.each(['west', 'east'] as const)('is rekeyed by %s in three more, each with a link of its own', (end) => {
    const both = hybridPair({ policy: THREE });
    const host = both[end];
    host.command({ t: 'rekeyChild', serial: host.sa.children[0].serial });
    expectCalm(both);
    expect(additional(both)).toEqual([['ML_KEM_512', 'DH19', 'DH20']]);
    const followups = both.wire.sent.filter(({ text }) => text.startsWith('IKE_FOLLOWUP_KE'));
    expect(followups.map(({ isFromWest }) => isFromWest === (end === 'west'))).toEqual(
      Array.from({ length: 6 }, (_, i) => i % 2 === 0),
    );
  });

  test('keeps its life when both ends replace it at once, whoever is first', () => {
    for (let seed = 1; seed <= 24; seed++) {
      const both = hybridPair({ seed, policy: THREE, west: { jobMs: seed % 5 }, east: { jobMs: seed % 7 } });
      for (const host of [both.west, both.east]) host.command({ t: 'rekeyChild', serial: host.sa.children[0].serial });
      both.wire.weather = { loss: 0.2, duplication: 0.2, minDelay: 1, maxDelay: 30 * seed };
      both.clock.advance(30_000);
      expectCalm(both, 100_000);
    }
  });
});

describe('the IKE SA', () => {
  test('is rekeyed in one more exchange', () => {
    const { west, east, wire } = hybridPair();
    const { serial } = west.sa;
    west.command({ t: 'rekeyIke' });
    wire.expect(IKE_REQUEST);
    wire.expect(IKE_ANSWER);
    expect([west.sas.size, east.sas.size]).toEqual([1, 1]);
    wire.expect(NEXT);
    wire.expect(LAST_ANSWER);
    wire.expect('INFORMATIONAL { D } -->');
    wire.expect('<-- INFORMATIONAL { }');
    wire.expectSilence();
    expectAgreement({ west, east });
    expect(west.sa.serial).not.toBe(serial);
  });

  test.each(['west', 'east'] as const)('is rekeyed by %s in three more', (end) => {
    const both = hybridPair({ policy: THREE });
    const { serial } = both.west.sa;
    both[end].command({ t: 'rekeyIke' });
    expectCalm(both);
    expect(both.west.sa.serial).not.toBe(serial);
  });

  test('has one heir when both ends replace it at once, whoever is first', () => {
    for (let seed = 1; seed <= 24; seed++) {
      const both = hybridPair({ seed, policy: THREE, west: { jobMs: seed % 5 }, east: { jobMs: seed % 7 } });
      for (const host of [both.west, both.east]) host.command({ t: 'rekeyIke' });
      both.wire.weather = { loss: 0.2, duplication: 0.2, minDelay: 1, maxDelay: 30 * seed };
      both.clock.advance(30_000);
      expectCalm(both, 100_000);
      expect([both.west.sas.size, both.east.sas.size]).toEqual([1, 1]);
    }
  });
});

const elsewhere = withPayload('N', (p) => (p.type === 'N' ? [{ ...p, data: new Uint8Array(8) }] : [p]));
const withoutLink = withPayload('N', (p) => (p.type === 'N' && p.notify === NOTIFY.ADDITIONAL_KEY_EXCHANGE ? [] : [p]));
const ofGroup = (group: number) => withPayload('KE', (p) => (p.type === 'KE' ? [{ ...p, group }] : [p]));
const ofOctets = (octets: number) =>
  withPayload('KE', (p) => (p.type === 'KE' ? [{ ...p, data: new Uint8Array(octets).fill(255) }] : [p]));

describe.each([
  ['a Child SA', rekeyChild, REQUEST, ANSWER],
  ['the IKE SA', rekeyIke, IKE_REQUEST, IKE_ANSWER],
] as const)('an exchange that goes wrong leaves %s as it was', (_, rekey, request, answer) => {
  /** Up to the first further exchange, of three. */
  function begun(): Pair {
    const both = hybridPair({ policy: THREE });
    rekey(both);
    both.wire.expect(request);
    both.wire.expect(answer);
    return both;
  }

  test('an answer without a link: nothing follows', () => {
    const both = hybridPair({ policy: THREE });
    rekey(both);
    both.wire.expect(request);
    deliver(both, tampered(both.east, both.wire.hold(answer), withoutLink));
    both.wire.expectSilence();
    expect(both.west.lines.at(-1)).toContain('announces no further key exchange');
    expectCalm(both, 40_000);
  });

  test.each([
    ['to something else', elsewhere, 'STATE_NOT_FOUND'],
    ['to nothing', withoutLink, 'STATE_NOT_FOUND'],
    ['with a key of another group', ofGroup(19), 'TEMPORARY_FAILURE'],
    ['with a key too short', ofOctets(799), undefined],
    ['with a key whose coefficients are not below q', ofOctets(800), undefined],
  ] as const)('a request %s: refused, and it begins again', (__, change, notify) => {
    const both = begun();
    deliver(both, tampered(both.west, both.wire.hold(NEXT), change));
    if (notify) both.wire.expect(`<-- IKE_FOLLOWUP_KE { N(${notify}) }`);
    expect(both.east.plane.size).toBe(1);
    if (notify !== 'STATE_NOT_FOUND') expect(larvalOf(both)).toBeUndefined();
    expectCalm(both, 1_000_000);
  });

  test.each([
    ['without a link to the next', withoutLink],
    ['with a key of another group', ofGroup(19)],
    ['with a ciphertext too short', ofOctets(767)],
  ] as const)('an answer %s: the initiator stops, and begins again', (__, change) => {
    const both = begun();
    both.wire.expect(NEXT);
    deliver(both, tampered(both.east, both.wire.hold(NEXT_ANSWER), change));
    both.wire.expectSilence();
    expect(both.west.plane.size).toBe(1);
    expectCalm(both, 1_000_000);
  });

  test('a message that is lost comes again, and counts once', () => {
    const both = begun();
    both.wire.expect(NEXT);
    const lost = both.wire.lose(NEXT_ANSWER);
    const link = larvalOf(both)?.link;
    both.clock.advance(500);
    both.wire.expect(NEXT);
    expect(Buffer.compare(both.wire.expect(NEXT_ANSWER).bytes, lost.bytes)).toBe(0);
    expect(larvalOf(both)).toMatchObject({ done: 1, link });
    expectCalm(both);
  });

  test('a link that has served is known no more', () => {
    const both = begun();
    const asked = both.wire.expect(NEXT);
    let payloads: readonly Payload[] = [];
    tampered(both.west, asked, (all) => {
      payloads = all;
      return all;
    });
    both.wire.lose(NEXT_ANSWER);
    sendRequest(both.wire, both.west, EXCHANGE.IKE_FOLLOWUP_KE, payloads);
    both.wire.expect('forged -->');
    both.wire.lose(NOT_FOUND);
    expect(larvalOf(both)).toMatchObject({ done: 1 });
  });

  test('a peer that takes too long finds nothing any more, and no secret stays', () => {
    const both = begun();
    const request2 = both.wire.hold(NEXT);
    const larval = larvalOf(both)!;
    expect(larval.first.some((octet) => octet !== 0)).toBe(true);
    both.wire.isCut = true;
    both.clock.advance(31_000);
    both.wire.isCut = false;
    expect([larvalOf(both), larval.first.every((octet) => octet === 0)]).toEqual([undefined, true]);
    expect([...both.east.plane.reserved]).toEqual([]);
    deliver(both, request2);
    both.wire.expect(NOT_FOUND);
    expectCalm(both, 1_000_000);
  });
});

describe('a peer that forgets', () => {
  test('time and again loses the IKE SA: RFC 9370 §2.2.4', () => {
    const both = hybridPair();
    for (let i = 1; i <= 3; i++) {
      rekeyChild(both);
      both.wire.expect(REQUEST);
      both.wire.expect(ANSWER);
      deliver(both, tampered(both.west, both.wire.hold(NEXT), elsewhere));
      expect(both.west.sas.size).toBe(1);
      both.wire.expect(NOT_FOUND);
    }
    both.wire.expect('INFORMATIONAL { D } -->');
    both.wire.expect('<-- INFORMATIONAL { }');
    expect(both.west.ends).toMatchObject([{ why: 'refused' }]);
    expectNothing(both.west);
    expectNothing(both.east);
  });

  test('and remembers in between keeps it', () => {
    const both = hybridPair();
    for (let i = 1; i <= 6; i++) {
      rekeyChild(both);
      both.wire.expect(REQUEST);
      both.wire.expect(ANSWER);
      if (i % 3 === 0) {
        both.wire.expect(NEXT);
        both.wire.expect(LAST_ANSWER);
        both.wire.expect('INFORMATIONAL { D } -->');
        both.wire.expect('<-- INFORMATIONAL { D }');
      } else {
        deliver(both, tampered(both.west, both.wire.hold(NEXT), elsewhere));
        both.wire.expect(NOT_FOUND);
      }
    }
    expect(both.west.sas.size).toBe(1);
  });

  test('or never comes back fills neither memory nor the data plane', () => {
    const both = hybridPair();
    for (let i = 0; i < 9; i++) {
      rekeyChild(both);
      both.wire.expect(REQUEST);
      both.wire.expect(ANSWER);
      deliver(both, tampered(both.west, both.wire.hold(NEXT), ofGroup(19)));
      both.wire.expect('<-- IKE_FOLLOWUP_KE { N(TEMPORARY_FAILURE) }');
    }
    for (let i = 0; i < 9; i++) {
      rekeyChild(both);
      const asked = both.wire.expect(REQUEST);
      deliver(both, tampered(both.east, both.wire.hold(ANSWER), withoutLink));
      expect(asked.isFromWest).toBe(true);
      expect(both.east.plane.reserved.size).toBeLessThanOrEqual(4);
    }
    both.clock.advance(31_000);
    expect(both.east.plane.reserved.size).toBe(0);
  });
});
