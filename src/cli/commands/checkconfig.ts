/**
 * `ipsec checkconfig`: everything that is wrong with ipsec.conf and what it includes, what has no effect yet, and which
 * certificates it names that are not there.
 */
import type { Conn } from '../../conf/conn.ts';
import type { Problem } from '../../conf/problem.ts';
import type { Setup } from '../../conf/setup.ts';
import { DEFAULT_CONFIG } from '../../control/daemon-options.ts';
import { FAILURE_EXIT } from '../ask.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

/** `ipsec checkconfig --json`. Fields may be added, never changed. */
interface Report {
  readonly file: string;
  /** Whether pluto would load it: there may be warnings. */
  readonly ok: boolean;
  readonly errors: number;
  readonly warnings: number;
  /** Connections that it would load. */
  readonly conns: number;
  /** By file and line. */
  readonly problems: readonly Problem[];
}

/** Exit status 0 if there is no error, 1 if there is one. */
export async function run({ options }: IpsecLine, output: Output): Promise<number> {
  if (options.has('unsupported')) return await listUnsupported(options.has('json'), output);
  const file = options.get('config') ?? DEFAULT_CONFIG;
  const { readConfig } = await import('../../conf/load.ts');
  const { nodeFileSystem } = await import('../../conf/node-file-system.ts');
  const { formatProblem, hasErrors } = await import('../../conf/problem.ts');
  const { conns, setup, problems: found } = readConfig(file, nodeFileSystem);
  const { missingKeys } = await import('../named-keys.ts');
  const more = [...notLoaded(conns, setup), ...missingKeys(conns, setup)];
  const problems = [...found, ...more].sort((a, b) => compare(a.file, b.file) || a.line - b.line);
  const isWrong = hasErrors(problems);
  if (options.has('json')) {
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    const report: Report = {
      file,
      ok: !isWrong,
      errors,
      warnings: problems.length - errors,
      conns: isWrong ? 0 : conns.length,
      problems,
    };
    await output.out(`${JSON.stringify(report, undefined, 2)}\n`);
  } else for (const problem of problems) output.err(formatProblem(problem));
  return isWrong ? FAILURE_EXIT : 0;
}

/** What is sound, and will be refused all the same. */
function notLoaded(conns: readonly Conn[], { ikev1Policy }: Setup): readonly Problem[] {
  if (ikev1Policy === 'accept') return [];
  return conns
    .filter((conn) => conn.keyexchange === 'ikev1')
    .map(({ name, file, line }) => ({
      severity: 'warning',
      file,
      line,
      section: `conn ${name}`,
      keyword: 'keyexchange',
      text: `is not loaded: ikev1-policy=${ikev1Policy} allows no IKEv1 connections`,
    }));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A line for each keyword, or each of its values; as JSON an array of `Unsupported`. */
async function listUnsupported(asJson: boolean, output: Output): Promise<number> {
  const { unsupported } = await import('../../conf/unsupported.ts');
  const rows = unsupported();
  if (asJson) {
    await output.out(`${JSON.stringify(rows, undefined, 2)}\n`);
    return 0;
  }
  for (const section of ['setup', 'conn'] as const) {
    const lines = rows
      .filter((row) => row.section === section)
      .map(({ keyword, value = '', help }) => `\t${`${keyword}=${value}`.padEnd(34)} # ${help}\n`);
    await output.out(`${section === 'setup' ? 'config setup' : 'conn ...'}\n${lines.join('')}`);
  }
  return 0;
}
