import { describe, expect, test } from 'vitest';
import { provenKey } from '../../src/actors/proven.ts';
import { Id } from '../../src/net/id.ts';
import { conn, town } from './town.ts';

function key(conf: Record<string, string | undefined>, id: string, user?: string, isNameless = false) {
  const { registry } = town({ east: { conf: conn('c', conf) } }).east.world;
  const entry = registry.named('c')!;
  return provenKey(entry.policy!, entry, { peerId: Id.parse(id)!, user, isNameless });
}

const FIXED = {};
const OPEN = { leftid: '%any' };

describe('who a peer is', () => {
  test('of a connection for one identity it is that one, and costs no text', () => {
    const { registry } = town().east.world;
    const entry = registry.named('w-e')!;
    const who = { peerId: Id.parse('@west')!, user: undefined, isNameless: false };
    expect(provenKey(entry.policy!, entry, who)).toBe(entry.peer);
  });

  test.each([
    ['identities', OPEN, ['@one'], ['@two']],
    ['users', OPEN, ['@road', 'joe'], ['@road', 'paul']],
    ['users of a fixed connection', FIXED, ['@west', 'joe'], ['@west', 'paul']],
    ['a user and the identity of that name', OPEN, ['@joe', 'joe'], ['@joe']],
    ['a user that is named like a key', OPEN, ['@road', Id.parse('@joe')!.key], ['@joe']],
    ['a user and the identity of a fixed connection', FIXED, ['@west', '@west'], ['@west']],
  ] as const)('%s are two', (_, conf, [one, user], [other, otherUser]) => {
    expect(key(conf, one, user)).not.toBe(key(conf, other, otherUser));
  });

  test('a user is the same under any identity', () => {
    expect(key(OPEN, '@road', 'joe', true)).toBe(key(OPEN, '@phone', 'joe', false));
  });

  test('of whoever has proven nothing there is none', () => {
    expect(key(OPEN, '@paul', undefined, true)).toBeUndefined();
    expect(key(FIXED, '@west', undefined, true)).toBeUndefined();
    expect(key(OPEN, '%null')).toBeUndefined();
  });
});
