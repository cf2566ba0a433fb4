import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { globPart } from '../../src/conf/glob.ts';
import { KEYWORDS } from '../../src/conf/keywords.ts';
import { loadConfig } from '../../src/conf/load.ts';
import { hasErrors } from '../../src/conf/problem.ts';
import { loadSecrets } from '../../src/conf/secrets.ts';
import { memoryFiles } from './memory-files.ts';

/** Mostly text that gets far: real keywords, plausible values, and now and then anything. */
const names = KEYWORDS.map((k) => `${k.sided ? 'left' : ''}${k.name}`);
const value = fc.oneof(
  fc.constantFrom(
    'yes',
    'no',
    '',
    '10s',
    '0',
    '%any',
    '192.0.2.1',
    '10.0.0.0/8',
    '"a b"',
    '{x, y}',
    'secret',
    'c0',
    'c1',
  ),
  fc.constantFrom(
    'aes256-sha2',
    '::',
    '@west',
    '%v4:10.0.0.0/8',
    '1/2/3/4/5',
    '10.0.0.1-10.0.0.9',
    '100%',
    '-',
    '0x',
    '.',
  ),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const line = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...names, 'right'), value).map(([k, v]) => `\t${k}=${v}`) },
  { weight: 2, arbitrary: fc.constantFrom('conn c0', 'conn c1', 'conn %default', 'config setup', 'include x', '# c') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);
const text = fc.array(line, { maxLength: 40 }).map((lines) => lines.join('\n'));

describe('any text', () => {
  test('is conns or problems, each with its place, and never a throw', () => {
    fc.assert(
      fc.property(text, text, (main, included) => {
        const config = loadConfig('/a', memoryFiles({ '/a': main, '/x': included }));
        if (hasErrors(config.problems)) expect(config.conns).toEqual([]);
        for (const problem of config.problems) {
          expect(['/a', '/x']).toContain(problem.file);
          expect(problem.text).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
          expect(problem.text.length).toBeLessThan(400);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('of each keyword with each odd value likewise', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), value, (name, odd) => {
        const complete = `conn c\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret\n\t${name}=${odd}\n`;
        const { conns, problems } = loadConfig('/a', memoryFiles({ '/a': complete }));
        expect(conns.length > 0).toBe(!hasErrors(problems));
      }),
      { numRuns: 2000 },
    );
  });

  test('is secrets or problems, and no problem tells a value', () => {
    const word = fc.oneof(
      fc.constantFrom(':', 'PSK', '@west', '%any', '"', "'", '{', '}', '\n', '\t', '#', 'RSA', 'include', '0x', '::1'),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (words) => {
        const { problems } = loadSecrets('/a', memoryFiles({ '/a': words.join(' ') }));
        for (const problem of problems) expect(problem.line).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
    const secret = fc.stringMatching(/^[A-Z]{12}$/);
    const around = fc.constantFrom('@w : PSK $', ': PSK "$', ': PSK 0x$', ': RSA $ $', '$ $', ': $ "x"', ': PSK $ "$"');
    fc.assert(
      fc.property(secret, around, (value, form) => {
        const { problems } = loadSecrets('/a', memoryFiles({ '/a': form.replaceAll('$', () => value) }));
        expect(problems.length).toBeGreaterThan(0);
        expect(JSON.stringify(problems)).not.toContain(value);
      }),
    );
  });

  test('is a glob that matches something, nothing, or only itself', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 30 }), (pattern, name) => {
        const matches = globPart(pattern);
        expect([true, false, undefined]).toContain(matches?.(name));
      }),
    );
  });
});

test.each([
  ['*.conf', 'a.conf', true],
  ['*.conf', '.conf', false],
  ['*.conf', 'a.confx', false],
  ['?.conf', 'ab.conf', false],
  ['[a-c].conf', 'b.conf', true],
  ['[!a-c].conf', 'b.conf', false],
  ['a+b*', 'a+b', true],
  ['a+b*', 'aab', false],
  ['[z-a]', 'z', false],
  ['*', 'x\ny', true],
])('glob %j and %j: %s', (pattern, name, expected) => expect(globPart(pattern)?.(name)).toBe(expected));
