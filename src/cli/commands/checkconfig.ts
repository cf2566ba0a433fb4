/** `ipsec checkconfig`: everything that is wrong with the file. */
import { DEFAULT_CONFIG } from '../../control/daemon-options.ts';
import { FAILURE_EXIT } from '../ask.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

export async function run({ options }: IpsecLine, output: Output): Promise<number> {
  const path = options.get('config') ?? DEFAULT_CONFIG;
  const { readConfig } = await import('../../conf/load.ts');
  const { nodeFileSystem } = await import('../../conf/node-file-system.ts');
  const { formatProblem, hasErrors } = await import('../../conf/problem.ts');
  const { problems } = readConfig(path, nodeFileSystem);
  if (options.has('json')) await output.out(`${JSON.stringify({ problems }, undefined, 2)}\n`);
  else for (const problem of problems) output.err(formatProblem(problem));
  return hasErrors(problems) ? FAILURE_EXIT : 0;
}
