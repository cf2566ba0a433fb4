/** The directories of the store, as a port: tests bring files in memory. */
import { closeSync, constants, fstatSync, opendirSync, openSync, readSync, statSync } from 'node:fs';

export interface StoreFiles {
  /** Names of what is in `dir`, in no order, none that begin with a dot. A directory that is not there is empty. */
  list(dir: string): Iterable<string> | StoreFault;
  /** Another one when the file is another one, or has been written to. Directories have none. */
  stamp(path: string): string | StoreFault;
  read(path: string): Uint8Array | StoreFault;
}

export interface StoreFault {
  /** `EACCES`, … */
  readonly errno: string;
}

/** Octets of a file: a bundle of all the world's authorities has 300,000. */
export const MAX_STORE_FILE = 16 << 20;

export const isStoreFault = (read: object | string): read is StoreFault => typeof read === 'object' && 'errno' in read;

export const nodeStoreFiles: StoreFiles = {
  list(dir) {
    try {
      return namesIn(opendirSync(dir));
    } catch (e) {
      const errno = errnoOf(e);
      return errno === 'ENOENT' ? [] : { errno };
    }
  },

  stamp(path) {
    try {
      const { ino, mtimeNs, size, dev } = statSync(path, { bigint: true });
      return `${dev}:${ino} ${mtimeNs} ${size}`;
    } catch (e) {
      return { errno: errnoOf(e) };
    }
  },

  read(path) {
    let fd: number | undefined;
    try {
      // Without O_NONBLOCK a FIFO would hold us until somebody writes to it.
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stat = fstatSync(fd);
      if (!stat.isFile()) return { errno: stat.isDirectory() ? 'EISDIR' : 'ENOTSUP' };
      if (stat.size > MAX_STORE_FILE) return { errno: 'EFBIG' };
      const octets = new Uint8Array(stat.size);
      let length = 0;
      while (length < stat.size) {
        const count = readSync(fd, octets, length, stat.size - length, null);
        if (count === 0) break;
        length += count;
      }
      return octets.subarray(0, length);
    } catch (e) {
      return { errno: errnoOf(e) };
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  },
};

function* namesIn(dir: ReturnType<typeof opendirSync>): Generator<string, void> {
  try {
    for (let entry = dir.readSync(); entry; entry = dir.readSync())
      if (!entry.name.startsWith('.') && !entry.isDirectory()) yield entry.name;
  } finally {
    dir.closeSync();
  }
}

const errnoOf = (e: unknown): string =>
  e instanceof Error && 'code' in e && typeof e.code === 'string' ? e.code : 'EIO';
