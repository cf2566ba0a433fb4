/** All checks in their groups, and the scene they look at. */
import { readConfig } from '../../conf/load.ts';
import { controlSocket, DEFAULT_CONFIG, DEFAULT_RUNDIR, lockFile } from '../../control/daemon-options.ts';
import type { Check, Outcome, Scene } from './check.ts';
import { DAEMON_CHECKS } from './daemon-checks.ts';
import { FILE_CHECKS } from './file-checks.ts';
import { KERNEL_CHECKS, SYSCTL_CHECKS } from './kernel-checks.ts';
import { type Machine, textOf, whack } from './machine.ts';
import { PORT_CHECKS } from './port-checks.ts';

/** In the order one would repair: the daemon last, since it cannot run before the rest does. */
export const CHECKS: Readonly<Record<string, readonly Check[]>> = {
  Kernel: KERNEL_CHECKS,
  Settings: SYSCTL_CHECKS,
  Network: PORT_CHECKS,
  Files: FILE_CHECKS,
  Pluto: DAEMON_CHECKS,
};

export interface Checked extends Outcome {
  readonly group: string;
  readonly name: string;
}

export async function sceneOf(machine: Machine, options: ReadonlyMap<string, string>): Promise<Scene> {
  const configFile = options.get('config') ?? DEFAULT_CONFIG;
  const rundir = options.get('rundir') ?? DEFAULT_RUNDIR;
  const ctlsocket = options.get('ctlsocket') ?? controlSocket(rundir);
  const config = readConfig(configFile, machine);
  const pid = Number.parseInt(textOf(machine, lockFile(rundir)) ?? '', 10);
  return {
    machine,
    configFile,
    config,
    secretsFile: config.setup.secretsfile,
    rundir,
    ctlsocket,
    daemon: await whack(machine, ctlsocket, '--briefstatus'),
    pid: Number.isInteger(pid) && pid > 1 ? pid : undefined,
  };
}

/** One after the other; a check that throws is our bug, and a FAIL of its own. */
export async function* verify(scene: Scene): AsyncGenerator<Checked> {
  for (const [group, checks] of Object.entries(CHECKS)) {
    for (const { name, check } of checks) {
      try {
        yield { group, name, ...(await check(scene)) };
      } catch (e) {
        yield {
          group,
          name,
          verdict: 'FAIL',
          why: `the check itself failed: ${(e as Error).message}`,
          todo: 'report it',
        };
      }
    }
  }
}
