/** What time brings: rekeys before the end, the end, signs of life, and the patience of farewells. */
import { describe, expect, test } from 'vitest';
import { expectAgreement, expectNothing, upPair } from './pair.ts';
import { FAIR } from './wire.ts';

const HOUR = 3_600_000;

describe('lifetimes', () => {
  test('a rekey comes within margin and fuzz of the end, and half as early at the responder', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { west, east, clock } = upPair({ seed });
      const inMs = (host: typeof west, name: string) => [...host.sas.values()][0].timers.get(name)!.at - clock.now;
      for (const name of ['rekey', 'childRekey #2']) {
        expect(inMs(west, name)).toBeGreaterThanOrEqual(8 * HOUR - 2 * 540_000);
        expect(inMs(west, name)).toBeLessThanOrEqual(8 * HOUR - 540_000);
        expect(inMs(east, name)).toBeGreaterThanOrEqual(8 * HOUR - 540_000);
        expect(inMs(east, name)).toBeLessThanOrEqual(8 * HOUR - 270_000);
      }
    }
  });

  test('for a week both ends keep one IKE SA and one child, always younger than they may be', () => {
    const both = upPair({ weather: FAIR });
    for (let hour = 0; hour < 7 * 24; hour++) {
      both.clock.advance(HOUR);
      for (const host of [both.west, both.east]) {
        expect(host.sas.size).toBe(1);
        expect(host.plane.size).toBe(1);
        expect(both.clock.now - host.sa.establishedAt).toBeLessThan(8 * HOUR);
      }
    }
    expectAgreement(both);
    expect(both.west.plane.installed).toBeGreaterThan(20);
    for (const host of [both.west, both.east]) expect(host.downs.every((d) => d.why === 'replaced')).toBe(true);
  });

  test('rekey=no: the child is deleted at its end, and then the IKE SA', () => {
    const both = upPair({ weather: FAIR, policy: { rekey: false, child: { lifetime: HOUR } } });
    both.clock.advance(HOUR + 1_000);
    expect([both.west.plane.size, both.east.plane.size]).toEqual([0, 0]);
    expect([both.west.downs[0].why, both.east.downs[0].why]).toEqual(['expired', 'expired']);
    expect(both.west.sas.size).toBe(1);
    both.clock.advance(7 * HOUR);
    expectNothing(both.west);
    expectNothing(both.east);
  });

  test('a margin longer than the life rekeys at half of it', () => {
    const both = upPair({ policy: { child: { lifetime: 60_000 } } });
    const timer = [...both.west.sas.values()][0].timers.get('childRekey #2')!;
    expect(timer.at - both.clock.now).toBe(30_000);
  });
});

describe('liveness', () => {
  test('silence is asked about after dpddelay; an answer is a sign of life', () => {
    const both = upPair({ west: { policy: { dpdDelay: 10_000 } } });
    both.clock.advance(9_999);
    both.wire.expectSilence();
    both.clock.advance(1);
    both.wire.expect('INFORMATIONAL { } -->');
    both.wire.expect('<-- INFORMATIONAL { }');
    both.clock.advance(9_999);
    both.wire.expectSilence();
    both.clock.advance(1);
    both.wire.expect('INFORMATIONAL { } -->');
  });

  test('anything authentic from the peer puts it off', () => {
    const both = upPair({ west: { policy: { dpdDelay: 10_000 } } });
    both.clock.advance(6_000);
    both.east.command({ t: 'rekeyChild', serial: both.east.sa.children[0].serial });
    both.wire.expect('<-- CREATE_CHILD_SA { N(REKEY_SA), SA, Ni, KE, TSi, TSr }');
    both.wire.expect('CREATE_CHILD_SA { SA, Nr, KE, TSi, TSr } -->');
    both.wire.expect('<-- INFORMATIONAL { D }');
    both.wire.expect('INFORMATIONAL { D } -->');
    both.clock.advance(9_999);
    both.wire.expectSilence();
    both.clock.advance(1);
    both.wire.expect('INFORMATIONAL { } -->');
  });

  test('no answer for a minute: the peer is gone, and so is all that we had with it', () => {
    const both = upPair({ west: { policy: { dpdDelay: 10_000 } } });
    both.wire.isCut = true;
    both.clock.advance(10_000 + 59_999);
    expect(both.west.plane.size).toBe(1);
    both.clock.advance(1);
    expectNothing(both.west);
    expect(both.west.ends[0].why).toBe('timeout');
    expect(both.west.downs[0].why).toBe('timeout');
  });

  test('dpddelay=0 never asks', () => {
    const both = upPair();
    both.clock.advance(4 * HOUR);
    both.wire.expectSilence();
  });
});

describe('farewells', () => {
  test('a deletion that nobody answers is repeated for 5 seconds, and the child is gone at once', () => {
    const both = upPair();
    both.wire.isCut = true;
    both.west.command({ t: 'deleteIke', why: 'told' });
    expect(both.west.plane.size).toBe(0);
    const before = both.wire.sent.length;
    both.clock.advance(4_999);
    expect(both.wire.sent.length - before).toBe(3);
    expect(both.west.sas.size).toBe(1);
    both.clock.advance(1);
    expectNothing(both.west);
    expect(both.west.ends[0].why).toBe('asked');
  });

  test('a request in the way of a farewell has no longer patience than it', () => {
    const both = upPair();
    both.wire.isCut = true;
    both.west.addChild('w-e');
    both.clock.advance(20_000);
    both.west.command({ t: 'deleteIke', why: 'told' });
    both.clock.advance(5_000);
    expectNothing(both.west);
    expect(both.west.ends[0].why).toBe('asked');
    expect(both.west.downs.map((d) => d.serial).toSorted()).toEqual([2, 3]);
  });

  test('abandoned: no farewell, nothing left', () => {
    const both = upPair({ west: { jobMs: 50 }, weather: FAIR });
    both.west.addChild('w-e');
    const sent = both.wire.sent.length;
    both.west.command({ t: 'abandon', why: 'another takes its place' });
    both.clock.advance(1_000);
    expect(both.wire.sent.length).toBe(sent);
    expectNothing(both.west);
    expect(both.west.downs.map((d) => d.serial).toSorted()).toEqual([2, 3]);
  });
});
