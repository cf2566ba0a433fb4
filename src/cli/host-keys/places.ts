/** Where this host's keys are: files below `ipsecdir=`, named by entries of `secretsfile=`. */
import { existsSync } from 'node:fs';
import { readConfig } from '../../conf/load.ts';
import { nodeFileSystem } from '../../conf/node-file-system.ts';
import { formatProblem, type Problem } from '../../conf/problem.ts';
import { DEFAULT_CONFIG } from '../../control/daemon-options.ts';
import type { Wrong } from '../../ike/crypto/signature/public-key.ts';

export interface KeyPlaces {
  /** `ipsecdir=`. */
  readonly dir: string;
  readonly privateDir: string;
  /** A path, or a glob. */
  readonly secretsFile: string;
}

/**
 * `config setup` says. A host may have keys before it has an ipsec.conf, and then they are where they usually are; but a
 * file that is named and not there, or that does not say it well, must not send a key to another place than was meant.
 */
export function placesOf(options: ReadonlyMap<string, string>): KeyPlaces | Wrong {
  const named = options.get('config');
  const { setup, problems } = readConfig(named ?? DEFAULT_CONFIG, nodeFileSystem);
  const isBare = named === undefined && !existsSync(DEFAULT_CONFIG);
  const unclear = isBare ? undefined : problems.find(isAboutPlaces);
  if (unclear) return { wrong: formatProblem(unclear) };
  return { dir: setup.ipsecdir, privateDir: `${setup.ipsecdir}/private`, secretsFile: setup.secretsfile };
}

function isAboutPlaces({ severity, section, keyword }: Problem): boolean {
  if (keyword === 'ipsecdir' || keyword === 'secretsfile') return true;
  return severity === 'error' && (section === undefined || section === 'config setup');
}
