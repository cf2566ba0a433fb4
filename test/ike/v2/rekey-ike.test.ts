/** The IKE SA rekeyed: children, plans and deadlines go over, whoever else is at it. RFC 7296 §1.3.2, §2.8.2, §2.25.2. */
import { describe, expect, test } from 'vitest';
import { expectAgreement, expectNothing, type Pair, upPair } from './pair.ts';
import { proposals } from './policies.ts';
import { FAIR } from './wire.ts';

const REKEY = 'CREATE_CHILD_SA { SA, Ni, KE }';
const GRANT = 'CREATE_CHILD_SA { SA, Nr, KE }';
const NEW = 'CREATE_CHILD_SA { SA, Ni, KE, TSi, TSr }';
const REKEY_CHILD = 'CREATE_CHILD_SA { N(REKEY_SA), SA, Ni, KE, TSi, TSr }';
const DELETE = 'INFORMATIONAL { D }';
const EMPTY = 'INFORMATIONAL { }';
const BUSY = 'CREATE_CHILD_SA { N(TEMPORARY_FAILURE) }';
const right = (text: string) => `${text} -->`;
const left = (text: string) => `<-- ${text}`;

const rekey = (host: Pair['west']) => host.command({ t: 'rekeyIke' });
const running = (host: Pair['west'], serial: number) => host.sas.get(serial)!;
const oneEach = ({ west, east }: Pair) => {
  expect([west.sas.size, east.sas.size]).toEqual([1, 1]);
  expect([west.plane.size, east.plane.size]).toEqual([1, 1]);
  expect([west.plane.removed, east.plane.removed], 'children are not touched').toEqual([0, 0]);
  expectAgreement({ west, east });
};

test.each(['west', 'east'] as const)('%s rekeys: new keys and SPIs, the same child, the old SA deleted', (end) => {
  const both = upPair();
  const old = Buffer.from(both.west.sa.keys!.skD).toString('hex');
  const [ask, answer] = end === 'west' ? [right, left] : [left, right];
  rekey(both[end]);
  both.wire.expect(ask(REKEY));
  both.wire.expect(answer(GRANT));
  both.wire.expect(ask(DELETE));
  both.wire.expect(answer(EMPTY));
  both.wire.expectSilence();
  oneEach(both);
  expect(Buffer.from(both.west.sa.keys!.skD).toString('hex')).not.toBe(old);
  expect(both.west.sa.role).toBe(end === 'west' ? 'initiator' : 'responder');
  expect([both.west.ends[0].why, both.east.ends[0].why]).toEqual(['replaced', 'replaced']);
});

test('a child that was handed over is rekeyed and expires when it would have been', () => {
  const both = upPair({ policy: { child: { lifetime: 3_600_000 } } });
  both.clock.advance(1_000_000);
  const due = running(both.west, 1).timers.get('childRekey #2')!.at;
  const end = running(both.west, 1).timers.get('childExpire #2')!.at;
  rekey(both.west);
  both.wire.release();
  both.clock.advance(1_000);
  const heir = [...both.west.sas.values()][0];
  expect(heir.timers.get('childRekey #2')?.at).toBe(due);
  expect(heir.timers.get('childExpire #2')?.at).toBe(end);
  both.clock.advance(3_600_000);
  expect(both.west.plane.all()[0].serial).not.toBe(2);
  expect(both.west.plane.size).toBe(1);
  expectAgreement(both);
});

test('what was planned meanwhile is done by the successor', () => {
  const both = upPair();
  rekey(both.west);
  both.west.addChild('w-e');
  both.wire.expect(right(REKEY));
  both.wire.expect(left(GRANT));
  both.wire.release();
  both.clock.advance(1_000);
  expect([both.west.plane.size, both.east.plane.size]).toEqual([2, 2]);
  expectAgreement(both);
});

test('told to go while it is rekeyed, old and new both go', () => {
  const both = upPair();
  rekey(both.west);
  both.west.command({ t: 'deleteIke', why: 'told' });
  both.wire.release();
  both.clock.advance(1_000);
  expectNothing(both.west);
  expectNothing(both.east);
  expect(both.west.downs).toMatchObject([{ why: 'asked' }]);
});

test('a peer that wants another group gets it; one that has no proposal in common leaves all as it was', () => {
  const both = upPair({ policy: { ike: proposals('ike', 'aes_gcm256-sha2_256-dh31+dh19') } });
  both.east.sa.policy = { ...both.east.sa.policy, ike: proposals('ike', 'aes_gcm256-sha2_256-dh19') };
  rekey(both.west);
  both.wire.expect(right(REKEY));
  both.wire.expect(left('CREATE_CHILD_SA { N(INVALID_KE_PAYLOAD) }'));
  both.wire.expect(right(REKEY));
  both.wire.expect(left(GRANT));
  both.wire.release();
  both.clock.advance(100);
  expect(both.west.sa.suite?.group.name).toBe('DH19');
  oneEach(both);

  const stuck = upPair();
  stuck.east.sa.policy = { ...stuck.east.sa.policy, ike: proposals('ike', 'aes128-sha1-dh31') };
  rekey(stuck.west);
  stuck.wire.expect(right(REKEY));
  stuck.wire.expect(left('CREATE_CHILD_SA { N(NO_PROPOSAL_CHOSEN) }'));
  expect(stuck.west.rekeysFailed).toEqual([
    'CREATE_CHILD_SA failed to rekey IKE SA with error notification NO_PROPOSAL_CHOSEN',
  ]);
  stuck.wire.expectSilence();
  oneEach(stuck);
  expect(running(stuck.west, 1).timers.has('rekey')).toBe(true);
});

test('a helper that fails leaves no half-made successor', () => {
  for (const op of ['ke.make', 'ike.keys'] as const) {
    for (const end of ['west', 'east'] as const) {
      const both = upPair({ policy: { dpdDelay: 10_000 } });
      both[end].failJobs = op;
      rekey(both.west);
      both.wire.release();
      both.clock.advance(1_000);
      both[end].failJobs = undefined;
      both.clock.advance(200_000);
      expectAgreement(both);
    }
  }
});

test('a responder whose answer never arrives gives up on the old SA after the initiator has', () => {
  const both = upPair({ policy: { dpdDelay: 30_000 } });
  rekey(both.west);
  both.wire.expect(right(REKEY));
  both.wire.isCut = true;
  both.wire.release();
  both.clock.advance(400_000);
  expectNothing(both.west);
  expectNothing(both.east);
});

describe('both rekey the IKE SA', () => {
  function crossed(seed: number) {
    const both = upPair({ seed });
    rekey(both.west);
    rekey(both.east);
    both.wire.expect(right(REKEY));
    both.wire.expect(left(REKEY));
    return both;
  }

  test('the successor with the lowest nonce is deleted by whoever asked for it; the other has the child', () => {
    const winners = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const both = crossed(seed);
      both.wire.expect(left(GRANT));
      both.wire.expect(right(GRANT));
      both.wire.release();
      both.clock.advance(1_000);
      winners.add(both.west.sa.role);
      oneEach(both);
    }
    expect([...winners].sort()).toEqual(['initiator', 'responder']);
  });

  test('one answer is late; the winner is in use before the other end knows it', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const both = crossed(seed);
      both.wire.expect(left(GRANT));
      const late = both.wire.hold(right(GRANT));
      both.west.addChild('w-e');
      both.wire.release();
      both.clock.advance(300);
      both.wire.deliver(late);
      // The loser may never learn of its own successor: the winner discards what nobody deletes.
      both.clock.advance(90_000);
      expect(both.west.sas.size).toBe(1);
      expect(both.west.plane.size).toBe(2);
      expectAgreement(both);
    }
  });

  test('one request is late: refused by an SA that is replaced already', () => {
    const both = upPair();
    rekey(both.west);
    rekey(both.east);
    const late = both.wire.hold(left(REKEY));
    both.wire.expect(right(REKEY));
    both.wire.expect(left(GRANT));
    both.wire.lose(right(DELETE));
    both.wire.deliver(late);
    both.wire.expect(right(BUSY));
    both.wire.release();
    both.clock.advance(1_000);
    oneEach(both);
  });

  test('one request is later still: the old SA is deleted before its answer', () => {
    const both = upPair();
    rekey(both.west);
    rekey(both.east);
    both.wire.hold(left(REKEY));
    both.wire.expect(right(REKEY));
    both.wire.expect(left(GRANT));
    both.wire.expect(right(DELETE));
    both.wire.expect(left(EMPTY));
    both.wire.expectSilence();
    oneEach(both);
  });

  test('with helpers at work on either side', () => {
    for (const [westMs, eastMs] of [
      [80, 1],
      [1, 80],
      [80, 80],
    ]) {
      const both = upPair({ weather: FAIR, west: { jobMs: westMs }, east: { jobMs: eastMs } });
      rekey(both.west);
      rekey(both.east);
      both.clock.advance(3_000);
      oneEach(both);
    }
  });
});

describe('other meetings', () => {
  test('IKE rekey meets a new child: both are put off, and both are done', () => {
    const both = upPair();
    rekey(both.west);
    both.east.addChild('w-e');
    both.wire.expect(right(REKEY));
    both.wire.expect(left(NEW));
    both.wire.expect(left(BUSY));
    both.wire.expect(right(BUSY));
    both.wire.release();
    both.clock.advance(60_000);
    expect([both.west.plane.size, both.east.plane.size]).toEqual([2, 2]);
    expect(both.west.ends).toHaveLength(1);
    expectAgreement(both);
  });

  test('IKE rekey meets the rekey of a child: both are put off', () => {
    const both = upPair();
    rekey(both.west);
    both.east.command({ t: 'rekeyChild', serial: both.east.sa.children[0].serial });
    both.wire.expect(right(REKEY));
    both.wire.expect(left(REKEY_CHILD));
    both.wire.expect(left(BUSY));
    both.wire.expect(right(BUSY));
    both.wire.release();
    both.clock.advance(120_000);
    expect(both.west.ends).toHaveLength(1);
    expect(both.west.plane.size).toBe(1);
    expectAgreement(both);
  });

  test('IKE rekey meets the deletion of a child: the deletion is answered, the rekey put off', () => {
    const both = upPair();
    rekey(both.west);
    both.east.command({ t: 'deleteChild', serial: both.east.sa.children[0].serial });
    both.wire.expect(right(REKEY));
    both.wire.expect(left(DELETE));
    both.wire.expect(left(BUSY));
    both.wire.expect(right(DELETE));
    expect(both.west.plane.size).toBe(0);
    both.wire.release();
    both.clock.advance(60_000);
    expectAgreement(both);
  });

  test('IKE rekey meets the deletion of the IKE SA: gone, and no successor', () => {
    const both = upPair();
    rekey(both.west);
    both.east.command({ t: 'deleteIke', why: 'told' });
    both.wire.expect(right(REKEY));
    both.wire.expect(left(DELETE));
    both.wire.release();
    both.clock.advance(1_000);
    expectNothing(both.west);
    expectNothing(both.east);
  });

  test('both delete the IKE SA', () => {
    const both = upPair();
    both.west.command({ t: 'deleteIke', why: 'told' });
    both.east.command({ t: 'deleteIke', why: 'told' });
    both.wire.expect(right(DELETE));
    expectNothing(both.east);
    both.wire.release();
    both.clock.advance(1_000);
    expectNothing(both.west);
    expect([both.west.ends[0].why, both.east.ends[0].why]).toEqual(['asked', 'asked']);
  });

  test('nothing new is granted on an IKE SA that goes', () => {
    const both = upPair();
    both.west.command({ t: 'deleteIke', why: 'told' });
    both.east.addChild('w-e');
    both.wire.lose(right(DELETE));
    both.wire.expect(left(NEW));
    both.wire.expect(right(BUSY));
    both.wire.release();
    both.clock.advance(10_000);
    expectNothing(both.west);
    expectNothing(both.east);
    expect(both.east.downs.map((d) => d.serial).toSorted()).toEqual([2, 3]);
  });
});
