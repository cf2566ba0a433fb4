/** RFC 9370 §2.2.4: CREATE_CHILD_SA, and the key exchanges that follow it. */
import { describe, expect, test } from 'vitest';
import { expectAgreement, type Pair, type PairOptions, pair } from './pair.ts';
import type { PolicyChange } from './policies.ts';
import { proposals } from './policies.ts';
import { FAIR } from './wire.ts';

const HYBRID: PolicyChange = { ike: proposals('ike', 'aes_gcm256-sha2_256-dh31-mlkem512') };

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

const [REQUEST, ANSWER] = [
  'CREATE_CHILD_SA { N(REKEY_SA), SA, Ni, KE, TSi, TSr } -->',
  '<-- CREATE_CHILD_SA { SA, Nr, KE, TSi, TSr, N(ADDITIONAL_KEY_EXCHANGE) }',
];

describe('a Child SA', () => {
  test('is rekeyed in one more exchange, and only then replaces the old one', () => {
    const { west, east, wire } = hybridPair();
    const [old] = west.sa.children;
    west.command({ t: 'rekeyChild', serial: old.serial });
    wire.expect(REQUEST);
    wire.expect(ANSWER);
    expect([west.plane.size, east.plane.size]).toEqual([1, 1]);
    wire.expect('IKE_FOLLOWUP_KE { KE, N(ADDITIONAL_KEY_EXCHANGE) } -->');
    wire.expect('<-- IKE_FOLLOWUP_KE { KE }');
    wire.expect('INFORMATIONAL { D } -->');
    wire.expect('<-- INFORMATIONAL { D }');
    wire.expectSilence();
    expectAgreement({ west, east });
    expect(west.sa.children.map((c) => c.suite.additional?.map((g) => g.name))).toEqual([['ML_KEM_512']]);
    expect(east.plane.accepts(west.plane.send('w-e')!)).toBe(true);
  });
});

describe('the IKE SA', () => {
  test('is rekeyed in one more exchange', () => {
    const { west, east, wire } = hybridPair();
    const { serial } = west.sa;
    west.command({ t: 'rekeyIke' });
    wire.expect('CREATE_CHILD_SA { SA, Ni, KE } -->');
    wire.expect('<-- CREATE_CHILD_SA { SA, Nr, KE, N(ADDITIONAL_KEY_EXCHANGE) }');
    expect([west.sas.size, east.sas.size]).toEqual([1, 1]);
    wire.expect('IKE_FOLLOWUP_KE { KE, N(ADDITIONAL_KEY_EXCHANGE) } -->');
    wire.expect('<-- IKE_FOLLOWUP_KE { KE }');
    wire.expect('INFORMATIONAL { D } -->');
    wire.expect('<-- INFORMATIONAL { }');
    wire.expectSilence();
    expectAgreement({ west, east });
    expect(west.sa.serial).not.toBe(serial);
  });
});
