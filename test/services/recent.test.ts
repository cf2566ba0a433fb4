import { expect, test } from 'vitest';
import { Recent } from '../../src/services/recent.ts';

function bench(most = 10) {
  let time = 0;
  let asked = 0;
  const settle: ((result: number) => void)[] = [];
  const recent = new Recent<number>({ keep: (result) => result, most, now: () => time });
  const ask = (key: string) => recent.ask(key, () => new Promise((resolve) => void settle.push(resolve)));
  const soon = async (key: string, result: number) => {
    asked = settle.length;
    const answer = ask(key);
    settle[asked]?.(result);
    return answer;
  };
  const pass = (ms: number) => {
    time += ms;
  };
  return { recent, ask, settle, soon, pass };
}

test('those who ask together are answered together', async () => {
  const { recent, ask, settle } = bench();
  const all = Promise.all([ask('a'), ask('a'), ask('b')]);
  expect(settle).toHaveLength(2);
  settle[0](100);
  settle[1](200);
  expect(await all).toEqual([100, 100, 200]);
  expect(recent.figures).toEqual({ asked: 2, spared: 1 });
});

test('an answer is good for as long as it says, and not a moment longer', async () => {
  const { soon, pass, settle } = bench();
  expect(await soon('a', 100)).toBe(100);
  pass(99);
  expect(await soon('a', 5)).toBe(100);
  pass(1);
  expect(await soon('a', 0)).toBe(0);
  expect(settle).toHaveLength(2);
  expect(await soon('a', 7)).toBe(7);
});

test('no more are kept than there is room for: the oldest goes', async () => {
  const { soon, recent, settle } = bench(2);
  for (const key of ['a', 'b', 'c']) await soon(key, 100);
  expect(recent.size).toBe(2);
  await soon('b', 100);
  await soon('c', 100);
  expect(settle).toHaveLength(3);
  await soon('a', 100);
  expect(settle).toHaveLength(4);
  recent.forget('a');
  await soon('a', 100);
  expect(settle).toHaveLength(5);
  recent.clear();
  expect(recent.size).toBe(0);
});
