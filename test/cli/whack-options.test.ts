/** Every option of libreswan 5.2's whack is in the table, in its group and with its arity. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canonical } from '../../src/cli/options.ts';
import { whackHelp } from '../../src/cli/whack-help.ts';
import { WHACK_OPTIONS } from '../../src/cli/whack-options.ts';
import { parseDebug } from '../../src/conf/debug-classes.ts';
import { CONN_KEYWORDS } from '../../src/conf/keywords-conn.ts';
import { END_KEYWORDS } from '../../src/conf/keywords-end.ts';
import { isFault, parseTyped } from '../../src/conf/values.ts';

const ROWS = readFileSync(new URL('../fixtures/libreswan/whack-options.txt', here()), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const match = /^(\w+) +--([\w-]+)( ARG|\[=ARG\])?(?: +(?:= --([\w-]+))?( ?obsolete)?)?$/.exec(line);
    if (!match) throw new Error(`fixture: ${line}`);
    const [, group, name, arg, same, obsolete] = match;
    const arity = arg === undefined ? 'none' : arg === ' ARG' ? 'required' : 'optional';
    return { group, name, arity, same, isObsolete: obsolete !== undefined };
  });

/** The tests run from dist as well, where the fixtures are not. */
function here(): string {
  return import.meta.url.replace('/dist/test/', '/test/');
}

describe('the option table beside libreswan 5.2', () => {
  test('has its 251 options', () => expect(ROWS.length).toBe(251));

  test.each(ROWS)('--$name', ({ group, name, arity, isObsolete }) => {
    const row = WHACK_OPTIONS.get(name);
    if (!row) throw new Error('is not there');
    expect(row.group).toBe(group);
    expect(row.arg).toBe(arity);
    expect(row.isObsolete === true).toBe(isObsolete || DEAD.has(name));
  });

  // --ctlbase is FreeS/WAN's path first, and libreswan's directory only where there is no such socket.
  test.each(ROWS.filter(({ same, name }) => same !== undefined && name !== 'ctlbase'))(
    '--$name means --$same',
    ({ name, same = '' }) => expect(meant(name)).toBe(meant(same)),
  );

  test('knows FreeS/WAN’s besides, --json and --eddsa', () => {
    const theirs = new Set(ROWS.map(({ name }) => name));
    const others = [...WHACK_OPTIONS.keys()].filter((name) => !theirs.has(name)).sort();
    const classes = 'control crypt dns emitting klips lifecycle oppo parsing private raw'.split(' ');
    expect(others).toEqual(
      [...classes.map((name) => `debug-${name}`), 'disablearrivalcheck', 'json', 'listgroups', 'myid', 'optionsfrom']
        .concat('rereadgroups', 'eddsa', 'nhelpers')
        .sort(),
    );
  });
});

/** Not for operators, or without an effect here. */
const DEAD: ReadonlySet<string> = new Set(['seccomp-crashtest', 'groups', 'magic']);

function meant(name: string) {
  const row = WHACK_OPTIONS.get(name);
  return row && canonical(WHACK_OPTIONS, row);
}

describe('the option table', () => {
  test('has every row that another stands for', () => {
    for (const row of WHACK_OPTIONS.values()) {
      if (row.sameAs === undefined) continue;
      const other = WHACK_OPTIONS.get(row.sameAs);
      expect(other, row.name).toBeDefined();
      expect(other?.sameAs, `${row.name} stands for ${row.sameAs}, which stands for another`).toBeUndefined();
    }
  });

  test('means by every option without an argument a value of its keyword', () => {
    for (const { name, whack = [], type } of [...END_KEYWORDS, ...CONN_KEYWORDS])
      for (const { means, words = {} } of whack)
        for (const value of [means, ...Object.values(words)])
          if (value !== undefined) expect(isFault(parseTyped(type, value)), `${name}=${value}`).toBe(false);
  });

  test('names in the help of every option words that its keyword has', () => {
    for (const { name, whack = [], type } of [...END_KEYWORDS, ...CONN_KEYWORDS])
      for (const { spellings, words = {} } of whack)
        for (const { argName = '' } of spellings)
          for (const word of argName.includes('|') ? argName.split('|') : [])
            expect(isFault(parseTyped(type, words[word] ?? word)), `${name}=${word}`).toBe(false);
  });

  test('leaves only these keywords of a connection without an option', () => {
    const without = [...END_KEYWORDS, ...CONN_KEYWORDS].filter(({ whack }) => whack === undefined);
    expect(without.map(({ name, sided }) => `${sided ? 'left' : ''}${name}`)).toMatchSnapshot();
  });

  test('knows by FreeS/WAN’s debug options classes that pluto knows', () => {
    const former = [...WHACK_OPTIONS.values()].filter(({ group, value }) => group === 'debug' && value !== undefined);
    expect(former.length).toBe(12);
    for (const { value = '' } of former) expect(parseDebug([value])).not.toHaveProperty('wrong');
  });

  test('gives the help, in lines that fit', () => {
    expect(whackHelp()).toMatchSnapshot();
    for (const line of whackHelp().split('\n')) expect(line.length, line).toBeLessThanOrEqual(130);
  });
});
