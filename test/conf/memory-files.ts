import { posix } from 'node:path';
import type { FileSystem, OctetFiles } from '../../src/conf/file-system.ts';
import { globPart } from '../../src/conf/glob.ts';

/** Files in memory: a record of texts, with modes where a test cares. Wildcards in the last part of a path only. */
export function memoryFiles(files: Readonly<Record<string, string>>, modes: Readonly<Record<string, number>> = {}) {
  const reads: string[] = [];
  const fs: FileSystem & OctetFiles & { readonly reads: readonly string[] } = {
    reads,
    read(path) {
      reads.push(path);
      if (!Object.hasOwn(files, path)) return { errno: 'ENOENT' };
      return { text: files[path], mode: modes[path] ?? 0o600 };
    },
    readOctets(path) {
      const read = this.read(path);
      return 'errno' in read ? read : { octets: Uint8Array.from(Buffer.from(read.text)), mode: read.mode ?? 0o600 };
    },
    glob(pattern) {
      const matches = globPart(posix.basename(pattern)) ?? ((name: string) => name === posix.basename(pattern));
      return Object.keys(files)
        .filter((path) => posix.dirname(path) === posix.dirname(pattern) && matches(posix.basename(path)))
        .sort();
    },
  };
  return fs;
}
