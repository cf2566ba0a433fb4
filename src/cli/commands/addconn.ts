/** `ipsec addconn`: connections of the file, by name or all that say `auto=`; or what the file says, for scripts. */
import { converse } from '../../control/client.ts';
import { DEFAULT_CONFIG } from '../../control/daemon-options.ts';
import type { ConnText, Request } from '../../control/protocol.ts';
import { ask, ctlsocketOf, FAILURE_EXIT, loading } from '../ask.ts';
import { autoOf, connTextOf, isComplete, readConns } from '../config-conns.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import { LoadTally } from '../load-tally.ts';
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
  const { conns, problems, hasErrors } = readConns(options.get('config') ?? DEFAULT_CONFIG);
  for (const problem of problems) output.err(problem);
  if (hasErrors) return FAILURE_EXIT;
  const wanted = [...conns.values()].filter((section) => isComplete(section) && autoOf(section) !== 'ignore');
  if (options.has('dry-run') || options.has('verbose')) {
    const says = (auto: string) => wanted.filter((section) => autoOf(section) === auto);
    const each: Request[] = [
      { kind: 'listen' },
      ...wanted.map((section): Request => ({ kind: 'replace', conn: connTextOf(section) })),
      ...says('ondemand').map(({ name }): Request => ({ kind: 'route', name })),
      ...says('start').map(({ name }): Request => ({ kind: 'initiate', name, asynchronous: true })),
    ];
    return await ask(line, each, output);
  }
  if (process.stderr.isTTY) output.err(`loading ${wanted.length} connections`);
  const frames = [...inFrames(wanted.map(connTextOf))];
  const tally = new LoadTally();
  const outcome = await converse({
    path: ctlsocketOf(options),
    requests: [{ kind: 'listen' }, ...frames.map((conns): Request => ({ kind: 'load', conns, begin: true }))],
    onReply: async (reply) => {
      if (reply.t === 'line' && !tally.takes(reply.text)) await output.out(`${reply.text}\n`);
    },
  });
  for (const text of tally.lines()) await output.out(`${text}\n`);
  if ('exit' in outcome) return outcome.exit;
  output.err(`ipsec: ${outcome.fault.text}`);
  if (outcome.fault.hint) output.err(outcome.fault.hint);
  return outcome.fault.exit;
}

/** Characters of keywords and values in a frame: pluto takes it apart in a fraction of a millisecond, unpractised in two. */
const FRAME = 4 << 10;

function* inFrames(conns: readonly ConnText[]): Generator<ConnText[]> {
  let frame: ConnText[] = [];
  let size = 0;
  for (const conn of conns) {
    frame.push(conn);
    for (const [keyword, value] of Object.entries(conn.keywords)) size += keyword.length + value.length;
    if (size < FRAME) continue;
    yield frame;
    [frame, size] = [[], 0];
  }
  if (frame.length > 0) yield frame;
}

async function print({ options }: IpsecLine, lists: readonly string[], output: Output): Promise<number> {
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
