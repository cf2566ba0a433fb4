/** pluto: reads its options, goes into the background unless told not to, and becomes the daemon. */
import { controlSocket, PLUTO_EXIT } from '../control/daemon-options.ts';
import { tuneCollector } from './collector.ts';
import { parsePluto } from './pluto-line.ts';

export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await pluto(argv);
}

async function pluto(argv: readonly string[]): Promise<number> {
  const line = await parsePluto(argv);
  if ('wrong' in line) {
    console.error(`pluto: ${line.wrong}\ntry pluto --help`);
    return PLUTO_EXIT.failure;
  }
  if ('help' in line) {
    console.log(line.help);
    return PLUTO_EXIT.ok;
  }
  if ('version' in line) {
    console.log((await import('../control/version.ts')).versionLine());
    return PLUTO_EXIT.ok;
  }
  const { run, later } = line;
  if (run.nofork || run.selftest) {
    for (const name of later) console.error(`pluto: --${name} has no effect yet`);
    tuneCollector();
    const { runDaemon } = await import('../actors/daemon.ts');
    // The daemon has closed what it opened; a timer that it forgot shall not keep the process.
    process.exit(await runDaemon(run));
  }
  const { startInBackground } = await import('./background.ts');
  const { exit, said } = await startInBackground(argv, controlSocket(run.rundir));
  if (said !== '') console.error(said.trimEnd());
  return exit;
}
