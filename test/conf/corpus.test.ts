/**
 * libreswan's own files, as they stand, against what its addconn made of them. The files are not ours to keep here:
 * `PLUTO_CONFORMANCE` names a folder with `conf/verdicts.json`, `conf/pluto/` and `conf/baseconfigs/`. What can be
 * kept is in verdicts.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { FileSystem } from '../../src/conf/file-system.ts';
import { type Config, readConfig } from '../../src/conf/load.ts';
import { nodeFileSystem } from '../../src/conf/node-file-system.ts';
import { formatProblem } from '../../src/conf/problem.ts';

interface Verdict {
  readonly file: string;
  readonly parse: 'ok' | 'fatal';
  readonly parse_messages: readonly string[];
  readonly conns: readonly { readonly name: string; readonly added: number; readonly env_limited: boolean }[];
}

const dir = process.env.PLUTO_CONFORMANCE;

/** Keywords that the libreswan that was asked had not been built with. */
const UNBUILT: ReadonlyMap<string, string> = new Map([
  ['basic-pluto-10-nm-configured/west.conf', 'nm-configured='],
  ['seccomp-01-enabled/west.conf', 'seccomp='],
]);

describe('libreswan’s files', () => {
  beforeEach(({ skip }) =>
    skip(dir === undefined, 'PLUTO_CONFORMANCE names no folder with them: they are not ours to keep'),
  );

  const conf = join(dir ?? '', 'conf');
  const verdicts = dir ? (JSON.parse(readFileSync(join(conf, 'verdicts.json'), 'utf8')) as readonly Verdict[]) : [];
  const differing = (compare: (verdict: Verdict, config: Config) => string[]) =>
    verdicts.flatMap((verdict) =>
      compare(verdict, readConfig(join(conf, 'pluto', verdict.file), filesOf(conf))).map(
        (why) => `${verdict.file}: ${why}`,
      ),
    );

  test('are all there', () => expect(verdicts.length).toBe(604));

  test('parse, or do not, as they do there', () => {
    const found = differing(({ file, parse }, { problems }) => {
      const unknown = problems.filter(({ text }) => text.startsWith('unknown keyword')).map(formatProblem);
      return (parse === 'fatal') === unknown.length > 0 || UNBUILT.has(file)
        ? []
        : [`${parse} there, here: ${unknown}`];
    });
    expect(found).toEqual([]);
  });

  test('add as many connections', () => {
    const found = differing(({ conns }, config) =>
      conns.flatMap(({ name, added, env_limited }) => {
        const here = config.conns.filter((c) => c.name === name || c.aliases[0] === name).length;
        if (env_limited || here === added) return [];
        return [`${name}: ${added} there, here ${here}, ${config.refused.get(name)}`];
      }),
    );
    expect(found).toEqual([]);
  });

  test('load as a whole, where every conn of theirs does', () => {
    const found = differing(({ parse, conns }, { problems }) => {
      const isSound = parse === 'ok' && conns.every(({ added, env_limited }) => added > 0 && !env_limited);
      const errors = problems.filter(({ severity }) => severity === 'error');
      return isSound ? errors.map(formatProblem) : [];
    });
    expect(found).toEqual([]);
  });

  test('draw the same warnings', () => {
    const found = differing(({ parse_messages }, { problems }) => {
      const here = new Set(problems.map(({ line, keyword }) => `${line} ${keyword ?? ''}`));
      return parse_messages.flatMap((message) => {
        const [, line, keyword] = /FILE:(\d+): warning: .*: ([\w-]+)=/.exec(message) ?? [];
        return line === undefined || here.has(`${line} ${keyword}`) ? [] : [message];
      });
    });
    expect(found).toEqual([]);
  });
});

/** Their files include others by where those are in their test machines. */
function filesOf(conf: string): FileSystem {
  const here = (path: string) =>
    path.startsWith('/testing/')
      ? join(conf, path.slice('/testing'.length))
      : path.startsWith('/etc/ipsec.d/')
        ? join(conf, 'baseconfigs/all', path)
        : path;
  return { read: (path) => nodeFileSystem.read(here(path)), glob: (pattern) => nodeFileSystem.glob(here(pattern)) };
}
