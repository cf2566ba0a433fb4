/** One host's files: its connections and its secrets, and what is to be said about them. */
import { posix } from 'node:path';
import type { Conn } from '../conf/conn.ts';
import type { FileSystem, OctetFiles } from '../conf/file-system.ts';
import { loadConfig } from '../conf/load.ts';
import { formatProblem, hasErrors } from '../conf/problem.ts';
import type { SecretStore } from '../conf/secret-store.ts';
import { loadSecrets } from '../conf/secrets.ts';
import type { Setup } from '../conf/setup.ts';
import type { Name } from './report.ts';

export interface SideOptions {
  /** ipsec.conf of this host. */
  readonly conf: string;
  /** ipsec.secrets; absent: looked for beside it. */
  readonly secrets?: string;
  /** Where the host is, if its file does not say so. */
  readonly address?: string;
}

/** Files of both kinds: what is secret is read as octets. */
export type Files = FileSystem & OctetFiles;

export interface Source {
  readonly name: Name;
  readonly conf: string;
  readonly conns: readonly Conn[];
  readonly ikev1Policy: Setup['ikev1Policy'];
  /** Undefined: no file of secrets. */
  readonly secrets: { readonly file: string; readonly store: SecretStore } | undefined;
  readonly notes: readonly string[];
}

export function readSource(name: Name, options: SideOptions, fs: Files): Source | { readonly errors: string[] } {
  const { conf } = options;
  const read = fs.read(conf);
  if ('errno' in read) return { errors: [`cannot read ${conf}: ${read.errno}`] };
  const config = loadConfig(conf, fs);
  const texts = config.problems.map(formatProblem);
  if (hasErrors(config.problems)) return { errors: texts };
  const wanted = options.secrets ?? secretsBeside(conf, fs);
  const fault = wanted === undefined ? undefined : faultOf(wanted, fs);
  if (fault !== undefined && options.secrets !== undefined) return { errors: [`cannot read ${wanted}: ${fault}`] };
  const loaded = wanted === undefined || fault !== undefined ? undefined : loadSecrets(wanted, fs);
  return {
    name,
    conf,
    conns: config.conns,
    ikev1Policy: config.setup.ikev1Policy,
    secrets: wanted !== undefined && loaded ? { file: wanted, store: loaded.secrets } : undefined,
    notes: [
      ...texts,
      ...(fault === undefined ? [] : [`cannot read ${wanted}: ${fault}`]),
      ...(loaded?.problems ?? []).map(formatProblem),
    ],
  };
}

/** `west.secrets` beside `west.conf`, else `ipsec.secrets` in the same directory. */
function secretsBeside(conf: string, fs: Files): string | undefined {
  const twin = conf.endsWith('.conf') ? [conf.replace(/\.conf$/, '.secrets')] : [];
  const paths = [...twin, posix.join(posix.dirname(conf), 'ipsec.secrets')];
  return paths.find((path) => faultOf(path, fs) !== 'ENOENT');
}

/** Why it cannot be read, if it cannot; a pattern that matches nothing is as good as no file. */
function faultOf(path: string, fs: Files): string | undefined {
  if (/[*?[]/.test(path)) return fs.glob(path).length === 0 ? 'ENOENT' : undefined;
  const read = fs.readOctets(path);
  if ('errno' in read) return read.errno;
  read.octets.fill(0);
  return undefined;
}
