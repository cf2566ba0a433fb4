import { describe, expect, test } from 'vitest';
import { IMPAIRMENTS } from '../../src/actors/impairments.ts';
import { RC } from '../../src/control/reply-codes.ts';
import { town, upTown } from './town.ts';

const impair = (...set: string[]) => ({ kind: 'impair', set, clear: [] }) as const;

describe('--impair', () => {
  test('drop-outbound: nothing leaves, and it comes up once that is over', () => {
    const { west, wire, clock } = town();
    west.whack(impair('drop-outbound'));
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    expect(wire.sent).toBe(0);
    west.whack(impair('none'));
    clock.advance(1_000);
    expect(up.exit).toBe(0);
  });

  test('drop-inbound: nothing comes in', () => {
    const { west, east, clock } = town();
    east.whack(impair('drop-inbound'));
    west.whack({ kind: 'initiate', name: 'w-e' });
    clock.advance(5_000);
    expect(east.world.switchboard.size).toBe(0);
    east.whack({ kind: 'impair', set: [], clear: ['drop-inbound'] });
    clock.advance(10_000);
    expect(west.plane.sas.size).toBe(2);
  });

  test.each(['jacob-two-two', 'replay-duplicates'])('%s: all of it twice, and one tunnel', (behaviour) => {
    const { west, east, wire } = town();
    for (const house of [west, east]) house.whack(impair(behaviour));
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    expect(wire.sent).toBeGreaterThan(4);
    for (const house of [west, east]) expect([house.plane.sas.size, house.crashes]).toEqual([2, []]);
  });

  test('corrupt-outbound: no authentic message gets through', () => {
    const { west, east, clock } = upTown();
    west.whack(impair('corrupt-outbound'));
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    clock.advance(1_000);
    expect(east.log.filter((line) => line.includes('rekeyed'))).toEqual([]);
  });

  test('suppress-retransmits: one packet, and the timeout all the same', () => {
    const { west, wire, clock } = town();
    wire.loses = () => true;
    west.whack(impair('suppress-retransmits'));
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    clock.advance(59_000);
    expect(wire.sent).toBe(1);
    clock.advance(2_000);
    expect(up.exit).toBe(RC.NORETRANSMISSION);
  });

  test('help lists all, list what is on, no-x takes one away', () => {
    const { west } = town();
    expect(west.whack(impair('help')).lines).toHaveLength(Object.keys(IMPAIRMENTS).length);
    expect(west.whack(impair('list')).text).toBe('nothing is impaired');
    west.whack(impair('jacob-two-two', 'drop-inbound'));
    west.whack(impair('no-drop-inbound'));
    expect(west.whack(impair('list')).text).toBe('jacob-two-two');
    expect(west.log.at(-1)).toBe('impaired on purpose: jacob-two-two');
  });

  test('an unknown one changes nothing', () => {
    const { west } = town();
    const refused = west.whack(impair('jacob-two-two', 'drop-inbond'));
    expect([refused.exit, refused.text]).toEqual([
      RC.WHACK_PROBLEM,
      'unknown behaviour "drop-inbond"; did you mean "drop-inbound"?',
    ]);
    expect(west.world.impairments.list()).toEqual([]);
  });
});
