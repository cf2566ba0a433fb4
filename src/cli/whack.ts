/** whack: one command line, one conversation with pluto. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { controlSocket } from '../control/daemon-options.ts';
import { RC } from '../control/reply-codes.ts';
import { leaveWhenUnread, type Output, terminal } from './output.ts';
import { debugHelp } from './whack-debug.ts';
import { parseWhack, type WhackError } from './whack-parse.ts';
import { whackRequests } from './whack-requests.ts';

export async function main(argv: readonly string[]): Promise<void> {
  leaveWhenUnread();
  process.exitCode = await whack(argv, terminal);
}

/** The exit status: whack's own errors are 33, everything else is pluto's word. */
export async function whack(argv: readonly string[], output: Output): Promise<number> {
  const line = parseWhack(argv);
  if ('error' in line) return complain(line, output);
  if (line.normal.has('help') || argv.length === 0) {
    const { whackHelp } = await import('./whack-help.ts');
    await output.out(whackHelp());
    return 0;
  }
  if (line.normal.has('version')) {
    const { versionLine } = await import('../control/version.ts');
    await output.out(`${versionLine()}\n`);
    return 0;
  }
  const classes = debugHelp(line);
  if (classes !== undefined) {
    await output.out(classes);
    return 0;
  }
  for (const note of line.notes) output.err(`whack: ${note}`);
  const requests = whackRequests(line);
  if ('error' in requests) return complain(requests, output);
  const { carryOut } = await import('./carry-out.ts');
  return await carryOut({
    ctlsocket: socketOf(line.normal),
    requests,
    output,
    json: line.normal.has('json'),
    program: line.normal.get('label') ?? 'whack',
  });
}

function socketOf(normal: ReadonlyMap<string, string>): string {
  const [socket, base] = [normal.get('ctlsocket'), normal.get('ctlbase')];
  if (socket !== undefined || base === undefined) return socket ?? controlSocket(normal.get('rundir'));
  // FreeS/WAN's path lacks only .ctl, of which pluto heeds the directory; libreswan's is the directory.
  const candidates = [`${base}.ctl`, controlSocket(base), controlSocket(dirname(base))];
  return candidates.find((path) => existsSync(path)) ?? controlSocket(base);
}

/** `whack error: [label ]["name" ]text`. */
function complain({ error, label, name }: WhackError, output: Output): number {
  const who = `${label === undefined ? '' : `${label} `}${name === undefined ? '' : `"${name}" `}`;
  output.err(`whack error: ${who}${error}`);
  return RC.WHACK_PROBLEM;
}
