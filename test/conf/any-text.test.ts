import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KEYWORDS } from '../../src/conf/keywords.ts';
import { loadConfig } from '../../src/conf/load.ts';
import { hasErrors } from '../../src/conf/problem.ts';
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
});
