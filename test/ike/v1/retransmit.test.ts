import { describe, expect, test } from 'vitest';
import { FAIR, type InFlight } from '../v2/wire.ts';
import { AGGRESSIVE, expectAgreement, expectNothing, MAIN, pair, QUICK, upPair } from './pair.ts';

const isSame = (a: InFlight, b: InFlight) => expect(a.bytes).toEqual(b.bytes);

describe('whatever is lost is said again in the same octets', () => {
  test.each(MAIN.map((line, i) => [line.trim().replace(/ +/g, ' '), i] as const))('%s', (_line, lost) => {
    const { west, east, wire, clock } = pair();
    west.up();
    for (const line of MAIN.slice(0, lost)) wire.expect(line);
    const first = wire.lose(MAIN[lost]);
    clock.advance(500);
    if (lost % 2 === 0) isSame(wire.expect(MAIN[lost]), first);
    else {
      wire.expect(MAIN[lost - 1]);
      isSame(wire.expect(MAIN[lost]), first);
    }
    for (const line of [...MAIN.slice(lost + 1), ...QUICK]) wire.expect(line);
    wire.expectSilence();
    expectAgreement({ west, east });
  });

  test.each([0, 1, 2])('Aggressive Mode, message %i', (lost) => {
    const { west, east, wire, clock } = pair({ policy: { v1: { aggressive: true } } });
    west.up();
    for (const line of AGGRESSIVE.slice(0, lost)) wire.expect(line);
    const first = wire.lose(AGGRESSIVE[lost]);
    if (lost === 2) wire.lose(QUICK[0]);
    clock.advance(500);
    if (lost === 0) isSame(wire.expect(AGGRESSIVE[0]), first);
    else if (lost === 1) wire.expect(AGGRESSIVE[0]);
    if (lost <= 1) {
      wire.expect(AGGRESSIVE[1]);
      wire.expect(AGGRESSIVE[2]);
    } else {
      wire.expect(QUICK[0]);
      wire.expect(AGGRESSIVE[1]);
      isSame(wire.expect(AGGRESSIVE[2]), first);
    }
    wire.release();
    clock.advance(5_000);
    expectAgreement({ west, east });
    expect(west.plane.size).toBe(1);
  });

  test.each([0, 1, 2])('Quick Mode, message %i', (lost) => {
    const { west, east, wire, clock } = pair();
    west.up();
    for (const line of [...MAIN, ...QUICK.slice(0, lost)]) wire.expect(line);
    wire.lose(QUICK[lost]);
    wire.release();
    clock.advance(5_000);
    expectAgreement({ west, east });
    expect(west.plane.size).toBe(1);
    expect(east.plane.installed).toBe(1);
    expect(east.plane.accepts(west.plane.send('w-e')!)).toBe(true);
    expect(west.plane.accepts(east.plane.send('w-e')!)).toBe(true);
  });
});

test('a duplicate is answered so often, and no more', () => {
  const { west, wire, east } = pair();
  west.up();
  const first = wire.expect(MAIN[0]);
  const answers = () => wire.sent.filter((d) => !d.isFromWest).length;
  for (let i = 0; i < 50; i++) wire.deliver(first);
  expect(answers()).toBe(13);
  expect(east.sas.size).toBe(1);
});

test('after three retransmissions it gives up, and says in which state', () => {
  const { west, wire, clock } = pair();
  wire.isCut = true;
  west.up();
  clock.advance(120_000);
  expectNothing(west);
  expect(west.lines.join('\n')).toContain(
    'STATE_MAIN_I1: 60 second timeout exceeded after 3 retransmits.  No response',
  );
  expect(west.ends).toMatchObject([{ why: 'timeout' }]);
  expect(west.downs).toMatchObject([{ why: 'timeout' }]);
});

test('in Aggressive Mode a stranger gets its answer when it asks, and else nothing', () => {
  const { west, east, wire, clock } = pair({ policy: { v1: { aggressive: true } } });
  west.up();
  const first = wire.expect(AGGRESSIVE[0]);
  const answers = () => wire.sent.filter((d) => !d.isFromWest).length;
  wire.deliver(first);
  expect(answers()).toBe(2);
  wire.isCut = true;
  clock.advance(59_000);
  expect(answers()).toBe(2);
  clock.advance(10_000);
  expectNothing(east);
});

test('a half-open SA goes after a minute', () => {
  const { west, east, wire, clock } = pair();
  west.up();
  wire.expect(MAIN[0]);
  clock.advance(59_000);
  expect(east.sas.size).toBe(1);
  clock.advance(2_000);
  expectNothing(east);
});

test('a Quick Mode that nobody answers leaves the ISAKMP SA alone', () => {
  const { west, wire, clock, east } = pair();
  west.up();
  for (const line of MAIN) wire.expect(line);
  clock.advance(120_000);
  expect(west.sa.state).toBe('established');
  expect(west.plane.size).toBe(0);
  expect([...west.plane.reserved]).toEqual([]);
  expect(west.downs).toMatchObject([{ why: 'timeout' }]);
  expectAgreement({ west, east });
});

test('a Quick Mode that is not confirmed leaves nothing behind', () => {
  const { west, east, wire, clock } = pair();
  west.up();
  for (const line of [...MAIN, ...QUICK.slice(0, 2)]) wire.expect(line);
  wire.lose(QUICK[2]);
  wire.isCut = true;
  expect(east.plane.size).toBe(1);
  expect(east.plane.send('w-e')).toBeUndefined();
  clock.advance(120_000);
  expect(east.plane.size).toBe(0);
  expect([...east.plane.reserved]).toEqual([]);
});

test('whoever gives up an answered Quick Mode tells the other end, which may have it', () => {
  const { west, east, wire, clock } = pair();
  west.up();
  for (const line of [...MAIN, ...QUICK.slice(0, 2)]) wire.expect(line);
  wire.lose(QUICK[2]);
  expect(west.plane.size).toBe(1);
  wire.isCut = true;
  clock.advance(59_000);
  wire.isCut = false;
  clock.advance(2_000);
  wire.release();
  clock.advance(10);
  expect([west, east].map(({ plane }) => plane.size)).toEqual([0, 0]);
});

describe('by seed', () => {
  const weather = { loss: 0.25, duplication: 0.2, minDelay: 1, maxDelay: 400 };
  test.each([false, true])('lossy handshakes (aggressive %s)', (aggressive) => {
    for (let seed = 0; seed < 100; seed++) {
      const made = pair({ seed, weather, policy: { v1: { aggressive }, child: { pfs: seed % 2 === 0 } } });
      made.west.up();
      // The third retransmission gets through.
      made.clock.advance(9_000);
      made.wire.weather = FAIR;
      made.clock.advance(120_000);
      const text = `seed ${seed}: ${made.west.lines.slice(-3).join(' | ')}`;
      expect(made.west.agreed(), text).toEqual(made.east.agreed(true));
      expect(made.west.plane.size, text).toBe(1);
    }
  });
});

test('a helper that takes its time loses nothing', () => {
  upPair({
    weather: { loss: 0, duplication: 0.5, minDelay: 1, maxDelay: 3 },
    west: { jobMs: 40 },
    east: { jobMs: 90 },
  });
});
