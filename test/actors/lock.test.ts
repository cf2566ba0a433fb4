import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isPluto, isProcessAlive, takeLock } from '../../src/actors/lock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pluto-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the lock file', () => {
  test('is taken once, holds our process id, and may be taken again when released', () => {
    const path = join(folder, 'run', 'pluto.pid');
    const lock = takeLock(path, isProcessAlive);
    if (!('release' in lock)) throw new Error('not taken');
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    expect(statSync(join(folder, 'run')).mode & 0o777).toBe(0o700);
    lock.release();
    lock.release();
    expect('release' in takeLock(path, isProcessAlive)).toBe(true);
  });

  test.each(['12345\n', '', 'rubbish', '-1', '1e99'])('of a dead daemon (%j) is taken over', (text) => {
    const path = join(folder, 'pluto.pid');
    writeFileSync(path, text);
    expect('release' in takeLock(path, () => false)).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
  });

  test('of somebody alive is left alone', () => {
    const path = join(folder, 'pluto.pid');
    writeFileSync(path, `${process.ppid}\n`);
    expect(takeLock(path, isProcessAlive)).toEqual({ heldBy: process.ppid });
    expect(readFileSync(path, 'utf8')).toBe(`${process.ppid}\n`);
  });

  test('of a dead daemon that had our process id, as in a container, is taken over', () => {
    const path = join(folder, 'pluto.pid');
    writeFileSync(path, `${process.pid}\n`);
    expect('release' in takeLock(path, isProcessAlive)).toBe(true);
  });

  test('where there can be none says why', () => {
    writeFileSync(join(folder, 'file'), '');
    const lock = takeLock(join(folder, 'file', 'pluto.pid'), isProcessAlive);
    expect('why' in lock && lock.why).toMatch(/ENOTDIR|EEXIST/);
  });
});

test.each([
  [['60'], false],
  [['60', 'pluto'], true],
])('a process that is called with %j is a pluto: %s', (args, expected) => {
  const { pid, kill } = started(args);
  try {
    expect(isProcessAlive(pid)).toBe(true);
    expect(isPluto(pid)).toBe(expected);
  } finally {
    kill();
  }
});

/** Something that stays, with a command line as it may be. */
function started(args: readonly string[]): { readonly pid: number; readonly kill: () => void } {
  const child = spawn('sh', ['-c', 'read forever', ...args]);
  if (child.pid === undefined) throw new Error('not started');
  return { pid: child.pid, kill: () => void child.kill('SIGKILL') };
}
