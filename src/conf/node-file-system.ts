/** The real files. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { FileFault, FileOctets, FileSystem, FileText, OctetFiles } from './file-system.ts';
import { globPart } from './glob.ts';
import { offHeap } from './secret.ts';

/** Larger files are no configuration (`include /dev/zero` is a fault, not the end). */
const MAX_FILE_OCTETS = 256 << 20;

export const nodeFileSystem: FileSystem & OctetFiles = {
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

  readOctets(path: string): FileOctets | FileFault {
    let fd: number | undefined;
    try {
      // Without O_NONBLOCK a FIFO would hold us until somebody writes to it.
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stat = fstatSync(fd);
      if (!stat.isFile()) return { errno: stat.isDirectory() ? 'EISDIR' : 'ENOTSUP' };
      if (stat.size > MAX_FILE_OCTETS) return { errno: 'EFBIG' };
      const isForeign = stat.uid !== 0 && stat.uid !== process.getuid?.();
      return { octets: readAll(fd, stat.size), mode: stat.mode & 0o777, isForeign };
    } catch (e) {
      return { errno: errnoOf(e) };
    } finally {
      if (fd !== undefined) closeSync(fd);
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

/** At most `size` octets, in memory that nobody else has a part of. */
function readAll(fd: number, size: number): Uint8Array {
  const octets = offHeap(size);
  let length = 0;
  while (length < size) {
    const count = readSync(fd, octets, length, size - length, null);
    if (count === 0) break;
    length += count;
  }
  return octets.subarray(0, length);
}

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
