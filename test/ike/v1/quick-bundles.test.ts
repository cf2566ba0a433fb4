/** Several protocols as one child: AH around ESP, IPComp within, each with SPIs of its own. */
import { describe, expect, test } from 'vitest';
import type { ChildInstall } from '../../../src/ike/effects.ts';
import { EAST, WEST } from '../v2/policies.ts';
import { FAIR } from '../v2/wire.ts';
import type { Host } from './host.ts';
import { type Change, expectAgreement, expectNothing, pair, proposals, upPair } from './pair.ts';

const AH = proposals('ah', 'sha2_256');

const SHAPES: readonly (readonly [string, Change['child'], Partial<ChildInstall['suite']>])[] = [
  ['AH', { proposals: AH }, { protocol: 'ah' }],
  ['ESP+IPComp', { compress: true }, { protocol: 'esp', compresses: true }],
  ['AH+IPComp', { proposals: AH, compress: true }, { protocol: 'ah', compresses: true }],
  ['AH+ESP', { ah: AH }, { protocol: 'esp', ah: AH[0].integ[0] }],
  ['AH+ESP+IPComp', { ah: AH, compress: true }, { protocol: 'esp', ah: AH[0].integ[0], compresses: true }],
];

const only = (host: Host): ChildInstall => host.plane.all()[0];
const text = (octets: Uint8Array | undefined) => Buffer.from(octets ?? []).toString('hex');

describe.each(SHAPES)('%s', (_name, child, suite) => {
  test.each([true, false])('both ends have the same SPIs and keys; pfs=%s', (pfs) => {
    const { west, east } = upPair({ weather: FAIR, policy: { child: { ...child, pfs } } });
    const [a, b] = [only(west), only(east)];
    expect(a.suite).toMatchObject(suite);
    expect(b.suite).toBe(a.suite);
    expect([a.ah?.spiIn, a.ah?.spiOut]).toEqual([b.ah?.spiOut, b.ah?.spiIn]);
    expect([text(a.ah?.keyIn), text(a.ah?.keyOut)]).toEqual([text(b.ah?.keyOut), text(b.ah?.keyIn)]);
    expect([a.ipcomp?.cpiIn, a.ipcomp?.cpiOut]).toEqual([b.ipcomp?.cpiOut, b.ipcomp?.cpiIn]);
    expect(a.ah === undefined).toBe(suite.ah === undefined);
    expect(a.ipcomp === undefined).toBe(suite.compresses === undefined);
    if (a.ah) {
      expect(a.ah.keyIn.length).toBe(32);
      expect(text(a.ah.keyIn)).not.toBe(text(a.keysIn.integ));
      expect(text(a.ah.keyIn)).not.toBe(text(a.ah.keyOut));
    }
  });

  test.each(['west', 'east'] as const)('%s rekeys it, and deletes it, as one', (who) => {
    const made = upPair({ weather: FAIR, policy: { child: child ?? {} } });
    const { west, east, clock } = made;
    const [old] = made[who].sa.children;
    made[who].command({ t: 'rekeyChild', serial: old.serial });
    clock.advance(1_000);
    expectAgreement(made);
    expect(west.plane.size).toBe(2);
    const [, next] = west.plane.all();
    expect(next.suite).toBe(old.suite);
    expect(next.ah === undefined || next.ah.spiIn !== old.ah?.spiIn).toBe(true);
    for (const { serial } of [...made[who].sa.children]) made[who].command({ t: 'deleteChild', serial });
    clock.advance(1_000);
    expect([west.plane.size, east.plane.size]).toEqual([0, 0]);
    expectAgreement(made);
  });

  test('survives loss, doubles and disorder', () => {
    for (let seed = 0; seed < 60; seed++) {
      const weather = { loss: 0.15, duplication: 0.3, minDelay: 1, maxDelay: 400 };
      const made = pair({ seed, weather, policy: { child: child ?? {}, retransmitTimeout: 120_000 } });
      made.west.up();
      made.clock.advance(110_000);
      expect(made.west.plane.size, `seed ${seed}`).toBeGreaterThan(0);
      expectAgreement(made);
      expect(only(made.west).suite).toMatchObject(suite);
    }
  });
});

describe('compress=yes', () => {
  test.each(['west', 'east'] as const)('at %s alone: without IPComp, and no CPI is left behind', (who) => {
    const made = upPair({ weather: FAIR, [who]: { policy: { child: { compress: true } } } });
    expect(only(made.west).suite.compresses).toBeUndefined();
    expect(only(made.east).ipcomp).toBeUndefined();
    expectAgreement(made);
  });

  test('where the data plane has none: without it', () => {
    for (const who of ['west', 'east'] as const) {
      const made = pair({ weather: FAIR, policy: { child: { compress: true } } });
      made[who].refuseCpi = 'this data plane has ESP only';
      made.west.up();
      made.clock.advance(2_000);
      expect(only(made.west).ipcomp).toBeUndefined();
      expectAgreement(made);
    }
  });
});

describe('what does not go together', () => {
  test.each<[string, Change['child'], Change['child']]>([
    ['AH and ESP', { proposals: AH }, {}],
    ['AH+ESP and ESP', { ah: AH }, {}],
    ['ESP and AH+ESP', {}, { ah: AH }],
    ['AH+ESP and AH', { ah: AH }, { proposals: AH }],
    ['AH+ESP with other hashes', { ah: AH }, { ah: proposals('ah', 'sha1') }],
  ])('%s: refused, and nothing is left', (_name, westChild, eastChild) => {
    const made = pair({
      weather: FAIR,
      policy: { rekey: false },
      west: { policy: { child: westChild ?? {} } },
      east: { policy: { child: eastChild ?? {} } },
    });
    made.west.up();
    made.clock.advance(70_000);
    expect(made.east.lines.join('\n')).toContain('Quick Mode');
    expect(made.west.plane.size + made.east.plane.size).toBe(0);
    expectAgreement(made);
  });

  test('AH and a NAT: said, and not asked for', () => {
    const { west, clock } = pair({
      weather: FAIR,
      nat: true,
      policy: { child: { ah: AH }, localHost: undefined },
      east: { policy: { remoteHost: undefined } },
    });
    west.up();
    clock.advance(5_000);
    expect(west.lines.join('\n')).toContain('AH passes no NAT');
    expect(west.downs).toMatchObject([{ why: 'local' }]);
    expect([...west.plane.reserved]).toEqual([]);
  });

  test('a Delete of any protocol ends the bundle', () => {
    const made = upPair({ weather: FAIR, policy: { child: { ah: AH, compress: true } } });
    made.west.command({ t: 'deleteIke', why: 'enough' });
    made.clock.advance(1_000);
    for (const host of [made.west, made.east]) expectNothing(host);
    expect(made.west.debugs.filter((line) => line.includes('sending Informational')).length).toBe(3);
  });
});

test('kilobytes: the shorter of what both want, at both ends', () => {
  const megabyte = 1_048_576;
  const bytes = (host: Host) => only(host).maxBytes ?? only(host).policy.child.maxBytes;
  for (const [west, east, less] of [
    [10, 5, 5],
    [5, 10, 5],
    [undefined, 7, 7],
    [7, undefined, 7],
    [undefined, undefined, undefined],
  ]) {
    const limit = (n: number | undefined) => (n === undefined ? {} : { maxBytes: n * megabyte });
    const made = upPair({
      weather: FAIR,
      west: { policy: { child: limit(west) } },
      east: { policy: { child: limit(east) } },
    });
    const wanted = less === undefined ? undefined : less * megabyte;
    expect([bytes(made.west), bytes(made.east)]).toEqual([wanted, wanted]);
  }
});

describe('transport mode behind a NAT', () => {
  test.each(['rfc', 'drafts'] as const)('%s: selectors have the addresses that packets have', (nat) => {
    const made = pair({
      weather: FAIR,
      nat: true,
      policy: { child: { mode: 'transport', local: [], remote: [] }, v1: { nat }, localHost: undefined },
      east: { policy: { remoteHost: undefined } },
    });
    made.west.up();
    made.clock.advance(5_000);
    const [a, b] = [only(made.west), only(made.east)];
    expect(a).toMatchObject({ mode: 'transport', encapsulated: true });
    expect(a.peerOriginal).toBeUndefined();
    expect(a.selectorsLocal.join()).toBe(`${WEST}/32`);
    expect(a.selectorsRemote.join()).toBe(`${EAST}/32`);
    expect(b.selectorsRemote.join()).toBe(`${made.east.sa.peer.address}/32`);
    expect(b.selectorsRemote.join()).not.toBe(`${WEST}/32`);
    expect(`${b.peerOriginal}`).toBe(`${WEST}`);
  });
});
