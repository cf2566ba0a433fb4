/** Reading, writing and reading again. */
import { connDifferences, setupDifferences } from '../../src/conf/difference.ts';
import { readConfig } from '../../src/conf/load.ts';
import { formatProblem } from '../../src/conf/problem.ts';
import { scanning } from '../../src/conf/scan.ts';
import { readSections } from '../../src/conf/sections.ts';
import { writeConfig } from '../../src/conf/write.ts';
import { memoryFiles } from './memory-files.ts';

export const read = (text: string) => readConfig('/c', memoryFiles({ '/c': text }));

export function written(text: string): string {
  const ignore = () => {};
  return [...writeConfig(readSections(scanning('/c', memoryFiles({ '/c': text }), ignore), ignore))].join('');
}

/** What of a text without errors is lost or changed on the way out and in again. */
export function lost(text: string): string[] {
  const [one, out] = [read(text), written(text)];
  const other = read(out);
  const known = new Set(one.problems.map((p) => p.text));
  const errors = other.problems.filter((p) => p.severity === 'error' && !known.has(p.text));
  const names = [one, other].map(({ conns, refused }) =>
    JSON.stringify([conns.map((c) => c.name), [...refused.keys()]]),
  );
  return [
    ...errors.map(formatProblem),
    ...(names[0] === names[1] ? [] : names),
    ...setupDifferences(one.setup, other.setup),
    ...one.conns.flatMap((conn, i) => connDifferences(conn, other.conns[i] ?? conn)),
    ...(written(out) === out ? [] : ['written anew it differs', out, written(out)]),
  ];
}
