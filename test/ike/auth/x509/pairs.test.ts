import { expect, test } from 'vitest';
import { Pairs } from '../../../../src/ike/auth/x509/pairs.ts';
import { sha256 } from '../../../../src/ike/crypto/signed.ts';

const digest = (text: string) => sha256(Buffer.from(text));

test('what was added is there, and nothing else: not half of it, nor both halves the other way round', () => {
  const pairs = new Pairs(64);
  expect(pairs.has(digest('east'), digest('root'))).toBe(false);
  pairs.add(digest('east'), digest('root'));
  expect(pairs.has(digest('east'), digest('root'))).toBe(true);
  expect(pairs.has(digest('east'), digest('other'))).toBe(false);
  expect(pairs.has(digest('root'), digest('east'))).toBe(false);
});

test('every octet counts', () => {
  const pairs = new Pairs(1);
  const [east, root] = [digest('east'), digest('root')];
  pairs.add(east, root);
  for (let at = 0; at < 32; at++) {
    const altered = (octets: Uint8Array) => octets.map((octet, i) => (i === at ? octet ^ 1 : octet));
    expect([pairs.has(altered(east), root), pairs.has(east, altered(root))]).toEqual([false, false]);
  }
});

test('it does not grow: the latest of those that want one place has it', () => {
  const pairs = new Pairs(16);
  const root = digest('root');
  const all = Array.from({ length: 1000 }, (_, n) => digest(`w${n}`));
  for (const one of all) pairs.add(one, root);
  expect(pairs.has(all[999], root)).toBe(true);
  expect(all.filter((one) => pairs.has(one, root)).length).toBeLessThanOrEqual(16);
});
