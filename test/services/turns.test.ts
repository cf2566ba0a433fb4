import { expect, test } from 'vitest';
import { Turns } from '../../src/services/turns.ts';

test('so many at a time, the next in their order, and no more waiting than may', async () => {
  const turns = new Turns(2, 2);
  const begun: string[] = [];
  const end = new Map<string, () => void>();
  const work = (name: string) =>
    turns.take(() => {
      begun.push(name);
      return new Promise<string>((resolve) => void end.set(name, () => resolve(name)));
    });
  const all = ['a', 'b', 'c', 'd'].map(work);
  expect(await work('e')).toBeUndefined();
  expect(begun).toEqual(['a', 'b']);
  end.get('b')?.();
  expect(await all[1]).toBe('b');
  await Promise.resolve();
  expect(begun).toEqual(['a', 'b', 'c']);
  const late = work('f');
  for (const name of ['a', 'c']) {
    end.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const name of ['d', 'f']) end.get(name)?.();
  expect(await Promise.all([...all, late])).toEqual(['a', 'b', 'c', 'd', 'f']);
});

test('work that fails gives its turn back', async () => {
  const turns = new Turns(1, 1);
  await expect(turns.take(() => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
  expect(await turns.take(async () => 'next')).toBe('next');
});
