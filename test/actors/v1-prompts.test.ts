/** A person who is asked for a password and does not type: nothing else waits for that longer than it must. */
import { expect, test } from 'vitest';
import type { PromptCode, Typed } from '../../src/control/answer.ts';
import { Heard } from './heard.ts';
import { conn, town } from './town.ts';

const keywords = {
  ...{ keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1', keyingtries: '1' },
  ...{ leftxauthclient: 'yes', rightxauthserver: 'yes', leftusername: 'carol' },
};

/** Stares at the prompt. */
class Dreamer extends Heard {
  readonly typed: Typed[] = [];

  prompt(_code: PromptCode, _text: string, typed: Typed): void {
    this.typed.push(typed);
  }
}

function asked() {
  const house = { ikev1Policy: 'accept' } as const;
  const made = town({ both: conn('w-e', keywords), west: house, east: house });
  const dreamer = new Dreamer();
  made.west.control.handle({ kind: 'initiate', name: 'w-e' }, dreamer);
  made.clock.settle();
  expect(dreamer.typed).toHaveLength(1);
  expect(dreamer.exit).toBeUndefined();
  return { ...made, dreamer };
}

test('ipsec down ends both at once, with a farewell', () => {
  const { west, east, dreamer } = asked();
  expect(west.whack({ kind: 'terminate', name: 'w-e' }).exit).toBe(0);
  expect(dreamer.isOpen).toBe(false);
  for (const house of [west, east]) expect(house.world.switchboard.size).toBe(0);
  const typed = Uint8Array.from(Buffer.from('swordfish'));
  dreamer.typed[0](typed);
  west.clock.settle();
  expect(west.crashes).toEqual([]);
  expect(typed.every((octet) => octet === 0)).toBe(true);
});

test('so does a peer that does not want to wait', () => {
  const { west, east, dreamer } = asked();
  expect(east.whack({ kind: 'deletestate', serial: 1 }).exit).toBe(0);
  expect(west.world.switchboard.size).toBe(0);
  expect(dreamer.isOpen).toBe(false);
});

test('and after some minutes nobody waits any more', () => {
  const { west, east, dreamer, clock } = asked();
  clock.advance(10 * 60_000);
  for (const house of [west, east]) expect(house.world.switchboard.size).toBe(0);
  expect(dreamer.isOpen).toBe(false);
});

test('whoever goes away from the keyboard ends it too', () => {
  const { west, dreamer, clock } = asked();
  dreamer.go();
  for (const typed of dreamer.typed) typed(undefined);
  clock.settle();
  expect(west.world.switchboard.size).toBe(0);
});
