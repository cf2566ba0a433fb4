/** What a subcommand of `ipsec` asks pluto: by whack's own command line, or directly. */
import { NO_DAEMON_EXIT } from '../control/client.ts';
import { controlSocket, DEFAULT_CONFIG } from '../control/daemon-options.ts';
import type { Request } from '../control/protocol.ts';
import type { IpsecLine } from './ipsec-line.ts';
import { IPSEC_OPTIONS } from './ipsec-options.ts';
import type { Output } from './output.ts';

/** For a file that cannot be used, and what is not in it. */
export const FAILURE_EXIT = 1;

const named = (name: string): string[] => ['--name', name];

export const ctlsocketOf = (options: ReadonlyMap<string, string>): string =>
  options.get('ctlsocket') ?? controlSocket(options.get('rundir'));

/** What to ask pluto so that it knows these connections, or the exit status if the file does not have them. */
export async function loading(
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

/** One whack for each operand, or one without; the exit status is that of the first that failed. */
export async function tellEach(line: IpsecLine, what: readonly string[], output: Output): Promise<number> {
  if (line.operands.length === 0) return await tell(line, what, output);
  let exit = 0;
  for (const name of line.operands) {
    const last = await tell(line, [...what, ...named(name)], output);
    if (last === NO_DAEMON_EXIT) return last;
    if (exit === 0) exit = last;
  }
  return exit;
}

/** By way of whack's own command line, so that it can be shown as well as run. */
export async function tell(line: IpsecLine, what: readonly string[], output: Output): Promise<number> {
  const { whack } = await import('./whack.ts');
  const { whackCommand } = await import('./show.ts');
  const { options } = line;
  const argv = [...what, ...handedOn(line, what)];
  if (options.has('dry-run')) {
    await output.out(`${whackCommand(argv)}\n`);
    return 0;
  }
  if (options.has('verbose')) output.err(whackCommand(argv));
  return await whack(argv, output);
}

/** Options that are whack's too, where they mean something to it. */
function handedOn({ command, options }: IpsecLine, what: readonly string[]): string[] {
  const isInitiating = what.includes('--initiate');
  const whacks = [...IPSEC_OPTIONS.values(), ...(command.options ?? [])].filter(({ name, isWhacks }) => {
    if (name === 'asynchronous' || name === 'remote-host') return isInitiating;
    return name === 'utc' ? command.group === 'lists' : isWhacks;
  });
  return whacks.flatMap(({ name, arg }) => {
    const value = options.get(name);
    if (value === undefined) return [];
    return arg === 'none' ? [`--${name}`] : [`--${name}`, value];
  });
}

export async function ask(line: IpsecLine, requests: readonly Request[], output: Output): Promise<number> {
  const { options } = line;
  if (options.has('dry-run') || options.has('verbose')) {
    const shown = await asWhack(line, requests);
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

/** The whack commands that would ask the same; comments among them where whack has no words. */
async function asWhack(line: IpsecLine, requests: readonly Request[]): Promise<readonly string[]> {
  const { showAdd, whackCommand } = await import('./show.ts');
  const handed = handedOn(line, []);
  const where = handed.length === 0 ? '' : whackCommand(handed).replace(/^ipsec whack/, '');
  const shown = requests.flatMap((request) => {
    if ('conn' in request) return showAdd(request.conn, request.kind).split('\n');
    const name = 'name' in request && request.name !== undefined ? named(request.name) : [];
    const how = 'asynchronous' in request && request.asynchronous ? ['--asynchronous'] : [];
    return [whackCommand([`--${request.kind}`, ...name, ...how])];
  });
  return shown.map((command) => (command.startsWith('#') ? command : `${command}${where}`));
}
