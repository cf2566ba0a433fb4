/** The private keys of this host: those that ipsec.secrets(5) names and those beside them; and what is wrong with others. */
import { posix } from 'node:path';
import { atOnce } from '../../conf/at-once.ts';
import { nodeFileSystem } from '../../conf/node-file-system.ts';
import { formatProblem } from '../../conf/problem.ts';
import { type KeyEntry, RSA_FIELDS } from '../../conf/secret-entry.ts';
import { loadSecrets } from '../../conf/secrets.ts';
import { TrustShelf } from '../../ike/auth/x509/trust-shelf.ts';
import { ckaid, keyId } from '../../ike/crypto/signature/key-id.ts';
import { parsePrivateKey, rsaPrivateKey } from '../../ike/crypto/signature/private-key.ts';
import type { PublicKey, Wrong } from '../../ike/crypto/signature/public-key.ts';
import { CertificateStore } from '../../services/store/certificate-store.ts';
import type { KeyPlaces } from './places.ts';

/** A key without its private half, and where that is. */
export interface HostKey {
  readonly key: PublicKey;
  readonly keyId: string;
  /** Hex. */
  readonly ckaid: string;
  /** Absent: in braces in ipsec.secrets itself. */
  readonly path?: string;
  /** The entry that names it; absent: it lies beside those that entries name. */
  readonly entry?: { readonly file: string; readonly line: number };
  /** Nicknames of its certificates. */
  readonly certificates: readonly string[];
}

export interface HostKeys {
  readonly keys: readonly HostKey[];
  /** Lines for people, errors first; none has a word of a secret. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

export function readHostKeys({ dir, privateDir, secretsFile }: KeyPlaces): HostKeys {
  const { secrets, problems } = loadSecrets(secretsFile, nodeFileSystem, { privateDir });
  const said = (severity: string) => problems.filter((p) => p.severity === severity).map(formatProblem);
  const errors = said('error');
  const warnings = said('warning');
  const store = new CertificateStore({ dir, trust: new TrustShelf(), wall: () => 0 });
  atOnce(store.rereading((text) => warnings.push(text), ['certs']));
  const keys: HostKey[] = [];
  const named = new Set<string>();
  const add = (key: PublicKey, where: Pick<HostKey, 'path' | 'entry'>) => {
    const id = Buffer.from(ckaid(key)).toString('hex');
    const certificates = store.withCkaid(id).flatMap(({ nickname }) => nickname ?? []);
    const isCopy = where.entry === undefined && keys.some((known) => known.ckaid === id);
    if (!isCopy) keys.push({ key, keyId: keyId(key), ckaid: id, ...where, certificates });
  };
  for (const entry of secrets.privateKeys()) {
    const { file, line } = entry;
    const path = entry.key.t === 'file' ? { path: entry.key.path } : {};
    if (path.path !== undefined) named.add(path.path);
    const key = publicHalf(entry);
    if ('wrong' in key) warnings.push(`${file}:${line}: ${entry.kind}: bad key: ${key.wrong}`);
    else add(key, { ...path, entry: { file, line } });
  }
  secrets.wipe();
  for (const path of nodeFileSystem.glob(posix.join(privateDir, '*'))) {
    const read = named.has(path) ? undefined : nodeFileSystem.readOctets(path);
    if (read === undefined || 'errno' in read) continue;
    const key = parsePrivateKey(read.octets);
    read.octets.fill(0);
    if ('wrong' in key) warnings.push(`${path}: bad key: ${key.wrong}`);
    else add(key.public, { path });
  }
  return { keys, errors, warnings };
}

function publicHalf({ kind, key }: KeyEntry): PublicKey | Wrong {
  if (kind === 'P12') return { wrong: '`ipsec import FILE` takes PKCS#12 apart' };
  const read =
    key.t === 'file'
      ? parsePrivateKey(key.octets.reveal(), key.passphrase?.reveal())
      : rsaPrivateKey(RSA_FIELDS.map((field) => key.numbers[field].reveal()));
  return 'wrong' in read ? read : read.public;
}
