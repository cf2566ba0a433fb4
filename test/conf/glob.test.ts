import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globPart } from '../../src/conf/glob.ts';

test.each([
  ['*.conf', 'a.conf', true],
  ['*.conf', '.conf', false],
  ['*.conf', 'a.confx', false],
  ['.*.conf', '.a.conf', true],
  ['?.conf', 'ab.conf', false],
  ['?', '😀', true],
  ['[a-c].conf', 'b.conf', true],
  ['[!a-c].conf', 'b.conf', false],
  ['[!a-c].conf', 'd.conf', true],
  ['[-x]', '-', true],
  ['[x-]', '-', true],
  ['[x-]', 'y', false],
  ['[*]', '*', true],
  ['[*]', 'a', false],
  ['[]', '[]', true],
  ['a+b*', 'a+b', true],
  ['a+b*', 'aab', false],
  ['a*b*c', 'a1b2b3c', true],
  ['a*b*c', 'a1b2', false],
  ['**', '', true],
  ['?', '', false],
  ['[z-a]', 'z', false],
  ['*', 'x\ny', true],
])('glob %j and %j: %s', (pattern, name, expected) => expect(globPart(pattern)?.(name)).toBe(expected));

test('what has no wildcard is no pattern', () => expect(globPart('a.conf')).toBeUndefined());

test('any pattern matches something, nothing, or is only itself', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 30 }), (pattern, name) => {
      expect([true, false, undefined]).toContain(globPart(pattern)?.(name));
    }),
  );
});

test('what a name is made of, it matches', () => {
  const piece = fc.constantFrom('a', 'b', '-', '.c');
  const wild = fc.constantFrom('*', '?', '[ab]', '[!z]');
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, wild), { minLength: 1 }), (parts) => {
      const pattern = parts.map(([text, token]) => text + token).join('');
      const name = parts
        .map(([text, token]) => text + { '*': 'xyz', '?': 'q', '[ab]': 'a', '[!z]': 'y' }[token])
        .join('');
      expect(globPart(pattern)?.(name)).toBe(true);
    }),
  );
});

test('many stars cost no more than a few', () => {
  expect(globPart('*a'.repeat(2000).concat('*b'))?.('a'.repeat(4000))).toBe(false);
});
