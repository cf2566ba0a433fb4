/**
 * Keys and certificates out of an NSS database, as libreswan keeps them, by NSS's own tools; the database is only read.
 *
 *     certutil -L               nicknames, and what each is trusted for: `u` has a key, `C` and `T` are authorities
 *     certutil -L -n NAME -a    a certificate in PEM
 *     pk12util -o FILE -n NAME  a key with its certificates
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Wrong } from '../../ike/crypto/signature/public-key.ts';

export interface NssSource {
  /** A directory, or `sql:DIR` or `dbm:DIR`. */
  readonly dir: string;
  /** Only this one; all that have a key or are trusted, if absent. */
  readonly nickname: string | undefined;
  /** Of the database; without one NSS asks for it at the terminal. */
  readonly passwordFile: string | undefined;
}

export interface NssItem {
  readonly nickname: string;
  /** PKCS#12 under `passphrase`, or PEM. */
  readonly octets: Uint8Array;
  readonly passphrase: string;
}

/** Everything that is wanted, or what stands in the way. */
export function readNss({ dir, nickname, passwordFile }: NssSource): readonly NssItem[] | Wrong {
  const database = ['-d', /^(sql|dbm):/.test(dir) ? dir : `sql:${dir}`];
  const password = passwordFile === undefined ? [] : ['-f', passwordFile];
  const listed = run('certutil', ['-L', ...database, ...password]);
  if ('wrong' in listed) return listed;
  const all = entriesIn(listed.text);
  const wanted = nickname === undefined ? all.filter(isOfUse) : all.filter((entry) => entry.nickname === nickname);
  if (wanted.length === 0)
    return {
      wrong: `there is no ${nickname === undefined ? 'key and no authority' : `certificate "${nickname}"`} in ${dir}`,
    };
  const folder = mkdtempSync(join(tmpdir(), 'pluto-import-'));
  try {
    const items: NssItem[] = [];
    for (const entry of wanted) {
      const item = hasKey(entry)
        ? exported(entry.nickname, database, passwordFile, folder)
        : certificate(entry.nickname, [...database, ...password]);
      if ('wrong' in item) return item;
      items.push(item);
    }
    return items;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Entry {
  readonly nickname: string;
  /** `CT,C,C`: for TLS, mail and code. */
  readonly trust: string;
}

/** Lines that end in three comma-separated groups of letters; a nickname may have blanks. */
export function entriesIn(listing: string): readonly Entry[] {
  return listing.split('\n').flatMap((line) => {
    const found = /^(.*\S)\s+([a-zA-Z]*,[a-zA-Z]*,[a-zA-Z]*)\s*$/.exec(line);
    return found && !line.startsWith(' ') ? [{ nickname: found[1], trust: found[2] }] : [];
  });
}

const hasKey = ({ trust }: Entry): boolean => trust.includes('u');
const isOfUse = (entry: Entry): boolean => hasKey(entry) || /[CT]/.test(entry.trust.split(',')[0]);

function certificate(nickname: string, database: readonly string[]): NssItem | Wrong {
  const read = run('certutil', ['-L', ...database, '-n', nickname, '-a']);
  return 'wrong' in read ? read : { nickname, octets: Buffer.from(read.text), passphrase: '' };
}

/** Passphrases go by files: others on this machine see what a command is told. */
function exported(
  nickname: string,
  database: readonly string[],
  passwordFile: string | undefined,
  folder: string,
): NssItem | Wrong {
  const [file, secret] = [join(folder, 'key.p12'), join(folder, 'passphrase')];
  const passphrase = randomBytes(24).toString('hex');
  writeFileSync(secret, `${passphrase}\n`, { mode: 0o600 });
  rmSync(file, { force: true });
  const password = passwordFile === undefined ? [] : ['-k', passwordFile];
  const done = run('pk12util', ['-o', file, '-n', nickname, ...database, ...password, '-w', secret]);
  return 'wrong' in done ? done : { nickname, octets: readFileSync(file), passphrase };
}

/** What it prints. Its questions are asked at our terminal. */
function run(command: string, args: readonly string[]): { readonly text: string } | Wrong {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    stdio: ['inherit', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: DEADLINE,
    maxBuffer: MOST_OUTPUT,
  });
  if (error && 'code' in error && error.code === 'ENOENT')
    return { wrong: `${command} is missing: install libnss3-tools (nss-tools)` };
  if (error) return { wrong: `${command}: ${error.message}` };
  if (status !== 0) return { wrong: `${command}: ${stderr.trim().split('\n').at(-1) || `exit status ${status}`}` };
  return { text: stdout };
}

/** ms; somebody may have to find a password first. */
const DEADLINE = 120_000;
const MOST_OUTPUT = 16 << 20;
