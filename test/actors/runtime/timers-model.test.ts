import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ActorRef, Behavior, Context, TimerId } from '../../../src/actors/runtime/index.ts';
import { rig } from './rig.ts';

const ACTORS = 3;
const actor = fc.nat(ACTORS - 1);
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('arm' as const), actor, ms: fc.oneof(fc.nat(50), fc.nat(100_000)) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(100) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.oneof(fc.nat(60), fc.nat(100_000)) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const), ms: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), actor }) },
);

type Msg = { do: 'step'; run: (self: Context<Msg>) => void } | { do: 'rang'; serial: number };

class Sleeper implements Behavior<Msg> {
  readonly #rang: (serial: number) => void;

  constructor(rang: (serial: number) => void) {
    this.#rang = rang;
  }

  receive(message: Msg, self: Context<Msg>): void {
    if (message.do === 'step') message.run(self);
    else this.#rang(message.serial);
  }
}

/** What a timer should do: ring once, on its own actor, at or after `due`, unless cancelled or its actor ended. */
interface Model {
  readonly actor: number;
  readonly due: number;
  readonly id: TimerId;
  state: 'armed' | 'rang' | 'off';
}

test('every timer rings once and in time, or is cancelled and never rings', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const { clock, crashes, system } = rig();
      const timers: Model[] = [];
      const refs: ActorRef<Msg>[] = [];
      const isAlive = Array.from({ length: ACTORS }, () => true);
      for (let i = 0; i < ACTORS; i++) {
        const rang = (serial: number) => {
          const timer = timers[serial];
          expect(timer).toMatchObject({ actor: i, state: 'armed' });
          expect(clock.now()).toBeGreaterThanOrEqual(timer.due);
          timer.state = 'rang';
        };
        refs.push(system.spawn(`a${i}`, new Sleeper(rang)));
      }
      const step = (i: number, run: (self: Context<Msg>) => void) => {
        refs[i].tell({ do: 'step', run });
        clock.settle();
      };
      for (const a of actions) {
        if (a.do === 'arm' && isAlive[a.actor]) {
          step(a.actor, (self) => {
            const due = clock.now() + a.ms;
            timers.push({
              actor: a.actor,
              due,
              id: self.after(a.ms, { do: 'rang', serial: timers.length }),
              state: 'armed',
            });
          });
        } else if (a.do === 'cancel' && timers.length > 0) {
          const timer = timers[a.which % timers.length];
          if (!isAlive[timer.actor]) continue;
          step(timer.actor, (self) => {
            self.cancel(timer.id); // often a stale id, whose place another timer has taken
            if (timer.state === 'armed') timer.state = 'off';
          });
        } else if (a.do === 'advance') {
          clock.advance(a.ms + 1);
          const late = timers.filter((t) => t.state === 'armed' && t.due < clock.now() - 1);
          expect(late).toEqual([]);
        } else if (a.do === 'stall') {
          clock.elapse(a.ms);
        } else if (a.do === 'stop') {
          isAlive[a.actor] = false;
          step(a.actor, (self) => self.stop());
          for (const t of timers) if (t.actor === a.actor && t.state === 'armed') t.state = 'off';
        }
        expect(system.counters().timers).toBe(timers.filter((t) => t.state === 'armed').length);
      }
      clock.advance(200_000);
      expect(timers.every((t) => t.state !== 'armed')).toBe(true);
      expect(crashes).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
