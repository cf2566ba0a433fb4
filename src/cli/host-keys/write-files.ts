/** Several files, complete under their names or not there: all are written before the first one gets its name. */
import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { posix } from 'node:path';
import type { Wrong } from '../../ike/crypto/signature/public-key.ts';

export interface NewFile {
  readonly path: string;
  readonly octets: Uint8Array;
  /** Otherwise nothing may be there. */
  readonly replaces: boolean;
}

/** Mode 0600, in directories of mode 0700. Undefined if all went well; otherwise files that are new are gone again. */
export function writeFiles(files: readonly NewFile[]): Wrong | undefined {
  const temporary: string[] = [];
  const named: string[] = [];
  let current = '';
  try {
    for (const { path, octets } of files) {
      current = path;
      mkdirSync(posix.dirname(path), { recursive: true, mode: 0o700 });
      temporary.push(writeHidden(path, octets));
    }
    for (const [i, { path, replaces }] of files.entries()) {
      current = path;
      if (replaces) renameSync(temporary[i], path);
      else {
        linkSync(temporary[i], path);
        named.push(path);
      }
    }
    return undefined;
  } catch (e) {
    for (const path of named) remove(path);
    return { wrong: `cannot write ${current}: ${errnoOf(e)}` };
  } finally {
    for (const path of temporary) remove(path);
  }
}

/** Beside its place, under a name that pluto does not look at. */
function writeHidden(path: string, octets: Uint8Array): string {
  const hidden = posix.join(posix.dirname(path), `.${posix.basename(path)}.${process.pid}`);
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
  const fd = openSync(hidden, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
  try {
    for (let at = 0; at < octets.length; ) at += writeSync(fd, octets, at);
    fsyncSync(fd);
  } catch (e) {
    remove(hidden);
    throw e;
  } finally {
    closeSync(fd);
  }
  return hidden;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It has its name by now, or was never there.
  }
}

export const errnoOf = (e: unknown): string => (e instanceof Error && 'code' in e ? `${e.code}` : String(e));
