/** CREATE_CHILD_SA for Child SAs: further ones, rekeys, and every way in which two ends can meet. RFC 7296 §2.8, §2.25.1. */
import { describe, expect, test } from 'vitest';
import { expectAgreement, type Pair, type PairOptions, upPair } from './pair.ts';
import { policyFor, proposals, selectors } from './policies.ts';
import { FAIR } from './wire.ts';

const NEW = 'CREATE_CHILD_SA { SA, Ni, KE, TSi, TSr }';
const REKEY = 'CREATE_CHILD_SA { N(REKEY_SA), SA, Ni, KE, TSi, TSr }';
const GRANT = 'CREATE_CHILD_SA { SA, Nr, KE, TSi, TSr }';
const DELETE = 'INFORMATIONAL { D }';
const right = (text: string) => `${text} -->`;
const left = (text: string) => `<-- ${text}`;

/** Two connections between the same ends, the first one up. */
function two(options: PairOptions = {}, child = {}): Pair {
  const subnets = { west: selectors('10.1.1.0/24'), east: selectors('10.1.2.0/24') };
  const policies = (end: 'west' | 'east') => [
    policyFor(end, { child }),
    policyFor(end, {
      name: 'second',
      child: { ...child, local: subnets[end], remote: subnets[end === 'west' ? 'east' : 'west'], reqid: 16393 },
    }),
  ];
  return upPair({
    ...options,
    west: { policies: policies('west'), ...options.west },
    east: { policies: policies('east'), ...options.east },
  });
}

const only = (host: Pair['west']) => host.sa.children[0];
const rekey = (host: Pair['west'], serial = only(host).serial) => host.command({ t: 'rekeyChild', serial });

describe('further children', () => {
  test('a second connection shares the IKE SA, and gets its own selectors and keys', () => {
    const both = two();
    both.west.addChild('second');
    both.wire.expect(right(NEW));
    both.wire.expect(left(GRANT));
    expectAgreement(both);
    expect(both.east.plane.all().map((c) => c.policy.name)).toEqual(['w-e', 'second']);
    expect(both.east.plane.accepts(both.west.plane.send('second')!)).toBe(true);
  });

  test('pfs=no asks without a key, and the answer has none', () => {
    const both = two({}, { pfs: false });
    both.west.addChild('second');
    both.wire.expect(right('CREATE_CHILD_SA { SA, Ni, TSi, TSr }'));
    both.wire.expect(left('CREATE_CHILD_SA { SA, Nr, TSi, TSr }'));
    expectAgreement(both);
  });

  test('pfs=no takes a peer that wants it; pfs=yes does not take one that does not', () => {
    const willing = upPair({ east: { policy: { child: { pfs: false } } } });
    rekey(willing.west);
    willing.wire.expect(right(REKEY));
    willing.wire.expect(left(GRANT));
    const strict = upPair({ west: { policy: { child: { pfs: false } } } });
    rekey(strict.west);
    strict.wire.expect(right('CREATE_CHILD_SA { N(REKEY_SA), SA, Ni, TSi, TSr }'));
    strict.wire.expect(left('CREATE_CHILD_SA { N(NO_PROPOSAL_CHOSEN) }'));
    expect(strict.west.plane.size).toBe(1);
  });

  test('a group that the peer does not want is asked for once more in the one it wants, and no third time', () => {
    const child = (end: 'west' | 'east') => ({
      proposals: proposals('esp', end === 'west' ? 'aes_gcm256-null;dh31+dh19' : 'aes_gcm256-null;dh19'),
    });
    const both = upPair({ west: { policy: { child: child('west') } }, east: { policy: { child: child('east') } } });
    rekey(both.west);
    both.wire.expect(right(REKEY));
    both.wire.expect(left('CREATE_CHILD_SA { N(INVALID_KE_PAYLOAD) }'));
    both.wire.expect(right(REKEY));
    both.wire.expect(left(GRANT));
    both.wire.expect(right(DELETE));
    both.wire.expect(left(DELETE));
    expect(both.west.plane.all()[0].suite.group?.name).toBe('DH19');
    expectAgreement(both);
  });

  test('selectors that nobody knows: refused, and the IKE SA with its child goes on', () => {
    const both = two();
    both.east.policies = [both.east.policies[0]];
    both.west.addChild('second');
    both.wire.expect(right(NEW));
    both.wire.expect(left('CREATE_CHILD_SA { N(TS_UNACCEPTABLE) }'));
    expect(both.west.downs).toMatchObject([{ why: 'refused' }]);
    expect(both.west.plane.size).toBe(1);
    expectAgreement(both);
  });

  test('two at once from one end go one after the other: the window is 1', () => {
    const both = two();
    both.west.addChild('second');
    both.west.addChild('second');
    const first = both.wire.hold(right(NEW));
    both.wire.expectSilence();
    both.wire.deliver(first);
    both.wire.release();
    both.clock.advance(100);
    expect(both.west.plane.size).toBe(3);
    expectAgreement(both);
  });

  test('a child deleted at one end is gone at both, and the other stays', () => {
    const both = two();
    const serial = both.west.addChild('second');
    both.wire.expect(right(NEW));
    both.wire.expect(left(GRANT));
    both.west.command({ t: 'deleteChild', serial });
    both.wire.expect(right(DELETE));
    both.wire.expect(left(DELETE));
    expect([both.west.downs[0].why, both.east.downs[0].why]).toEqual(['asked', 'peer']);
    expect(both.west.plane.size).toBe(1);
    expectAgreement(both);
  });

  test('both delete the same child: neither names it again', () => {
    const both = two();
    both.west.command({ t: 'deleteChild', serial: only(both.west).serial });
    both.east.command({ t: 'deleteChild', serial: only(both.east).serial });
    both.wire.expect(right(DELETE));
    both.wire.expect(left(DELETE));
    both.wire.expect(left('INFORMATIONAL { }'));
    both.wire.expect(right('INFORMATIONAL { }'));
    expect(both.west.plane.size + both.east.plane.size).toBe(0);
    expect([...both.west.downs, ...both.east.downs].map((d) => d.why)).toEqual(['asked', 'asked']);
    expectAgreement(both);
  });

  test('a child that the peer does not have yet is not deleted behind its back', () => {
    const both = two();
    both.west.addChild('second');
    both.wire.expect(right(NEW));
    const grant = both.wire.hold(left(GRANT));
    const serial = both.east.sa.children[1].serial;
    both.east.command({ t: 'deleteChild', serial });
    both.wire.expect(left(DELETE));
    both.wire.expect(right('INFORMATIONAL { }'));
    expect(both.east.plane.size).toBe(2);
    both.wire.deliver(grant);
    both.wire.release();
    both.clock.advance(11_000);
    expect([both.west.plane.size, both.east.plane.size]).toEqual([1, 1]);
    expectAgreement(both);
  });

  test('what the data plane refuses to install is deleted at the peer too', () => {
    const both = two();
    const { serial } = only(both.west);
    both.west.input([...both.west.sas.values()][0], { t: 'installFailed', serial, why: 'ENOSYS' });
    both.wire.expect(right(DELETE));
    both.wire.expect(left(DELETE));
    expect(both.west.downs).toMatchObject([{ why: 'local' }]);
    expectAgreement(both);
  });
});

describe('a rekey', () => {
  test('the new child is there before the old one goes, and the responder sends by it from then on', () => {
    const both = two();
    rekey(both.west);
    both.wire.expect(right(REKEY));
    const heir = both.east.plane.all()[1];
    expect(both.east.plane.awaitsOutbound(heir.serial)).toBe(true);
    both.wire.expect(left(GRANT));
    expect(both.west.plane.size).toBe(2);
    both.wire.expect(right(DELETE));
    expect(both.east.plane.awaitsOutbound(heir.serial)).toBe(false);
    both.wire.expect(left(DELETE));
    expect(both.west.ups.at(-1)).toMatchObject({ replaces: 2 });
    expect(both.west.downs).toMatchObject([{ why: 'replaced' }]);
    expect(both.east.downs).toMatchObject([{ why: 'replaced' }]);
    expectAgreement(both);
  });

  test.each([
    ['the initiator', 'west'],
    ['the responder', 'east'],
  ] as const)('by %s of the IKE SA loses no packet, whatever the wire does', (_, end) => {
    for (let seed = 1; seed <= 20; seed++) {
      const weather = { loss: seed % 3 === 0 ? 0.3 : 0, duplication: 0.1, minDelay: 1, maxDelay: 40 + 20 * seed };
      const both = two({ seed, weather: FAIR, west: { jobMs: seed }, east: { jobMs: 3 * seed } });
      both.wire.weather = weather;
      rekey(both[end]);
      if (seed % 2 === 0) rekey(both[end === 'west' ? 'east' : 'west']);
      expect(packetsLost(both, 4_000), `seed ${seed}`).toEqual([]);
      both.wire.weather = FAIR;
      expect(packetsLost(both, 60_000, 97), `seed ${seed}`).toEqual([]);
      expect(both.west.plane.size, `seed ${seed}`).toBe(1);
      expectAgreement(both);
    }
  });

  test('refused for now, it is tried again; the old child lives on', () => {
    const both = two();
    both.east.command({ t: 'deleteChild', serial: only(both.east).serial });
    rekey(both.west);
    both.wire.expect(right(REKEY));
    both.wire.expect(left(DELETE));
    both.wire.expect(left('CREATE_CHILD_SA { N(TEMPORARY_FAILURE) }'));
    both.wire.expect(right(DELETE));
    expect(both.west.plane.size + both.east.plane.size).toBe(0);
    expectAgreement(both);
    expect([...both.west.sas.values()][0].timers.has('childRekey #2')).toBe(false);
  });

  test('of a child that the peer has lost: dropped, and made anew', () => {
    const both = two();
    both.clock.advance(61_000);
    both.east.sa.children = [];
    both.east.plane.remove(both.east.plane.all()[0].serial, false);
    rekey(both.west);
    both.wire.expect(right(REKEY));
    both.wire.expect(left('CREATE_CHILD_SA { N(CHILD_SA_NOT_FOUND) }'));
    both.wire.expect(right(NEW));
    both.wire.expect(left(GRANT));
    expect(both.west.plane.size).toBe(1);
    expectAgreement(both);
  });

  test('a helper that fails leaves the old child in place at both ends', () => {
    for (const op of ['ke.make', 'child.keys'] as const) {
      for (const end of ['west', 'east'] as const) {
        const both = two();
        both[end].failJobs = op;
        rekey(both.west);
        both.wire.release();
        both.clock.advance(3_000);
        both[end].failJobs = undefined;
        both.clock.advance(3_000);
        expectAgreement(both);
        expect(both.west.plane.size).toBe(1);
      }
    }
  });
});

describe('both rekey the same child', () => {
  /** Both requests cross; then the answers do. */
  function crossed(seed: number) {
    const both = two({ seed });
    rekey(both.west);
    rekey(both.east);
    both.wire.expect(right(REKEY));
    both.wire.expect(left(REKEY));
    return both;
  }

  test('both are granted; the one with the lowest nonce is deleted by whoever asked for it, and the other stays', () => {
    const winners = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const both = crossed(seed);
      both.wire.expect(left(GRANT));
      both.wire.expect(right(GRANT));
      const westDeletesOld = both.west.sa.children.some((c) => c.state === 'deleting');
      winners.add(westDeletesOld ? 'west' : 'east');
      both.wire.expect(right(DELETE));
      both.wire.expect(left(DELETE));
      both.wire.release();
      both.clock.advance(100);
      expect(both.west.plane.size).toBe(1);
      expectAgreement(both);
    }
    expect([...winners].sort()).toEqual(['east', 'west']);
  });

  test('one answer is late: the end that knows deletes first, and the other understands', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const both = crossed(seed);
      both.wire.expect(left(GRANT));
      const late = both.wire.hold(right(GRANT));
      both.wire.expect(right(DELETE));
      both.wire.expect(left(DELETE));
      both.wire.deliver(late);
      both.clock.flush();
      both.wire.release();
      both.clock.advance(100);
      expect(both.west.plane.size).toBe(1);
      expect(both.east.downs.every((d) => d.why === 'replaced')).toBe(true);
      expectAgreement(both);
    }
  });

  test('one request is late, and finds the child going: refused for now, the granted one stays', () => {
    const both = two();
    rekey(both.west);
    rekey(both.east);
    const late = both.wire.hold(left(REKEY));
    both.wire.expect(right(REKEY));
    both.wire.expect(left(GRANT));
    both.wire.deliver(late);
    both.clock.flush();
    both.wire.lose(right(DELETE));
    both.wire.expect(right('CREATE_CHILD_SA { N(TEMPORARY_FAILURE) }'));
    both.wire.release();
    both.clock.advance(1_000);
    expect(both.west.plane.size).toBe(1);
    expectAgreement(both);
  });

  test('one request is later still, and finds the child gone', () => {
    const both = two();
    rekey(both.west);
    rekey(both.east);
    const late = both.wire.hold(left(REKEY));
    both.wire.expect(right(REKEY));
    both.wire.expect(left(GRANT));
    both.wire.expect(right(DELETE));
    both.wire.expect(left(DELETE));
    both.wire.deliver(late);
    both.wire.expect(right('CREATE_CHILD_SA { N(CHILD_SA_NOT_FOUND) }'));
    expect(both.west.plane.size).toBe(1);
    expectAgreement(both);
  });

  test('while helpers are at work on either side the requests wait, and end the same', () => {
    for (const [westMs, eastMs] of [
      [50, 1],
      [1, 50],
      [50, 50],
    ]) {
      const both = two({ weather: FAIR, west: { jobMs: westMs }, east: { jobMs: eastMs } });
      rekey(both.west);
      rekey(both.east);
      both.clock.advance(2_000);
      expect(both.west.plane.size).toBe(1);
      expectAgreement(both);
    }
  });
});

describe('other meetings', () => {
  test('rekey meets delete of the same child: gone at both ends', () => {
    const both = two();
    rekey(both.west);
    both.east.command({ t: 'deleteChild', serial: only(both.east).serial });
    both.wire.release();
    both.clock.advance(2_000);
    expect([both.west.plane.size, both.east.plane.size]).toEqual([0, 0]);
    expectAgreement(both);
  });

  test('a child that is to go takes its replacement along', () => {
    const both = two();
    const { serial } = only(both.west);
    rekey(both.west);
    both.west.command({ t: 'deleteChild', serial });
    both.wire.release();
    both.clock.advance(1_000);
    expect([both.west.plane.size, both.east.plane.size]).toEqual([0, 0]);
    expectAgreement(both);
  });

  test('a soft limit of traffic rekeys, a hard one deletes', () => {
    const both = two();
    const running = [...both.west.sas.values()][0];
    both.west.input(running, { t: 'expired', serial: only(both.west).serial, hard: false });
    both.clock.flush();
    both.wire.expect(right(REKEY));
    both.wire.release();
    both.clock.advance(100);
    expect(both.west.plane.size).toBe(1);
    both.west.input(running, { t: 'expired', serial: only(both.west).serial, hard: true });
    both.clock.advance(100);
    expect([both.west.plane.size, both.east.plane.size]).toEqual([0, 0]);
    expect(both.west.downs.at(-1)).toMatchObject({ why: 'expired' });
  });
});

/** A packet each `every` ms in both directions, each delayed like a datagram: those that met no SA. */
function packetsLost({ west, east, clock }: Pair, forMs: number, every = 1): string[] {
  const lost: string[] = [];
  for (let ms = 0; ms < forMs; ms += every) {
    for (const [from, to] of [
      [west, east],
      [east, west],
    ] as const) {
      const packet = from.plane.send('w-e');
      if (!packet) lost.push(`${clock.now}: ${from.name} has no way out`);
      else
        clock.after(1 + (ms % 40), () => {
          if (!to.plane.accepts(packet)) lost.push(`${clock.now}: ${to.name} has no SA 0x${packet.spi.toString(16)}`);
        });
    }
    clock.advance(every);
  }
  clock.advance(50);
  return lost;
}
