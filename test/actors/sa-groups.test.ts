import { expect, test } from 'vitest';
import type { IkeSaMessage } from '../../src/actors/ike-sa.ts';
import type { ActorRef } from '../../src/actors/runtime/index.ts';
import { SaGroups } from '../../src/actors/sa-groups.ts';

const sas = (count: number) => Array.from({ length: count }, () => ({}) as ActorRef<IkeSaMessage>);

test('what is added under a key is there until it is removed', () => {
  const groups = new SaGroups();
  const [one, two, three] = sas(3);
  for (const sa of [one, one, two, three]) groups.add('k', sa);
  expect([...groups.of('k')]).toEqual([one, two, three]);
  expect(groups.remove('other', one)).toBe(false);
  for (const sa of [one, three, three]) expect(groups.remove('k', sa)).toBe(false);
  expect([...groups.of('k')]).toEqual([two]);
  expect(groups.remove('k', one)).toBe(false);
  expect(groups.remove('k', two)).toBe(true);
  expect([...groups.of('k')]).toEqual([]);
  expect(groups.remove('k', two)).toBe(false);
});

test('the latest is the last that came, or one of those that are left', () => {
  const groups = new SaGroups();
  const [one, two, three] = sas(3);
  for (const sa of [one, two, three]) groups.add('k', sa);
  expect(groups.latest('k')).toBe(three);
  groups.remove('k', one);
  expect(groups.latest('k')).toBe(three);
  groups.remove('k', three);
  expect(groups.latest('k')).toBe(two);
  groups.forget('k');
  expect(groups.latest('k')).toBeUndefined();
});
