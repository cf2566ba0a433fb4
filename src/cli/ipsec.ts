/** ipsec: subcommands over whack, the configuration file and the daemon. */
import { ask, ctlsocketOf, FAILURE_EXIT, loading, tell, tellEach } from './ask.ts';
import { type IpsecLine, normalized, parseIpsec } from './ipsec-line.ts';
import { RUNNERS } from './ipsec-runners.ts';
import { leaveWhenUnread, type Output, terminal } from './output.ts';

/** Exit status for a command line that is not understood. */
const USAGE_EXIT = 2;

export async function main(argv: readonly string[]): Promise<void> {
  const words = normalized(argv);
  if (words[0] === 'pluto') return (await import('./pluto.ts')).main(words.slice(1));
  leaveWhenUnread();
  process.exitCode = await ipsec(words, terminal);
}

/** The exit status. */
export async function ipsec(argv: readonly string[], output: Output): Promise<number> {
  const words = normalized(argv);
  if (words[0] === 'whack') return (await import('./whack.ts')).whack(words.slice(1), output);
  const line = parseIpsec(words);
  if ('command' in line) return await obey(line, output);
  const { help, hint, placeOf } = await import('./explain.ts');
  const { about, wrong } = line;
  const asked = wrong === undefined ? help(about) : placeOf(words);
  if (asked !== undefined) {
    await output.out(`${asked}\n`);
    return 0;
  }
  output.err(`ipsec: ${wrong}`);
  output.err(hint(about));
  return USAGE_EXIT;
}

async function obey(line: IpsecLine, output: Output): Promise<number> {
  const { command, operands } = line;
  if (command.later !== undefined) {
    output.err(`ipsec: ${command.name} is not there yet; ${command.later}`);
    return FAILURE_EXIT;
  }
  switch (command.name) {
    case 'version':
      await output.out(`${(await import('../control/version.ts')).versionLine()}\n`);
      return 0;
    case 'start':
      return operands.length > 0 ? await load(line, 'replace', ['--initiate'], output) : await lifecycle(line, output);
    case 'stop':
    case 'restart':
      return await lifecycle(line, output);
    case 'redirect':
      return await redirect(line, output);
    default: {
      const runner = RUNNERS.get(command.name);
      if (runner) return await (await runner()).run(line, output);
      return command.loads
        ? await load(line, command.loads, command.whack ?? [], output)
        : await tellEach(line, command.whack ?? [], output);
    }
  }
}

async function lifecycle({ command, options }: IpsecLine, output: Output): Promise<number> {
  const { commandsOf, restart, start, stop } = await import('./lifecycle.ts');
  const daemon = {
    ctlsocket: ctlsocketOf(options),
    rundir: options.get('rundir'),
    config: options.get('config'),
    output,
  };
  if (options.has('dry-run')) {
    const verb = command.name === 'start' || command.name === 'stop' ? command.name : 'restart';
    await output.out((await commandsOf(verb, daemon)).map((line) => `${line}\n`).join(''));
    return 0;
  }
  if (command.name === 'stop') return await stop(daemon);
  return command.name === 'start' ? await start(daemon) : await restart(daemon);
}

/** Loads connections from the file, then tells whack about each. */
async function load(
  line: IpsecLine,
  kind: 'add' | 'replace',
  then: readonly string[],
  output: Output,
): Promise<number> {
  const requests = await loading(line, line.operands, kind, output);
  if (typeof requests === 'number') return requests;
  const exit = await ask(line, requests, output);
  return exit !== 0 || then.length === 0 ? exit : await tellEach(line, then, output);
}

async function redirect(line: IpsecLine, output: Output): Promise<number> {
  const said = (line.command.options ?? []).some(({ name }) => line.options.has(name));
  if (!said) {
    output.err('ipsec: redirect needs --redirect-to, --global-redirect or --global-redirect-to');
    return USAGE_EXIT;
  }
  return await tell(
    line,
    line.operands.flatMap((name) => ['--name', name]),
    output,
  );
}
