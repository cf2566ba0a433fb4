/** Two hosts for every test of a file, and the daemons that it starts on them: gone when the test is over. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type Daemon, lacksDaemon, startDaemon } from './daemon.ts';
import { commandExists } from './machine.ts';
import { pair, type Topology } from './topology.ts';

export interface TwoHosts {
  readonly topology: Topology;
  /** Has `NAME.conf`, `NAME.secrets`, and the folder `NAME` of that daemon's own. */
  readonly directory: string;
  /** Another one of the same name finds what the first has left. */
  start(name: 'west' | 'east', files: DaemonFiles, options: readonly string[]): Promise<Daemon>;
}

export interface DaemonFiles {
  readonly conf: string;
  readonly secrets?: string;
}

/** Why a machine cannot have them. */
export const lacksTwoHosts = (): string | undefined =>
  process.getuid?.() !== 0 ? 'needs root' : commandExists('ip') ? lacksDaemon() : 'needs iproute2';

/** To be called in a `describe`, whose tests are skipped for the reason `lacks`. */
export function twoHosts(lacks: string | undefined): TwoHosts {
  let topology: Topology;
  let directory: string;
  const daemons: Daemon[] = [];
  beforeEach(async ({ skip }) => {
    skip(lacks !== undefined, lacks);
    directory = await mkdtemp(join(tmpdir(), 'pluto-hosts-'));
    topology = await pair();
  });
  afterEach(async () => {
    if (lacks) return;
    for (const daemon of daemons.splice(0)) if (daemon.alive()) await daemon.kill();
    await topology.network.close();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    get topology() {
      return topology;
    },
    get directory() {
      return directory;
    },
    async start(name, { conf, secrets = '@west @east : PSK "correct horse battery staple"\n' }, options) {
      const at = (kind: string) => join(directory, `${name}.${kind}`);
      await writeFile(at('conf'), conf);
      await writeFile(at('secrets'), secrets, { mode: 0o600 });
      const place = { host: topology[name].host, directory: join(directory, name) };
      const daemon = await startDaemon({ ...place, config: at('conf'), secrets: at('secrets'), options });
      daemons.push(daemon);
      return daemon;
    },
  };
}
