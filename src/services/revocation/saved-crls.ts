/** Fetched CRLs as files beside those of the operator, so that a daemon that starts while a CA is away has them. */
import { createHash } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Files in one run of the daemon; each URL has its own. */
const MOST_FILES = 256;

/** A function that begins to save and is done with it. `warn` is told once what keeps it from that. */
export function crlSaver(dir: string, warn: (text: string) => void): (url: string, der: Uint8Array) => void {
  const names = new Set<string>();
  const busy = new Set<string>();
  let hasWarned = false;
  return (url, der) => {
    const name = fileNameOf(url);
    if (busy.has(name) || (names.size >= MOST_FILES && !names.has(name))) return;
    names.add(name);
    busy.add(name);
    void save(dir, name, der)
      .catch((error: unknown) => {
        if (!hasWarned) warn(`fetched CRLs are not saved in ${dir}: ${error instanceof Error ? error.message : error}`);
        hasWarned = true;
      })
      .finally(() => busy.delete(name));
  };
}

/** Nothing of the URL itself: it is another's text, and this is a path of ours. */
export const fileNameOf = (url: string): string =>
  `fetched-${createHash('sha256').update(url).digest('hex').slice(0, 16)}.crl`;

/** Whole or not at all: what begins with a dot is not read. */
async function save(dir: string, name: string, der: Uint8Array): Promise<void> {
  const fresh = join(dir, `.${name}`);
  try {
    await writeFile(fresh, der, { mode: 0o644 });
    await rename(fresh, join(dir, name));
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {});
    throw error;
  }
}
