/** ipsec: subcommands over whack, the configuration file and the daemon. */
import { controlSocket, DEFAULT_CONFIG } from '../control/daemon-options.ts';
import type { Request } from '../control/protocol.ts';
import { type IpsecLine, parseIpsec } from './ipsec-line.ts';
import { leaveWhenUnread, type Output, terminal } from './output.ts';

/** Exit status for a command line that is not understood. */
const USAGE_EXIT = 2;
/** For a file that cannot be used, and what is not in it. */
const FAILURE_EXIT = 1;

export async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === 'pluto') return (await import('./pluto.ts')).main(argv.slice(1));
  leaveWhenUnread();
  process.exitCode = await ipsec(argv, terminal);
}

/** The exit status. */
export async function ipsec(argv: readonly string[], output: Output): Promise<number> {
  if (argv[0] === 'whack') return (await import('./whack.ts')).whack(argv.slice(1), output);
  if (argv[0] === 'version' || argv[0] === '--version') {
    await output.out(`${(await import('../control/version.ts')).versionLine()}\n`);
    return 0;
  }
  const line = parseIpsec(argv);
  if (!line) {
    const { explain } = await import('./explain.ts');
    const { text, wrong } = await explain(argv);
    if (wrong === undefined) await output.out(`${text}\n`);
    else {
      output.err(`ipsec: ${wrong}`);
      output.err(text);
    }
    return wrong === undefined ? 0 : USAGE_EXIT;
  }
  return await obey(line, output);
}

async function obey(line: IpsecLine, output: Output): Promise<number> {
  const { command, operands, options } = line;
  switch (command.name) {
    case 'start':
      return operands.length > 0 ? await load(line, 'replace', ['--initiate'], output) : await lifecycle(line, output);
    case 'stop':
    case 'restart':
      return await lifecycle(line, output);
    case 'addconn':
      return await addconn(line, output);
    case 'checkconfig':
      return await checkconfig(options.get('config') ?? DEFAULT_CONFIG, output, options.has('json'));
    default:
      return command.loads
        ? await load(line, command.loads, command.whack ?? [], output)
        : await tell(line, [...(command.whack ?? []), ...named(operands)], output);
  }
}

const named = ([name]: readonly string[]): string[] => (name === undefined ? [] : ['--name', name]);

export const ctlsocketOf = (options: ReadonlyMap<string, string>): string =>
  options.get('ctlsocket') ?? controlSocket(options.get('rundir'));

/** Loads a connection from the file, then tells whack about it. */
async function load(
  line: IpsecLine,
  kind: 'add' | 'replace',
  then: readonly string[],
  output: Output,
): Promise<number> {
  const requests = await loading(line, line.operands, kind, output);
  if (typeof requests === 'number') return requests;
  const exit = await ask(line, requests, output);
  return exit !== 0 || then.length === 0 ? exit : await tell(line, [...then, ...named(line.operands)], output);
}

/** What to ask pluto so that it knows these connections, or the exit status if the file does not have them. */
async function loading(
  { options }: IpsecLine,
  names: readonly string[],
  kind: 'add' | 'replace',
  output: Output,
): Promise<Request[] | number> {
  const { readConns, connTextOf, isComplete } = await import('./config-conns.ts');
  const path = options.get('config') ?? DEFAULT_CONFIG;
  const { conns, problems, hasErrors } = readConns(path);
  for (const problem of problems) output.err(problem);
  if (hasErrors) return FAILURE_EXIT;
  const requests: Request[] = [];
  for (const name of names) {
    const section = conns.get(name);
    if (section && isComplete(section)) requests.push({ kind, conn: connTextOf(section) });
    else output.err(`ipsec: ${section ? `conn ${name} has no left= or no right=` : `no conn ${name}`} in ${path}`);
  }
  return requests.length === names.length ? requests : FAILURE_EXIT;
}

async function addconn(line: IpsecLine, output: Output): Promise<number> {
  const { options, operands } = line;
  if (options.has('checkconfig')) return await checkconfig(options.get('config') ?? DEFAULT_CONFIG, output, false);
  const requests = options.has('autoall')
    ? await loadingAll(line, output)
    : await loading(line, operands, 'replace', output);
  return typeof requests === 'number' ? requests : await ask(line, requests, output);
}

/** Everything that says `auto=`; then pluto listens, routes what is on demand, and starts what is to be up. */
async function loadingAll({ options }: IpsecLine, output: Output): Promise<Request[] | number> {
  const { readConns, connTextOf, isComplete, autoOf } = await import('./config-conns.ts');
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

async function checkconfig(path: string, output: Output, json: boolean): Promise<number> {
  const { readConfig } = await import('../conf/load.ts');
  const { nodeFileSystem } = await import('../conf/node-file-system.ts');
  const { formatProblem, hasErrors } = await import('../conf/problem.ts');
  const { problems } = readConfig(path, nodeFileSystem);
  if (json) await output.out(`${JSON.stringify({ problems }, undefined, 2)}\n`);
  else for (const problem of problems) output.err(formatProblem(problem));
  return hasErrors(problems) ? FAILURE_EXIT : 0;
}

/** By way of whack's own command line, so that it can be shown as well as run. */
async function tell({ options }: IpsecLine, what: readonly string[], output: Output): Promise<number> {
  const { whack } = await import('./whack.ts');
  const { whackCommand } = await import('./show.ts');
  const remoteHost = options.get('remote-host');
  const argv = [
    ...what,
    ...(options.has('asynchronous') && what.includes('--initiate') ? ['--asynchronous'] : []),
    ...(remoteHost !== undefined && what.includes('--initiate') ? ['--remote-host', remoteHost] : []),
    ...['ctlsocket', 'rundir'].flatMap((name) => (options.has(name) ? [`--${name}`, options.get(name) ?? ''] : [])),
    ...(options.has('json') ? ['--json'] : []),
  ];
  if (options.has('dry-run')) {
    await output.out(`${whackCommand(argv)}\n`);
    return 0;
  }
  if (options.has('verbose')) output.err(whackCommand(argv));
  return await whack(argv, output);
}

async function ask({ options }: IpsecLine, requests: readonly Request[], output: Output): Promise<number> {
  if (options.has('dry-run') || options.has('verbose')) {
    const { whackAdd, whackCommand } = await import('./show.ts');
    const shown = requests.map((request) =>
      whackCommand(
        'conn' in request
          ? whackAdd(request.conn, request.kind)
          : [`--${request.kind}`, ...('name' in request ? named([request.name ?? '']) : [])],
      ),
    );
    if (options.has('dry-run')) {
      await output.out(shown.map((command) => `${command}\n`).join(''));
      return 0;
    }
    for (const command of shown) output.err(command);
  }
  const { carryOut } = await import('./carry-out.ts');
  return await carryOut({
    ctlsocket: ctlsocketOf(options),
    requests,
    output,
    json: options.has('json'),
    program: 'ipsec',
  });
}

async function lifecycle({ command, options }: IpsecLine, output: Output): Promise<number> {
  const { restart, start, stop } = await import('./lifecycle.ts');
  const daemon = {
    ctlsocket: ctlsocketOf(options),
    rundir: options.get('rundir'),
    config: options.get('config'),
    output,
  };
  if (command.name === 'stop') return await stop(daemon);
  return command.name === 'start' ? await start(daemon) : await restart(daemon);
}
