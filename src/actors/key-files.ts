/**
 * Where our private keys come from: the entries of ipsec.secrets(5), and the files beside those that they name. A key a
 * step, for each signs and verifies when it is read.
 */
import { posix } from 'node:path';
import type { FileOctets, OctetFiles } from '../conf/file-system.ts';
import { formatProblem } from '../conf/problem.ts';
import { type KeyEntry, RSA_FIELDS } from '../conf/secret-entry.ts';
import { MOST_KEYS } from '../ike/crypto/signature/key-shelf.ts';
import { type PrivateKey, parsePrivateKey, rsaPrivateKey } from '../ike/crypto/signature/private-key.ts';
import type { Wrong } from '../ike/crypto/signature/public-key.ts';
import type { NextKeys } from './key-ring.ts';

export interface KeyFilesOptions {
  readonly files: OctetFiles;
  readonly privateDir: string;
  /** A line of what is wrong with a key that is left out, or with its file. */
  readonly warn: (text: string) => void;
}

/** Puts all of them on the ring to be; the octets of `entries` are wiped. */
export function* readingKeys(
  entries: readonly KeyEntry[],
  next: NextKeys,
  options: KeyFilesOptions,
): Generator<undefined, void> {
  const named = new Set<string>();
  const full = { isSaid: false };
  const add = (key: PrivateKey, owners: KeyEntry['indices'] | undefined, where: string) => {
    if (next.add(key, owners, where) || full.isSaid) return;
    full.isSaid = true;
    options.warn(`there is room for ${MOST_KEYS} private keys: that at ${where} and more are left out`);
  };
  for (const entry of entries) {
    yield undefined;
    const { file, line, kind, indices } = entry;
    if (entry.key.t === 'file') named.add(entry.key.path);
    const key = keyOfEntry(entry);
    const where = entry.key.t === 'file' ? entry.key.path : `${file}:${line}`;
    if (!('wrong' in key)) add(key, indices, where);
    else
      options.warn(
        formatProblem({ severity: 'warning', file, line, text: `${kind}: ${key.wrong}; the entry is left out` }),
      );
  }
  for (const path of options.files.glob(posix.join(options.privateDir, '*'))) {
    if (named.has(path) || full.isSaid) continue;
    yield undefined;
    const key = keyInFile(path, options);
    if (key) add(key, undefined, path);
  }
}

function keyOfEntry({ kind, key }: KeyEntry): PrivateKey | Wrong {
  if (key.t === 'numbers') {
    const read = rsaPrivateKey(RSA_FIELDS.map((field) => key.numbers[field].reveal()));
    for (const field of RSA_FIELDS) key.numbers[field].wipe();
    return read;
  }
  const read = kind === 'P12' ? P12 : keyInOctets(key.octets.reveal(), key.passphrase?.reveal(), key.isPrompted);
  key.octets.wipe();
  key.passphrase?.wipe();
  return read;
}

/** Hundreds of thousands of hashes stand between a passphrase and what is in the file: none of that here. */
const P12: Wrong = { wrong: '`ipsec import FILE` takes PKCS#12 apart, once and for all' };

function keyInOctets(octets: Uint8Array, passphrase: Uint8Array | undefined, isPrompted: boolean): PrivateKey | Wrong {
  const key = parsePrivateKey(octets, passphrase);
  if (!('wrong' in key)) return key;
  const isLocked = passphrase === undefined && key.wrong.startsWith('it is encrypted');
  if (isPrompted && isLocked)
    return { wrong: 'nobody can be prompted for its passphrase here: say it, or decrypt the file' };
  return { wrong: `bad key: ${key.wrong}` };
}

/** Of what lies in the directory without an entry; files that begin with a dot are not looked at. */
function keyInFile(path: string, { files, warn }: KeyFilesOptions): PrivateKey | undefined {
  const complain = (text: string) => warn(formatProblem({ severity: 'warning', file: path, line: 0, text }));
  const read = files.readOctets(path);
  if ('errno' in read) {
    if (read.errno !== 'EISDIR') complain(`cannot read it: ${read.errno}`);
    return undefined;
  }
  const key = parsePrivateKey(read.octets);
  read.octets.fill(0);
  if ('wrong' in key) {
    complain(`bad key: ${key.wrong}; left out`);
    return undefined;
  }
  const access = accessProblem(read);
  if (access !== undefined) complain(access);
  return key;
}

/** Others than the owner may read or write it. */
function accessProblem({ mode = 0, isForeign }: FileOctets): string | undefined {
  if (isForeign) return 'it belongs to somebody who is neither root nor us; chown it';
  if ((mode & 0o066) === 0) return undefined;
  return `others than the owner may read or write it (mode ${mode.toString(8).padStart(4, '0')}); chmod 600 it`;
}
