/** `ipsec addconn`: connections of the file, by name or all that say `auto=`. */
import { DEFAULT_CONFIG } from '../../control/daemon-options.ts';
import type { Request } from '../../control/protocol.ts';
import { ask, FAILURE_EXIT, loading } from '../ask.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

export async function run(line: IpsecLine, output: Output): Promise<number> {
  const { options, operands } = line;
  if (options.has('checkconfig')) return await (await import('./checkconfig.ts')).run(line, output);
  const requests = options.has('autoall')
    ? await loadingAll(line, output)
    : await loading(line, operands, 'replace', output);
  return typeof requests === 'number' ? requests : await ask(line, requests, output);
}

/** Everything that says `auto=`; then pluto listens, routes what is on demand, and starts what is to be up. */
async function loadingAll({ options }: IpsecLine, output: Output): Promise<Request[] | number> {
  const { readConns, connTextOf, isComplete, autoOf } = await import('../config-conns.ts');
  const { conns, problems, hasErrors } = readConns(options.get('config') ?? DEFAULT_CONFIG);
  for (const problem of problems) output.err(problem);
  if (hasErrors) return FAILURE_EXIT;
  const wanted = [...conns.values()].filter((section) => isComplete(section) && autoOf(section) !== 'ignore');
  const says = (auto: string) => wanted.filter((section) => autoOf(section) === auto);
  return [
    ...wanted.map((section): Request => ({ kind: 'replace', conn: connTextOf(section) })),
    { kind: 'listen' },
    ...says('ondemand').map(({ name }): Request => ({ kind: 'route', name })),
    ...says('start').map(({ name }): Request => ({ kind: 'initiate', name, asynchronous: true })),
  ];
}
