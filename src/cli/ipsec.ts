/** ipsec: subcommands over whack, the configuration file and the daemon. */
import { ask, ctlsocketOf, loading, named, tell } from './ask.ts';
import { type IpsecLine, parseIpsec } from './ipsec-line.ts';
import { leaveWhenUnread, type Output, terminal } from './output.ts';

/** Exit status for a command line that is not understood. */
const USAGE_EXIT = 2;

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
  const { command, operands } = line;
  switch (command.name) {
    case 'start':
      return operands.length > 0 ? await load(line, 'replace', ['--initiate'], output) : await lifecycle(line, output);
    case 'stop':
    case 'restart':
      return await lifecycle(line, output);
    default:
      if (command.run) return await (await command.run()).run(line, output);
      return command.loads
        ? await load(line, command.loads, command.whack ?? [], output)
        : await tell(line, [...(command.whack ?? []), ...named(operands)], output);
  }
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
