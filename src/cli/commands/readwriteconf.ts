/** `ipsec readwriteconf`: ipsec.conf as it is understood, as text that reads back to the same. */
import { DEFAULT_CONFIG } from '../../control/daemon-options.ts';
import { FAILURE_EXIT } from '../ask.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

/** Nothing is printed of a file with an error in it. Problems go to stderr. */
export async function run({ options }: IpsecLine, output: Output): Promise<number> {
  const file = options.get('config') ?? DEFAULT_CONFIG;
  const { readConfig } = await import('../../conf/load.ts');
  const { nodeFileSystem } = await import('../../conf/node-file-system.ts');
  const { formatProblem, hasErrors } = await import('../../conf/problem.ts');
  const { scanning } = await import('../../conf/scan.ts');
  const { readSections } = await import('../../conf/sections.ts');
  const { settledSettings, writeConfig } = await import('../../conf/write.ts');
  const { problems } = readConfig(file, nodeFileSystem);
  for (const problem of problems) output.err(formatProblem(problem));
  if (hasErrors(problems)) return FAILURE_EXIT;
  const sections = readSections(scanning(file, nodeFileSystem, ignore), ignore);
  if (!options.has('json')) {
    for (const text of writeConfig(sections)) await output.out(text);
    return 0;
  }
  // By canonical names; durations in ms, sizes in octets, lists as arrays.
  const setup = Object.fromEntries([...sections.setup.values()].map(({ key, value }) => [key, value]));
  const conns = sections.conns.map((conn) => ({
    name: conn.name,
    file: conn.file,
    line: conn.line,
    settings: Object.fromEntries(settledSettings(conn).map(({ key, value }) => [key, value])),
  }));
  await output.out(`${JSON.stringify({ file, setup, conns }, undefined, 2)}\n`);
  return 0;
}

/** They have been told already. */
const ignore = (): void => {};
