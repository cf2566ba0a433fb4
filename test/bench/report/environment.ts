/** Where the figures were taken: without it they say nothing. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { version } from '../../interop/peers/prefix.ts';

export type Environment = Readonly<Record<string, string>>;

export function environment(): Environment {
  const all = cpus();
  return {
    date: new Date().toISOString(),
    processor: `${all.length} × ${all[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    kernel: `Linux ${release()}`,
    node: `${process.version}, V8 ${process.versions.v8}, OpenSSL ${process.versions.openssl}`,
    pluto: commit(),
    strongSwan: version('strongswan') ?? 'not here',
    libreswan: version('libreswan') ?? 'not here',
    'load before': loadavg()
      .map((load) => load.toFixed(2))
      .join(' '),
  };
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'not from a repository';
  }
}
