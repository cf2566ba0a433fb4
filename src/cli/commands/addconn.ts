/** `ipsec addconn`: connections of the file, by name or all that say `auto=`; or what the file says, for scripts. */
import { resolve } from 'node:path';
import { DEFAULT_CONFIG } from '../../control/daemon-options.ts';
import type { Request } from '../../control/protocol.ts';
import { ask, FAILURE_EXIT, loading } from '../ask.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

/** Options that print the names of conns with an `auto=`. */
const LISTS: Readonly<Record<string, string | undefined>> = {
  listall: undefined,
  listadd: 'add',
  listroute: 'ondemand',
  liststart: 'start',
  listignore: 'ignore',
};

export async function run(line: IpsecLine, output: Output): Promise<number> {
  const { options, operands } = line;
  if (options.has('checkconfig')) return await (await import('./checkconfig.ts')).run(line, output);
  if (options.has('autoall')) return await loadAll(line, output);
  const lists = Object.keys(LISTS).filter((name) => options.has(name));
  if (lists.length > 0 || options.has('configsetup')) return await print(line, lists, output);
  const requests = await loading(line, operands, 'replace', output);
  return typeof requests === 'number' ? requests : await ask(line, requests, output);
}

/** Pluto listens first, so that what is to be up can begin as it is loaded. */
async function loadAll(line: IpsecLine, output: Output): Promise<number> {
  const { options } = line;
  const listen: Request = { kind: 'listen' };
  if (options.has('dry-run') || options.has('verbose')) {
    const each = await oneByOne(options.get('config') ?? DEFAULT_CONFIG, output);
    return typeof each === 'number' ? each : await ask(line, [listen, ...each], output);
  }
  // Pluto reads it, and may stand in another directory.
  const config = resolve(options.get('config') ?? DEFAULT_CONFIG);
  if (process.stderr.isTTY) output.err(`loading ${config}`);
  return await ask(line, [listen, { kind: 'load', config }], output);
}

/** The tables of all keywords come with it, and `--autoall` does without. */
const reader = () => import('../config-conns.ts');

/** In whack's words. */
async function oneByOne(config: string, output: Output): Promise<readonly Request[] | number> {
  const { autoOf, connTextOf, isComplete, readConns } = await reader();
  const { conns, problems, hasErrors } = readConns(config);
  for (const problem of problems) output.err(problem);
  if (hasErrors) return FAILURE_EXIT;
  const wanted = [...conns.values()].filter((section) => isComplete(section) && autoOf(section) !== 'ignore');
  const says = (auto: string) => wanted.filter((section) => autoOf(section) === auto);
  return [
    ...wanted.map((section): Request => ({ kind: 'replace', conn: connTextOf(section) })),
    ...says('ondemand').map(({ name }): Request => ({ kind: 'route', name })),
    ...says('start').map(({ name }): Request => ({ kind: 'initiate', name, asynchronous: true })),
  ];
}

async function print({ options }: IpsecLine, lists: readonly string[], output: Output): Promise<number> {
  const { autoOf, isComplete, readConns } = await reader();
  const { setup, conns, problems, hasErrors } = readConns(options.get('config') ?? DEFAULT_CONFIG);
  for (const problem of problems) output.err(problem);
  if (hasErrors) return FAILURE_EXIT;
  if (options.has('configsetup')) {
    const begin = `${options.has('noexport') ? '' : 'export '}${options.get('varprefix') ?? ''}`;
    for (const { key, raw } of setup.values())
      await output.out(`${begin}${key.replace(/-/g, '_')}='${raw.replaceAll("'", `'\\''`)}'\n`);
  }
  for (const list of lists) {
    const auto = LISTS[list];
    const names = [...conns.values()].filter(
      (section) => isComplete(section) && (auto ?? autoOf(section)) === autoOf(section),
    );
    await output.out(names.map(({ name }) => `${name}\n`).join(''));
  }
  return 0;
}
