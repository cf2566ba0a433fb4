import { describe, expect, test } from 'vitest';
import type { Problem } from '../../src/conf/problem.ts';
import { MAX_INCLUDE_DEPTH, scan } from '../../src/conf/scan.ts';
import { memoryFiles } from './memory-files.ts';

function scanned(files: string | Record<string, string>) {
  const problems: Problem[] = [];
  const record = typeof files === 'string' ? { '/etc/ipsec.conf': files } : files;
  const statements = scan('/etc/ipsec.conf', memoryFiles(record), (p) => problems.push(p));
  return { statements, problems: problems.map((p) => `${p.file}:${p.line}: ${p.text}`) };
}

const value = (text: string) => {
  const { statements, problems } = scanned(`conn a\n\tleftid=${text}\n`);
  const [, setting] = statements;
  return problems[0] ?? (setting?.t === 'setting' ? setting.value : undefined);
};

describe('lines', () => {
  test('heads, settings, comments and blank lines, each with its place', () => {
    const text =
      '# top\nversion 2.0\n\nconfig setup # here\n  nhelpers=0\n# between\nconn  west\r\n\tleft = 192.0.2.1 # us\n';
    expect(scanned(text)).toEqual({
      problems: [],
      statements: [
        { t: 'section', section: 'setup', name: 'setup', file: '/etc/ipsec.conf', line: 4 },
        { t: 'setting', keyword: 'nhelpers', value: '0', file: '/etc/ipsec.conf', line: 5 },
        { t: 'section', section: 'conn', name: 'west', file: '/etc/ipsec.conf', line: 7 },
        { t: 'setting', keyword: 'left', value: '192.0.2.1', file: '/etc/ipsec.conf', line: 8 },
      ],
    });
  });

  test.each([
    ['@west', '@west'],
    ['"C=CA, O=x"', 'C=CA, O=x'],
    ['"a # b"', 'a # b'],
    ['{ 10.0.0.0/8, 10.1.0.0/16 }', ' 10.0.0.0/8, 10.1.0.0/16 '],
    ['a#b', 'a#b'],
    ['', ''],
    ['# all comment', ''],
    ['""', ''],
    ['a=b', 'a=b'],
  ])('leftid=%s is %j', (text, expected) => expect(value(text)).toBe(expected));

  test.each([
    ['"west', 'the closing quote is missing'],
    ['{west', 'the closing brace is missing'],
    ['two words', 'more than one word'],
    ['"west"east', 'text right after the closing "'],
    ['we"st', 'a quote inside a word'],
    ['we\x01st', 'control character'],
    ['we\u009b31mst', 'control character'],
    ['we\u202est', 'control character'],
  ])('leftid=%s is a fault with its place', (text, fault) => {
    expect(value(text)).toContain('/etc/ipsec.conf:2: ');
    expect(value(text)).toContain(fault);
  });

  test.each([
    ['left=192.0.2.1', 'must be indented'],
    ['conn', 'expected KEYWORD=VALUE'],
    ['ca west', 'expected KEYWORD=VALUE'],
    ['config steup', 'expected config setup'],
    ['\tconn west', 'must not be indented'],
    ['\tle ft=x', 'cannot be a keyword'],
    ['\t=x', 'cannot be a keyword'],
    ['include', 'expected KEYWORD=VALUE'],
  ])('%j is a fault', (line, fault) => expect(scanned(`${line}\n`).problems[0]).toContain(fault));
});

describe('include', () => {
  test('globs, relative to the including file, in order, with places of their own', () => {
    const { statements } = scanned({
      '/etc/ipsec.conf': 'include ipsec.d/*.conf\n',
      '/etc/ipsec.d/b.conf': 'conn b\n',
      '/etc/ipsec.d/a.conf': 'conn a\n',
      '/etc/ipsec.d/.hidden.conf': 'conn hidden\n',
      '/etc/ipsec.d/c.txt': 'conn c\n',
    });
    expect(statements.map((s) => `${s.file}:${s.line} ${s.t === 'section' ? s.name : ''}`)).toEqual([
      '/etc/ipsec.d/a.conf:1 a',
      '/etc/ipsec.d/b.conf:1 b',
    ]);
  });

  test('a missing file is a warning, a glob without matches is nothing', () => {
    const { problems } = scanned('include /nowhere/*.conf\ninclude /nowhere/x.conf\n');
    expect(problems).toEqual(['/etc/ipsec.conf:2: cannot read "/nowhere/x.conf": ENOENT']);
  });

  test('a loop ends at the depth limit', () => {
    const files = memoryFiles({ '/etc/ipsec.conf': 'include ipsec.conf\n' });
    const problems: Problem[] = [];
    scan('/etc/ipsec.conf', files, (p) => problems.push(p));
    expect(files.reads.length).toBe(MAX_INCLUDE_DEPTH + 1);
    expect(problems.map((p) => p.text)).toEqual(['includes are nested more than 10 deep']);
  });

  test('a chain that multiplies ends at the limit of files', () => {
    const files = memoryFiles({ '/etc/ipsec.conf': 'include ipsec.conf\n'.repeat(100) });
    const problems: Problem[] = [];
    scan('/etc/ipsec.conf', files, (p) => problems.push(p));
    expect(files.reads.length).toBe(20_000);
    expect(problems.filter((p) => p.text === 'more than 20000 files are included').length).toBe(1);
  });

  test('a large file that is included again and again ends at the limit of text', () => {
    const fs = memoryFiles({ '/etc/ipsec.conf': 'include big\n'.repeat(100), '/etc/big': '#'.repeat(16 << 20) });
    const problems: Problem[] = [];
    scan('/etc/ipsec.conf', fs, (p) => problems.push(p));
    expect(problems).toMatchObject([{ line: 16, text: 'more than 256 MiB are included' }]);
  });

  test('a configuration that is not there is an error', () => {
    const problems: Problem[] = [];
    scan('/etc/ipsec.conf', memoryFiles({}), (p) => problems.push(p));
    expect(problems).toEqual([
      { severity: 'error', file: '/etc/ipsec.conf', line: 0, text: 'cannot read "/etc/ipsec.conf": ENOENT' },
    ]);
  });
});
