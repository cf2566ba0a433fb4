import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimerWheel } from '../../../src/actors/runtime/timer-wheel.ts';

/** From one tick to beyond the wheel's horizon of 2^32. */
const delay = fc.oneof(
  fc.nat(300),
  fc.nat(70_000),
  fc.nat(20_000_000),
  fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  fc.integer({ min: 2 ** 31, max: 2 ** 34 }),
  fc.constantFrom(0.25, 255, 256, 257, 65_535, 65_536, 2 ** 24 - 1, 2 ** 24, 2 ** 32 - 1, 2 ** 32, 2 ** 33),
);
const timer = fc.nat(40);
const action = fc.oneof(
  fc.record({ do: fc.constant('arm' as const), timer, delay }),
  fc.record({ do: fc.constant('cancel' as const), timer }),
  fc.record({ do: fc.constant('advance' as const), by: delay }),
  fc.record({ do: fc.constant('next' as const) }),
);

test('the wheel fires what a list of deadlines fires, at the same ticks', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, 12_345, 2 ** 32 - 3, 2 ** 40 + 17),
      fc.array(action, { maxLength: 60 }),
      (start, actions) => {
        const wheel = new TimerWheel(start);
        wheel.grow(41);
        const model = new Map<number, number>();
        let now = start;
        const advance = (to: number) => {
          const due = [...model].filter(([, at]) => at <= to);
          const fired: number[] = [];
          wheel.advance(to, (t) => fired.push(t));
          expect([...fired].sort()).toEqual(due.map(([t]) => t).sort());
          const times = fired.map((t) => model.get(t)!);
          expect(times).toEqual([...times].sort((a, b) => a - b));
          for (const t of fired) model.delete(t);
          now = to;
        };
        for (const a of actions) {
          if (a.do === 'arm' && !model.has(a.timer)) {
            wheel.arm(a.timer, now + a.delay);
            model.set(a.timer, Math.max(Math.ceil(now + a.delay), Math.floor(now) + 1));
          } else if (a.do === 'cancel') {
            wheel.cancel(a.timer);
            model.delete(a.timer);
          } else if (a.do === 'advance') {
            advance(now + a.by);
          } else if (a.do === 'next') {
            // What a host timer does: go to the next tick with work, neither past a deadline nor standing still.
            const next = wheel.next();
            expect(next).toBeLessThanOrEqual(Math.min(Number.POSITIVE_INFINITY, ...model.values()));
            if (Number.isFinite(next)) {
              expect(next).toBeGreaterThan(Math.floor(now));
              advance(next);
            }
          }
          for (let t = 0; t <= 40; t++) expect(wheel.isArmed(t)).toBe(model.has(t));
        }
        advance(now + 2 ** 36);
        expect(wheel.next()).toBe(Number.POSITIVE_INFINITY);
      },
    ),
    { numRuns: 500 },
  );
});

test('a timer far away costs a handful of wake-ups, not one a tick', () => {
  const wheel = new TimerWheel(0);
  wheel.grow(1);
  wheel.arm(0, 8 * 3_600_000 + 12_345);
  let wakes = 0;
  let firedAt = 0;
  while (firedAt === 0) {
    const at = wheel.next();
    wheel.advance(at, () => {
      firedAt = at;
    });
    wakes++;
  }
  expect(firedAt).toBe(8 * 3_600_000 + 12_345);
  expect(wakes).toBeLessThanOrEqual(4);
});

test('a timer armed while others fire waits for a later tick', () => {
  const wheel = new TimerWheel(0);
  wheel.grow(2);
  wheel.arm(0, 10);
  const fired: number[] = [];
  const fire = (t: number) => {
    fired.push(t);
    if (t === 0) wheel.arm(1, 0);
  };
  wheel.advance(10, fire);
  expect(fired).toEqual([0]);
  wheel.advance(11, fire);
  expect(fired).toEqual([0, 1]);
});
