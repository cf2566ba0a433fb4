/** The pages of the manual say what the tables of the program say. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { filled } from '../../src/cli/manual/fill.ts';
import { TABLES } from '../../src/cli/manual/tables.ts';
import { pathOf, TOPICS } from '../../src/cli/manual/topics.ts';
import { installation } from '../../src/control/installation.ts';

const pages = TOPICS.map(
  (topic) => [pathOf(topic), readFileSync(`${installation()}${pathOf(topic)}`, 'utf8')] as const,
);

describe.each(pages)('%s', (path, page) => {
  test('is up to date; if not: npx tsx scripts/docs.ts', () => {
    expect(page).toBe(filled(page));
  });

  test('begins with its name, and has the parts that every page has', () => {
    expect(page).toMatch(/^# [a-z.]+\([58]\)\n\n## Name\n\n[a-z. ]+ - .+\n/);
    for (const part of ['## Description', '## See also']) expect(page).toContain(`\n${part}\n`);
  });

  test('leads nowhere that is not there', () => {
    for (const [, target] of page.matchAll(/\]\(([^)#]+)\)/g))
      expect(existsSync(`${installation()}docs/${target}`), `${path}: ${target}`).toBe(true);
  });
});

test('every table stands in some page', () => {
  const all = pages.map(([, page]) => page).join('\n');
  for (const name of Object.keys(TABLES)) expect(all).toContain(`<!-- table: ${name} -->`);
});

test('a table that there is not is a mistake', () => {
  expect(() => filled('<!-- table: nonsense -->\n<!-- end -->')).toThrow('there is no table "nonsense"');
});
