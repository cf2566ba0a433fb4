/** Brings the tables of the manual up to date: `npx tsx scripts/docs.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { filled } from '../src/cli/manual/fill.ts';
import { pathOf, TOPICS } from '../src/cli/manual/topics.ts';
import { installation } from '../src/control/installation.ts';

for (const topic of TOPICS) {
  const path = `${installation()}${pathOf(topic)}`;
  const page = readFileSync(path, 'utf8');
  const next = filled(page);
  if (next === page) continue;
  writeFileSync(path, next);
  console.log(`${pathOf(topic)} is up to date again`);
}
