/** What conns name by `leftcert=`, `leftcert2=` and `leftckaid=`, and this host has not. */
import { accessSync, constants, existsSync } from 'node:fs';
import { atOnce } from '../conf/at-once.ts';
import type { Conn, End } from '../conf/conn.ts';
import type { Problem } from '../conf/problem.ts';
import type { Setup } from '../conf/setup.ts';
import { TrustShelf } from '../ike/auth/x509/trust-shelf.ts';
import { CertificateStore } from '../services/store/certificate-store.ts';
import { readHostKeys } from './host-keys/read.ts';

/** Warnings: pluto loads such a conn, and a certificate may come later. None where we may not look. */
export function missingKeys(conns: readonly Conn[], { ipsecdir: dir, secretsfile }: Setup): readonly Problem[] {
  const names = conns.flatMap((conn) => [...namesIn(conn)]);
  const folder = `${dir}/certs`;
  if (names.length === 0 || isClosed(folder)) return [];
  const store = new CertificateStore({ dir, trust: new TrustShelf(), wall: () => 0 });
  atOnce(store.rereading(() => {}, ['certs']));
  let ours: ReadonlySet<string> | undefined;
  const isOurs = (ckaid: string): boolean => {
    ours ??= ourKeys(dir, secretsfile);
    return ours === EVERY || ours.has(ckaid);
  };
  return names.flatMap(({ conn, keyword, cert, ckaid }) => {
    const isThere =
      cert === undefined ? store.withCkaid(ckaid).length > 0 || isOurs(ckaid) : store.named(cert) !== undefined;
    if (isThere) return [];
    const what = cert === undefined ? 'there is no key or certificate with this CKAID' : `no "${cert}"`;
    const text = `${keyword}=: ${what} in ${cert === undefined ? dir : folder}`;
    return { severity: 'warning', file: conn.file, line: conn.line, section: `conn ${conn.name}`, keyword, text };
  });
}

function isClosed(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return false;
  } catch {
    return existsSync(folder);
  }
}

interface Named {
  readonly conn: Conn;
  readonly keyword: string;
  readonly cert: string | undefined;
  /** Hex. */
  readonly ckaid: string;
}

function* namesIn(conn: Conn): Generator<Named> {
  const raw = [...conn.left.keys.publicKeys, ...conn.right.keys.publicKeys].map(({ ckaid }) => hex(ckaid));
  for (const [side, { keys }] of Object.entries({ left: conn.left, right: conn.right } satisfies Record<string, End>)) {
    const { cert, ckaid, second } = keys;
    if (cert !== undefined) yield { conn, keyword: `${side}cert`, cert, ckaid: '' };
    // It outranks the CKAID.
    else if (ckaid && !raw.includes(hex(ckaid)))
      yield { conn, keyword: `${side}ckaid`, cert: undefined, ckaid: hex(ckaid) };
    if (second?.cert !== undefined) yield { conn, keyword: `${side}cert2`, cert: second.cert, ckaid: '' };
  }
}

const EVERY: ReadonlySet<string> = new Set();

function ourKeys(dir: string, secretsFile: string): ReadonlySet<string> {
  const { keys, errors } = readHostKeys({ dir, privateDir: `${dir}/private`, secretsFile });
  return errors.length > 0 ? EVERY : new Set(keys.map(({ ckaid }) => ckaid));
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
