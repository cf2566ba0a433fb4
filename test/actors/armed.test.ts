import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Armed,
  armedAt,
  idAt,
  noneArmed,
  TIMER_NAMES,
  timersIn,
  withoutTimerAt,
  withTimer,
} from '../../src/actors/armed.ts';
import type { TimerId } from '../../src/actors/runtime/index.ts';

const operation = fc.record({
  name: fc.constantFrom(...TIMER_NAMES),
  serial: fc.constantFrom(undefined, 1, 2, 4_000_000_000),
  id: fc.nat().map((n) => (n * 2 ** 22) as TimerId),
  due: fc.nat(),
  arms: fc.boolean(),
});

test('a list of armed timers is a Map of name and serial, in the order of arming', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      let list: Armed = noneArmed;
      const model = new Map<string, { name: string; serial?: number; in: number }>();
      for (const { name, serial, id, due, arms } of operations) {
        const key = `${name} ${serial}`;
        const at = armedAt(list, name, serial);
        expect(at >= 0).toBe(model.has(key));
        if (at >= 0) list = withoutTimerAt(list, at);
        model.delete(key);
        if (!arms) continue;
        list = withTimer(list, name, serial, id, due);
        model.set(key, { name, in: due - 7, ...(serial === undefined ? {} : { serial }) });
        expect(idAt(list, armedAt(list, name, serial))).toBe(id);
      }
      expect(timersIn(list, 7)).toEqual([...model.values()]);
    }),
  );
});
