import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ReadFile, readOptions, wordsOf } from '../../src/cli/options-from.ts';
import { parseWhack } from '../../src/cli/whack-parse.ts';
import { whackRequests } from '../../src/cli/whack-requests.ts';

const files =
  (texts: Readonly<Record<string, string>>): ReadFile =>
  (path) =>
    Object.hasOwn(texts, path) ? { text: texts[path] } : { fault: 'no such file' };

function asked(argv: readonly string[], texts: Readonly<Record<string, string>>) {
  const line = parseWhack(argv, files(texts));
  if ('error' in line) return line.error;
  const requests = whackRequests(line);
  return 'error' in requests ? requests.error : requests;
}

describe('the words of a file', () => {
  const words = (text: string) => wordsOf('f', files({ f: text }));

  test('are parted by white space, kept together by quotes, ended by a comment', () => {
    const text = `--name w-e  --id 'C=CH, CN="x"'\t--psk # a comment\n# another\n\n   --updown "it's" a#b ''\r\nx"y"'z'`;
    expect(words(text)).toEqual([
      { text: '--name', at: 'f:1' },
      { text: 'w-e', at: 'f:1' },
      { text: '--id', at: 'f:1' },
      { text: 'C=CH, CN="x"', at: 'f:1' },
      { text: '--psk', at: 'f:1' },
      { text: '--updown', at: 'f:4' },
      { text: "it's", at: 'f:4' },
      { text: 'a#b', at: 'f:4' },
      { text: '', at: 'f:4' },
      { text: 'xyz', at: 'f:5' },
    ]);
  });

  test.each([
    ['a\n--id "x', 'f:2: a quote is not closed'],
    ["it's", 'f:1: a quote is not closed'],
    ['a "b"c" d', 'f:1: a quote is not closed'],
  ])('%j: none', (text, fault) => expect(words(text)).toEqual({ fault }));

  test('of a file that is not there: none', () => {
    expect(wordsOf('g', files({}))).toEqual({ fault: 'g: no such file' });
  });
});

describe('--optionsfrom', () => {
  test('puts a file’s words where it stands, before and after --to too', () => {
    const texts = { ends: '--host 192.0.2.1\n--to --host 192.0.2.2', more: '--psk' };
    const argv = '--name w-e --optionsfrom ends --id @e --optionsfrom=more'.split(' ');
    expect(asked(argv, texts)).toMatchObject([
      { kind: 'add', conn: { keywords: { left: '192.0.2.1', right: '192.0.2.2', rightid: '@e', authby: 'secret' } } },
    ]);
  });

  test('may stand in a file, and be given the value of an option that stood before it', () => {
    expect(asked(['--optionsfrom', 'a'], { a: '--name w-e\n--optionsfrom b', b: '--initiate' })).toEqual([
      { kind: 'initiate', name: 'w-e' },
    ]);
    expect(asked(['--optionsfrom', 'a', 'w-e'], { a: '--initiate --name' })).toEqual([
      { kind: 'initiate', name: 'w-e' },
    ]);
  });

  test.each<[Record<string, string>, string]>([
    [{ a: '\n--bogus' }, 'a:2: unrecognized option "--bogus"'],
    [{ a: '--status\n\n--status' }, 'a:3: option "--status" repeated'],
    [{ a: '--name' }, 'a:1: option "--name" needs an argument'],
    [{ a: 'status' }, 'a:1: unexpected argument "status"'],
    [{ a: '--optionsfrom b', b: '\n--q' }, 'b:2: unrecognized option "--q"'],
    [{ a: '--status\n--optionsfrom b' }, 'a:2: b: no such file'],
    [{ a: "--name 'x" }, 'a:1: a quote is not closed'],
    [{}, 'a: no such file'],
    [{ a: '--optionsfrom a' }, 'a:1: --optionsfrom is nested deeper than 10 files'],
  ])('%j: refused', (texts, error) => expect(asked(['--optionsfrom', 'a'], texts)).toBe(error));

  test('makes no more words than there is room for', () => {
    const wide = '--debug crypt\n'.repeat(20_000);
    const texts = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [`f${i}`, `--optionsfrom f${i + 1}\n`.repeat(9)]),
    );
    expect(asked(['--optionsfrom', 'f0'], { ...texts, f9: wide })).toMatch(/makes more than 100000 words$/);
  });
});

describe('a file on the disk', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'pluto-options-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  test('is read, unless it is too long or none', () => {
    const path = join(dir, 'a');
    writeFileSync(path, '--status # é\n');
    expect(readOptions(path)).toEqual({ text: '--status # é\n' });
    expect(readOptions('/dev/null')).toEqual({ text: '' });
    expect(readOptions('/dev/zero')).toEqual({ fault: 'longer than 1048576 octets' });
    expect(readOptions(join(dir, 'b'))).toMatchObject({ fault: expect.stringContaining('ENOENT') });
    expect(readOptions(dir)).toMatchObject({ fault: expect.stringContaining('EISDIR') });
  });
});
