import { describe, expect, test } from 'vitest';
import { DEBUG_NAMES, parseDebug } from '../../src/conf/debug-classes.ts';

const change = (...words: string[]) => {
  const parsed = parseDebug(words);
  return 'wrong' in parsed ? parsed : { set: [...parsed.set], clear: [...parsed.clear] };
};

describe('debug classes', () => {
  test('are libreswan’s', () => {
    expect(DEBUG_NAMES).toEqual(
      'base routing cpu-usage refcnt tmi updown crypt private whackwatch add-prefix'.split(' '),
    );
  });

  test.each([
    ['base', ['base', 'routing']],
    ['all', ['base', 'routing', 'cpu-usage', 'refcnt']],
    ['tmi', ['base', 'routing', 'cpu-usage', 'refcnt', 'tmi']],
    ['crypt', ['crypt']],
    ['cpu_usage', ['cpu-usage']],
    // FreeS/WAN's.
    ['raw', ['tmi']],
    ['parsing', ['tmi']],
    ['emitting', ['tmi']],
    ['control', ['base']],
    ['lifecycle', ['base']],
    ['klips', ['routing']],
    ['dns', ['base']],
    ['oppo', ['routing']],
    ['private', ['private']],
  ])('%s', (word, set) => {
    expect(change(word)).toEqual({ set, clear: [] });
    if (word !== 'all') expect(change(`no-${word}`)).toEqual({ set: [], clear: set });
  });

  test('later words win', () => {
    expect(change('all', 'no-routing')).toEqual({ set: ['base', 'cpu-usage', 'refcnt'], clear: ['routing'] });
    expect(change('crypt', 'none', 'base')).toMatchObject({ set: ['base', 'routing'] });
    expect(change('private', 'no-all')).toEqual({ set: [], clear: [...DEBUG_NAMES] });
    expect(change('private', 'none')).toEqual({ set: [], clear: [...DEBUG_NAMES] });
  });

  test.each([
    ['crypto', 'unknown debug class "crypto"; did you mean "crypt"?'],
    ['no-rooting', 'unknown debug class "no-rooting"; did you mean "routing"?'],
    ['kaleidoscope', 'unknown debug class "kaleidoscope"'],
    ['constructor', 'unknown debug class "constructor"'],
  ])('%s is none', (word, text) => {
    expect(change('base', word)).toEqual({ wrong: [text] });
  });
});
