/** PKCS#12 files as OpenSSL writes them, new and old. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandExists } from '../../support/machine.ts';

/** Why there are none; printed once. */
export const lacksOpenssl = commandExists('openssl') ? undefined : 'openssl is missing: no PKCS#12 file is made';

export interface P12Wish {
  /** PEM. */
  readonly key?: string;
  readonly certificates: readonly string[];
  readonly passphrase: string;
  readonly name?: string;
  /** Of `openssl pkcs12 -export`. */
  readonly how?: readonly string[];
}

export function p12({ key, certificates, passphrase, name, how = [] }: P12Wish): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'pluto-p12-'));
  try {
    const at = (file: string) => join(folder, file);
    writeFileSync(at('in.pem'), `${key ?? ''}${certificates.join('')}`);
    const made = spawnSync('openssl', [
      ...['pkcs12', '-export', '-in', at('in.pem'), '-out', at('out.p12'), '-passout', `pass:${passphrase}`],
      ...(key === undefined ? ['-nokeys'] : []),
      ...(name === undefined ? [] : ['-name', name]),
      ...how,
    ]);
    if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
    return Uint8Array.from(readFileSync(at('out.p12')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
