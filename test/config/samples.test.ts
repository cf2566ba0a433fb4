/** The files in config/ say what the daemon understands, also the lines that an operator is to uncomment. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { atOnce } from '../../src/conf/at-once.ts';
import { readingGroup } from '../../src/conf/groups.ts';
import { loadConfig } from '../../src/conf/load.ts';
import { formatProblem } from '../../src/conf/problem.ts';
import { loadSecrets } from '../../src/conf/secrets.ts';
import { memoryFiles } from '../conf/memory-files.ts';

const sample = (name: string): string => readFileSync(new URL(`../../config/${name}`, import.meta.url), 'utf8');

/** Commented-out settings put into force: `# conn …`, `# \tkey=…`. */
const uncommented = (text: string): string =>
  text.replace(/^# (conn |\t\w[\w-]*=)/gm, '$1').replace(/^\t# (\w[\w-]*=)/gm, '\t$1');

function conns(text: string): { names: readonly string[]; problems: readonly string[] } {
  const loaded = loadConfig('/etc/ipsec.conf', memoryFiles({ '/etc/ipsec.conf': text }));
  return { names: loaded.conns.map((conn) => conn.name), problems: loaded.problems.map(formatProblem) };
}

function secretProblems(text: string): readonly string[] {
  const path = '/etc/ipsec.secrets';
  return loadSecrets(path, memoryFiles({ [path]: text })).problems.map(formatProblem);
}

describe('the samples', () => {
  test('ipsec.conf loads as it stands', () => {
    expect(conns(sample('ipsec.conf'))).toEqual({ names: [], problems: [] });
  });

  test('ipsec.conf loads with its examples in force', () => {
    expect(conns(uncommented(sample('ipsec.conf')))).toEqual({ names: ['office-to-office'], problems: [] });
  });

  test('oe.conf loads, and has a group for each file of policies/', () => {
    const { names, problems } = conns(sample('oe.conf'));
    expect(problems).toEqual([]);
    const files = readdirSync(new URL('../../config/policies', import.meta.url));
    expect([...names].sort()).toEqual(files.sort());
    for (const name of files) {
      const lines = sample(`policies/${name}`).replace(/^# (?=\d)/gm, '');
      const read = atOnce(readingGroup(name, memoryFiles({ [name]: lines })));
      expect([read.lines.size > 0, read.problems.filter((p) => p.severity === 'error')]).toEqual([true, []]);
    }
  });

  test.each(['west', 'east'])('demo/%s.conf loads', (name) => {
    expect(conns(sample(`demo/${name}.conf`))).toEqual({ names: ['west-east'], problems: [] });
  });

  test('both gateways of the demo have the same key', () => {
    const keys = ['west', 'east'].map((name) =>
      sample(`demo/${name}.secrets`)
        .split('\n')
        .filter((l) => l.startsWith('@')),
    );
    expect(keys[0]).toEqual(keys[1]);
    expect(keys[0]).toHaveLength(1);
  });

  test.each(['ipsec.secrets', 'demo/west.secrets', 'demo/east.secrets'])('%s loads', (name) => {
    expect(secretProblems(sample(name))).toEqual([]);
  });
});
