/** Where this host's keys are: files below `ipsecdir=`, named by entries of `secretsfile=`. */
import { readConfig } from '../../conf/load.ts';
import { nodeFileSystem } from '../../conf/node-file-system.ts';
import { DEFAULT_CONFIG } from '../../control/daemon-options.ts';

export interface KeyPlaces {
  readonly privateDir: string;
  /** A path, or a glob. */
  readonly secretsFile: string;
}

/** `config setup` says; a file that is not there says what is usual. */
export function placesOf(options: ReadonlyMap<string, string>): KeyPlaces {
  const { setup } = readConfig(options.get('config') ?? DEFAULT_CONFIG, nodeFileSystem);
  return { privateDir: `${setup.ipsecdir}/private`, secretsFile: setup.secretsfile };
}
