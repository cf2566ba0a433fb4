/** What a daemon under the shim has told its kernel: the log of xfrm-shim.c, read back. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export interface InstalledSa {
  readonly src: string;
  readonly dst: string;
  /** `0x` and eight digits. */
  readonly spi: string;
  /** Algorithms and keys as one comparable word: `aead=rfc4106(gcm(aes))/128:00ff…`. */
  readonly keys: string;
  /** `2:4500>4500` when in UDP. */
  readonly encapsulation?: string;
}

/** The SAs that are installed after the last line; SPIs that were only reserved are left out. */
export async function installedSas(logFile: string): Promise<readonly InstalledSa[]> {
  const sas = new Map<string, InstalledSa>();
  if (!existsSync(logFile)) return [];
  for (const line of (await readFile(logFile, 'utf8')).split('\n')) {
    const [operation] = line.split(' ', 1);
    if (operation === 'FLUSHSA') sas.clear();
    const spi = field(line, 'spi');
    if (spi === undefined) continue;
    if (operation === 'DELSA') sas.delete(spi);
    if (operation !== 'NEWSA' && operation !== 'UPDSA') continue;
    const encapsulation = field(line, 'encap');
    sas.set(spi, {
      src: field(line, 'src') ?? '',
      dst: field(line, 'dst') ?? '',
      spi,
      keys: [...line.matchAll(/ (aead|enc|auth)=([^:]+):(\w+)/g)]
        .map(([, kind, name, key]) => `${kind}=${FULL_NAMES[name] ?? name}:${key}`)
        .join(' '),
      ...(encapsulation === undefined ? {} : { encapsulation }),
    });
  }
  return [...sas.values()];
}

/** The kernel takes short names too, and leaves as much of a hash as is usual where it is not told how much. */
const FULL_NAMES: Readonly<Record<string, string>> = {
  aes: 'cbc(aes)',
  des3_ede: 'cbc(des3_ede)',
  md5: 'hmac(md5)/96',
  'md5/96': 'hmac(md5)/96',
  'hmac(md5)': 'hmac(md5)/96',
  sha1: 'hmac(sha1)/96',
  'sha1/96': 'hmac(sha1)/96',
  'hmac(sha1)': 'hmac(sha1)/96',
  'hmac(sha384)': 'hmac(sha384)/192',
  'hmac(sha512)': 'hmac(sha512)/256',
};

function field(line: string, name: string): string | undefined {
  return new RegExp(` ${name}=(\\S+)`).exec(line)?.[1];
}
