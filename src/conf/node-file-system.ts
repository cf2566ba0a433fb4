/** The real files. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { FileFault, FileSystem, FileText } from './file-system.ts';
import { globPart } from './glob.ts';

/** Larger files are no configuration (`include /dev/zero` is a fault, not the end). */
const MAX_FILE_OCTETS = 256 << 20;

export const nodeFileSystem: FileSystem = {
  read(path: string): FileText | FileFault {
    try {
      const stat = statSync(path);
      if (!stat.isFile()) return { errno: stat.isDirectory() ? 'EISDIR' : 'ENOTSUP' };
      if (stat.size > MAX_FILE_OCTETS) return { errno: 'EFBIG' };
      return { text: readFileSync(path, 'utf8'), mode: stat.mode & 0o777 };
    } catch (e) {
      return { errno: errnoOf(e) };
    }
  },

  glob(pattern: string): readonly string[] {
    let found = [posix.isAbsolute(pattern) ? '/' : '.'];
    for (const part of pattern.split('/').filter((p) => p !== '')) {
      const matches = globPart(part);
      found = found.flatMap((dir) => entries(dir, part, matches));
    }
    return found.sort();
  },
};

function entries(dir: string, part: string, matches: ((name: string) => boolean) | undefined): string[] {
  try {
    if (matches)
      return readdirSync(dir)
        .filter(matches)
        .map((name) => posix.join(dir, name));
    const path = posix.join(dir, part);
    statSync(path);
    return [path];
  } catch {
    // As a shell does: what cannot be read matches nothing.
    return [];
  }
}

const errnoOf = (e: unknown): string =>
  e instanceof Error && 'code' in e && typeof e.code === 'string' ? e.code : 'EIO';
