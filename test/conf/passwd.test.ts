import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePasswd } from '../../src/conf/passwd.ts';
import { formatProblem } from '../../src/conf/problem.ts';

const HASH = '$6$salt$secretdigest';
const read = (text: string) => {
  const { users, problems } = parsePasswd(text, '/p');
  return { users, problems: problems.map(formatProblem) };
};

describe('passwd', () => {
  test('has users for one connection or for all, with addresses of their own or without', () => {
    const { users, problems } = read(
      `# users\n\ncarol:${HASH}:road:10.9.0.7\r\n  dave:${HASH}\ncarol:other\nerin:${HASH}::10.9.0.8-10.9.0.9\n`,
    );
    expect(problems).toEqual([]);
    expect(users.size).toBe(4);
    expect(users.of('carol', 'road')).toMatchObject([
      { name: 'carol', hash: HASH, conn: 'road', line: 3 },
      { hash: 'other', conn: undefined, addresses: [], line: 5 },
    ]);
    expect(`${users.of('carol', 'road')[0].addresses[0].start}`).toBe('10.9.0.7');
    expect(users.of('carol', 'office').map(({ hash }) => hash)).toEqual(['other']);
    expect(users.of('dave', 'any')).toHaveLength(1);
    expect(`${users.of('erin', 'x')[0].addresses[0].end}`).toBe('10.9.0.9');
    expect(users.of('nobody', 'road')).toEqual([]);
    expect(users.of('__proto__', 'road')).toEqual([]);
  });

  test.each([
    ['carol', '/p:1: expected NAME:HASH[:CONN[:ADDRESSES]], got 1 fields; the line is left out'],
    [`a:${HASH}:b:10.0.0.1:e`, '/p:1: expected NAME:HASH[:CONN[:ADDRESSES]], got 5 fields; the line is left out'],
    [`:${HASH}`, '/p:1: the name is missing; the line is left out'],
    ['carol::road', '/p:1: "carol" has no hash of a password; the line is left out'],
    [`${'x'.repeat(129)}:${HASH}`, '/p:1: a name has at most 128 octets; the line is left out'],
    [`carol:${HASH}:road:nowhere`, '/p:1: addresses of "carol"'],
    [`car\u0007ol:${HASH}`, '/p:1: a control character; the line is left out'],
    ['x'.repeat(2000), '/p:1: more than 1024 characters; the line is left out'],
  ])('leaves out what is wrong, and says where: %#', (line, problem) => {
    const { users, problems } = read(`${line}\ndave:${HASH}\n`);
    expect(users.size).toBe(1);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
    expect(problems[0]).not.toContain('secretdigest');
  });

  test('any text is users and problems', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ':', '\n', '#', ' ', '$', '1', '.', '-', '\0') }), (text) => {
        const { users, problems } = parsePasswd(text, '/p');
        const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
        expect(users.size + problems.length).toBe(lines.length);
      }),
    );
  });
});
