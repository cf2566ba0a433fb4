/**
 * Keeping a new key:
 *
 *     ipsecdir/private/hostkey-5a0811f8.pem    PKCS#8 in PEM, mode 0600, named by its CKAID
 *     ipsec.secrets                            : RSA hostkey-5a0811f8.pem
 *
 * The file is complete under its name or not there. The entry is one write at the end, so that whatever else is in
 * ipsec.secrets, its mode, owner and links stay as they are, and two that write at once lose nothing.
 */
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { posix } from 'node:path';
import type { MadeKey } from '../../ike/crypto/signature/generate.ts';
import { ckaid } from '../../ike/crypto/signature/key-id.ts';
import { kindRow } from '../../ike/crypto/signature/key-kind.ts';
import type { Wrong } from '../../ike/crypto/signature/public-key.ts';
import type { KeyPlaces } from './places.ts';
import { errnoOf, writeFiles } from './write-files.ts';

/** The key's file. */
export interface Stored {
  readonly path: string;
}

/** `note` stands in a comment above the entry: one line. */
export function storeKey(made: MadeKey, { privateDir, secretsFile }: KeyPlaces, note: string): Stored | Wrong {
  const id = Buffer.from(ckaid(made.key.public)).toString('hex');
  const name = `hostkey-${id.slice(0, 8)}.pem`;
  const path = posix.join(privateDir, name);
  const failed = writeFiles([{ path, octets: made.pem, replaces: false }]);
  if (failed) return failed;
  try {
    append(secretsFile, `# ${note}\n# ckaid: ${id}\n: ${entryKind(made)} ${name}\n`);
  } catch (e) {
    // A key that nothing names would only puzzle.
    unlinkSync(path);
    return { wrong: `cannot write ${secretsFile}: ${errnoOf(e)}` };
  }
  return { path };
}

/** libreswan knows RSA and ECDSA by name; whatever else is PKCS#8. */
function entryKind({ key }: MadeKey): string {
  const { type } = kindRow(key.kind);
  return type === 'EdDSA' ? 'PKCS8' : type;
}

function append(path: string, text: string): void {
  const fd = openSync(path, constants.O_CREAT | constants.O_APPEND | constants.O_RDWR, 0o600);
  try {
    const { size } = fstatSync(fd);
    const last = Buffer.alloc(1);
    if (size > 0) readSync(fd, last, 0, 1, size - 1);
    const gap = size > 0 && last.toString() !== '\n' ? '\n' : '';
    writeAll(fd, Buffer.from(gap + text));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, octets: Uint8Array): void {
  let at = 0;
  while (at < octets.length) at += writeSync(fd, octets, at);
}
