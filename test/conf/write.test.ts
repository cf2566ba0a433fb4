import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BYTES, COUNT, type KeywordType, LIST, MILLIS, PERCENT, SECONDS } from '../../src/conf/keyword.ts';
import { KEYWORDS } from '../../src/conf/keywords.ts';
import { hasErrors } from '../../src/conf/problem.ts';
import { isFault, parseTyped } from '../../src/conf/values.ts';
import { writeValue } from '../../src/conf/write.ts';
import { lost, read, written } from './round-trip.ts';

describe('what is written', () => {
  test('is settled, canonical, and in the order of the table', () => {
    const text =
      'conn %default\n\tauthby=secret\n\tkeylife=3600\nconn base\n\tleft=192.0.2.1\n\tleftid="C=CA, CN=west"\n' +
      'conn w\n\talso=base\n\tright=%any\n\trekeyfuzz=50%\n\tauto=route\n\tikev2=insist\n\tipsec-max-bytes=1.5MiB\n' +
      '\tsubnet={10.0.0.0/8 10.1.0.0/16}\n\tretransmit-interval=1500\n\tdpddelay=90\n\tesp=aes256 # strong\n';
    expect(written(`config setup\n\tuniqueids=1\n${text}`)).toBe(
      'config setup\n\tuniqueids=yes\n\n' +
        'conn base\n\tleft=192.0.2.1\n\tleftid="C=CA, CN=west"\n\tauthby=secret\n\tipsec-lifetime=1h\n\n' +
        'conn w\n\tleft=192.0.2.1\n\tleftid="C=CA, CN=west"\n\tright=%any\n\trightsubnet=10.0.0.0/8,10.1.0.0/16\n' +
        '\tauto=ondemand\n\tauthby=secret\n\tkeyexchange=ikev2\n\tretransmit-interval=1500ms\n\tdpddelay=90s\n' +
        '\tesp=aes256\n\tipsec-lifetime=1h\n\tipsec-max-bytes=1536KiB\n\trekeyfuzz=50%\n\n',
    );
  });

  test.each([
    ['a word', '@west', '@west'],
    ['blanks', '"a b"', '"a b"'],
    ['nothing', '""', '""'],
    ['a quote', '{a"b}', '{a"b}'],
    ['a brace', '"a}b"', '"a}b"'],
    ['a comment', '"#a"', '"#a"'],
    ['a # inside', 'a#b', 'a#b'],
    ['what starts as braces do', '"{a"', '"{a"'],
  ])('has %s in the quotes that it needs', (_, value, expected) => {
    expect(written(`conn c\n\tmodecfgbanner=${value}\n`)).toBe(`conn c\n\tmodecfgbanner=${expected}\n\n`);
  });

  test('has a line for each word where no quotes hold them all', () => {
    const text = 'conn c\n\tconnalias={a"b}\n\tconnalias="c}d"\n';
    expect(written(text)).toBe('conn c\n\tconnalias={a"b}\n\tconnalias="c}d"\n\n');
    expect(lost(text)).toEqual([]);
  });
});

test.each([
  [SECONDS, '0'],
  [SECONDS, '1d'],
  [SECONDS, '90s'],
  [SECONDS, '1500ms'],
  [MILLIS, '500ms'],
  [PERCENT, '0%'],
  [BYTES, '8EiB'],
  [BYTES, '1025'],
  [BYTES, '0'],
  [COUNT, '3Mi'],
  [LIST, 'a, b c'],
] as readonly (readonly [KeywordType, string])[])('%j: %s reads back', (type, text) => {
  const value = parseTyped(type, text);
  if (isFault(value)) throw new Error(value.fault);
  expect(parseTyped(type, writeValue(type, value))).toEqual(value);
});

describe('reads back to the same', () => {
  const { rows } = JSON.parse(readFileSync(new URL('../fixtures/conf/verdicts.json', import.meta.url), 'utf8')) as {
    rows: readonly (readonly [number | null, Readonly<Record<string, string>>])[];
  };

  test('for libreswan’s conns', () => {
    const conns = rows.map(([, keywords], i) => {
      const lines = Object.entries(keywords).map(([key, value]) => `\t${key}="${value}"\n`);
      return `conn c${i}\n${lines.join('')}`;
    });
    expect(lost(conns.join('\n'))).toEqual([]);
  });

  const SIDES = ['left', 'right'];
  const names = KEYWORDS.flatMap((k) =>
    [k.name, ...(k.aliases ?? [])].flatMap((name) => (k.sided ? SIDES.map((side) => side + name) : [name])),
  );
  const words = KEYWORDS.flatMap(({ type }) => (type.t === 'enum' ? Object.keys(type.words) : []));
  const value = fc.oneof(
    fc.constantFrom(...words),
    fc.constantFrom(
      '1',
      '10s',
      '1.5h',
      '500ms',
      '50%',
      '1.5KiB',
      '3Mi',
      '2.5',
      '%any',
      '192.0.2.1',
      '2001:db8::1',
      '@e',
    ),
    fc.constantFrom(
      '10.0.0.0/8',
      '{10.1.0.0/16, 10.2.0.0/16}',
      'c0',
      'c1',
      'aes256-sha2',
      'all no-tmi',
      'secret',
      '0x1',
    ),
    fc.string({ maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const quotes = fc.constantFrom('', '"', '{');
  const setting = fc
    .tuple(fc.constantFrom(...names), value, quotes)
    .map(([name, text, quote]) => `\t${name}=${quote}${text}${quote === '{' ? '}' : quote}`);
  const head = fc.constantFrom('conn c0', 'conn c1', 'conn "a b"', 'conn %default', 'config setup');
  const ends = fc.constant('\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret');
  const section = fc
    .tuple(head, fc.oneof(ends, fc.constant('')), fc.array(setting, { maxLength: 8 }))
    .map(([first, usual, lines]) => [first, ...(first.startsWith('conn c') ? [usual] : []), ...lines].join('\n'));

  test('for any text without an error', () => {
    let sound = 0;
    fc.assert(
      fc.property(fc.array(section, { maxLength: 5 }), (sections) => {
        const text = sections.join('\n');
        if (hasErrors(read(text).problems)) return;
        sound++;
        expect(lost(text)).toEqual([]);
      }),
      { numRuns: 3000 },
    );
    expect(sound).toBeGreaterThan(300);
  });
});
