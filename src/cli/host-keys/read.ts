/** The private keys that ipsec.secrets(5) names, and what is wrong with the others. */
import { nodeFileSystem } from '../../conf/node-file-system.ts';
import { formatProblem } from '../../conf/problem.ts';
import { type KeyEntry, RSA_FIELDS } from '../../conf/secret-entry.ts';
import { loadSecrets } from '../../conf/secrets.ts';
import { ckaid, keyId } from '../../ike/crypto/signature/key-id.ts';
import { parsePrivateKey, rsaPrivateKey } from '../../ike/crypto/signature/private-key.ts';
import type { PublicKey, Wrong } from '../../ike/crypto/signature/public-key.ts';
import type { KeyPlaces } from './places.ts';

/** A key without its private half, and where that is. */
export interface HostKey {
  readonly key: PublicKey;
  readonly keyId: string;
  /** Hex. */
  readonly ckaid: string;
  /** Absent: in braces in ipsec.secrets itself. */
  readonly path?: string;
  readonly file: string;
  readonly line: number;
}

export interface HostKeys {
  readonly keys: readonly HostKey[];
  /** Lines for people, errors first; none has a word of a secret. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

export function readHostKeys({ privateDir, secretsFile }: KeyPlaces): HostKeys {
  const { secrets, problems } = loadSecrets(secretsFile, nodeFileSystem, { privateDir });
  const keys: HostKey[] = [];
  const said = (severity: string) => problems.filter((p) => p.severity === severity).map(formatProblem);
  const errors = said('error');
  const warnings = said('warning');
  for (const entry of secrets.privateKeys()) {
    const { file, line } = entry;
    const key = publicHalf(entry);
    if ('wrong' in key) warnings.push(`${file}:${line}: ${entry.kind}: bad key: ${key.wrong}`);
    else {
      const id = Buffer.from(ckaid(key)).toString('hex');
      const path = entry.key.t === 'file' ? { path: entry.key.path } : {};
      keys.push({ key, keyId: keyId(key), ckaid: id, ...path, file, line });
    }
  }
  secrets.wipe();
  return { keys, errors, warnings };
}

function publicHalf({ kind, key }: KeyEntry): PublicKey | Wrong {
  if (kind === 'P12') return { wrong: 'PKCS#12 files are not read yet' };
  const read =
    key.t === 'file'
      ? parsePrivateKey(key.octets.reveal(), key.passphrase?.reveal())
      : rsaPrivateKey(RSA_FIELDS.map((field) => key.numbers[field].reveal()));
  return 'wrong' in read ? read : read.public;
}
