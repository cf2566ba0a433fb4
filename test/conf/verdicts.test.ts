/** What libreswan 5.2's addconn makes of the conns of its own test suite: `origin` in the table has the details. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/conf/load.ts';
import { formatProblem } from '../../src/conf/problem.ts';
import { memoryFiles } from './memory-files.ts';
import { RSA_KEY } from './public-keys.ts';

/** Connections added, or null for a refusal; the keywords that say so. */
type Row = readonly [added: number | null, keywords: Readonly<Record<string, string>>];

const { rows } = JSON.parse(readFileSync(new URL('../fixtures/conf/verdicts.json', import.meta.url), 'utf8')) as {
  rows: readonly Row[];
};

/** What the table has in the place of each public key. */
const SHORTENED = '0sAwEAAQ==';

const asText = (keywords: Row[1]) =>
  `conn c\n${Object.entries(keywords)
    .map(([key, value]) => `\t${key}="${value === SHORTENED ? RSA_KEY : value}"\n`)
    .join('')}`;

function added(keywords: Row[1]): number | string {
  const { conns, refused, problems } = loadConfig('/c', memoryFiles({ '/c': asText(keywords) }));
  const errors = problems.filter((p) => p.severity === 'error').map(formatProblem);
  return errors.length > 0 ? errors.join('; ') : (refused.get('c') ?? conns.length);
}

const accepted = rows.filter(([verdict]) => verdict !== null);
const refused = rows.filter(([verdict]) => verdict === null);

describe('libreswan’s verdicts', () => {
  test('are many', () => expect([accepted.length > 500, refused.length > 50]).toEqual([true, true]));

  test.each(accepted)('%i from %j', (verdict, keywords) => expect(added(keywords)).toBe(verdict));

  test.each(refused)('refused: %#', (_, keywords) => expect(added(keywords)).toEqual(expect.any(String)));
});
