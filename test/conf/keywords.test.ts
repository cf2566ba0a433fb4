import { describe, expect, test } from 'vitest';
import { KEYWORDS, lookup, suggest } from '../../src/conf/keywords.ts';
import { defaultOf } from '../../src/conf/values.ts';

describe('the keyword table', () => {
  test.each(['setup', 'conn'] as const)('spells nothing twice in %s', (section) => {
    const seen = new Set<string>();
    const twice = KEYWORDS.filter((k) => k.section === section)
      .flatMap((k) => [k.name, ...(k.aliases ?? [])].map((n) => `${k.sided ? 'left' : ''}${n}`))
      .filter((name) => seen.size === seen.add(name).size);
    expect(twice).toEqual([]);
  });

  test('every default is a value of its type, every later value a word of its enum or list', () => {
    for (const keyword of KEYWORDS) {
      expect(() => defaultOf(keyword)).not.toThrow();
      const { type } = keyword;
      for (const value of keyword.laterValues ?? [])
        expect(
          type.t === 'list' ||
            value === 'HOSTNAME' ||
            keyword.name === '' ||
            (type.t === 'enum' && Object.values(type.words).includes(value)),
        ).toBe(true);
    }
  });

  test('every row has one line of help that fits a terminal', () => {
    for (const { help, name } of KEYWORDS) expect(help, name).toMatch(/^[^\n]{3,90}$/);
  });

  test.each([
    ['leftsubnet', 'leftsubnet'],
    ['LeftSubnet', 'leftsubnet'],
    ['left-subnet', 'leftsubnet'],
    ['rightsubnet', 'rightsubnet'],
    ['subnet', 'rightsubnet'],
    ['left', 'left'],
    ['keylife', 'ipsec-lifetime'],
    ['leftxauthusername', 'leftusername'],
    ['phase2alg', 'esp'],
  ])('%s is kept as %s', (text, key) => expect(lookup('conn', text)?.key).toBe(key));

  test.each(['', 'leftauto', 'left-', 'toString', 'plutodebug ', 'uniqueids'])('"%s" is no conn keyword', (text) =>
    expect(lookup('conn', text)).toBeUndefined(),
  );

  test.each([
    ['leftsubent', 'leftsubnet'],
    ['authb', 'authby'],
    ['keyexchang', 'keyexchange'],
    ['ikelifetme', 'ikelifetime'],
  ])('%s was meant to be %s', (typo, keyword) => expect(suggest('conn', typo)).toBe(keyword));

  test('what is like nothing has no suggestion', () => {
    expect(suggest('conn', 'swordfish')).toBeUndefined();
    expect(suggest('conn', 'x'.repeat(100_000))).toBeUndefined();
  });
});
