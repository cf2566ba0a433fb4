/** One daemon to a run directory: the lock file holds its process id. */
import { closeSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export type Lock = { readonly release: () => void } | { readonly heldBy: number } | { readonly why: string };

/** Takes the lock, from a dead daemon if need be. `isAlive` tells whether a process id is in use. */
export function takeLock(path: string, isAlive: (pid: number) => boolean): Lock {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return create(path);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'EEXIST') return { why: (e as Error).message };
  }
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    // Our own id in it is a dead daemon's, too: in a container each start may get the same one.
    if (Number.isSafeInteger(pid) && pid > 0 && pid !== process.pid && isAlive(pid)) return { heldBy: pid };
    unlinkSync(path);
    return create(path);
  } catch (e) {
    return { why: (e as Error).message };
  }
}

/**
 * Whether a process id is a pluto's. The run directory may be on a disk, for leases to outlive a reboot, and after that the
 * id may be anybody's; one that is being killed has no command line any more.
 */
export function isPluto(pid: number): boolean {
  if (!isProcessAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('pluto');
  } catch {
    return true;
  }
}

/** Whether a process id is in use, by anybody. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function create(path: string): Lock {
  const fd = openSync(path, 'wx', 0o644);
  writeSync(fd, `${process.pid}\n`);
  closeSync(fd);
  return {
    release: () => {
      try {
        unlinkSync(path);
      } catch {
        // Somebody tidied up before us.
      }
    },
  };
}
