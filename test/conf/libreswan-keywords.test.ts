/** Every keyword of libreswan 5.2 is in the table, with its type, values, default and age. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { KeywordType } from '../../src/conf/keyword.ts';
import { KEYWORDS, lookup } from '../../src/conf/keywords.ts';

const ROWS = readFileSync(new URL('../fixtures/libreswan/keywords.txt', here()), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const match = /^(setup|conn) +(\*?)(\S*) +(\S+) +("[^"]*"|\S+)(?: since (\S+))?$/.exec(line);
    if (!match) throw new Error(`fixture: ${line}`);
    const [, section, star, name, type, value, since] = match;
    return {
      section: section as 'setup' | 'conn',
      name,
      sided: star === '*',
      type,
      value: value.replaceAll('"', ''),
      since,
    };
  });

/** The tests run from dist as well, where the fixtures are not. */
function here(): string {
  return import.meta.url.replace('/dist/test/', '/test/');
}

/** Keywords that libreswan does not have. */
const OURS: ReadonlySet<string> = new Set([
  'setup logformat',
  ...['server', 'timeout', 'retries', 'dead-time', 'nas-identifier', 'accounting', 'interim', 'dae-listen'].map(
    (name) => `setup radius-${name}`,
  ),
  'setup radius-dae-clients',
  ...['fetch-private', 'dns-servers', 'dns-trust-ad'].map((name) => `setup ${name}`),
  ...['metrics-listen', 'metrics-connections', 'max-halfopen-per-source', 'ddos-delay', 'redirect-grace'].map(
    (name) => `setup ${name}`,
  ),
  'conn sha1-signatures',
  ...['eapid', 'auth2', 'id2', 'cert2'].map((name) => `conn ${name}`),
]);

/** Obsolete there, and in force here. */
const REVIVED: ReadonlySet<string> = new Set(['dpdaction']);

/** Words of an enum that libreswan does not have. */
const OUR_WORDS: Readonly<Record<string, readonly string[]>> = {
  phase2: ['esp+ah', 'none'],
  auth: 'eddsa pubkey eap eap-tls eap-mschapv2 eap-md5 eap-ttls eap-peap eap-radius'.split(' '),
};

const YES_NO = 'yes no true false on off y n'.split(' ');

function typeName(type: KeywordType): string {
  switch (type.t) {
    case 'duration':
      return type.unit === 's' ? 'seconds' : 'millis';
    case 'string':
    case 'path':
    case 'list':
    case 'section':
      return 'text';
    default:
      return type.t;
  }
}

describe('the keyword table beside libreswan 5.2', () => {
  test('has 58 spellings for config setup and 137 for conn, and no others but ours', () => {
    expect(ROWS.filter(({ section }) => section === 'setup').length).toBe(58);
    expect(ROWS.filter(({ section }) => section === 'conn').length).toBe(137);
    const theirs = ROWS.map(({ section, name }) => `${section} ${name}`).sort();
    const ours = KEYWORDS.flatMap((k) => [k.name, ...(k.aliases ?? [])].map((name) => `${k.section} ${name}`)).sort();
    expect(ours.filter((keyword) => !OURS.has(keyword))).toEqual(theirs);
  });

  test.each(ROWS)('$section $name', ({ section, name, sided, type, value, since }) => {
    const keyword = lookup(section, `${sided ? 'left' : ''}${name}`)?.keyword;
    if (!keyword) throw new Error('is not there');
    expect(keyword.sided).toBe(sided);
    if (REVIVED.has(name)) return;
    expect(keyword.obsolete === true).toBe(type === 'obsolete');
    if (type === 'obsolete') return;
    expect(keyword.default ?? '-').toBe(value);
    expect(keyword.since).toBe(since);
    if (!/^enum:|^yesno,/.test(type)) {
      // A text of theirs may be something more definite with us.
      if (type !== 'text') expect(typeName(keyword.type)).toBe(type);
      return;
    }
    const [first, ...others] = type.replace('enum:', '').split(',');
    const words = first === 'yesno' ? [...YES_NO, ...others] : [first, ...others];
    words.push(...(OUR_WORDS[name] ?? []));
    expect(keyword.type.t === 'enum' && Object.keys(keyword.type.words).sort()).toEqual(words.sort());
  });
});
