import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nodeFileSystem } from '../../src/conf/node-file-system.ts';

const dir = mkdtempSync(join(tmpdir(), 'conf-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('reads text with its mode, and says why it cannot', () => {
  writeFileSync(join(dir, 'a'), 'conn ü\n');
  chmodSync(join(dir, 'a'), 0o640);
  expect(nodeFileSystem.read(join(dir, 'a'))).toEqual({ text: 'conn ü\n', mode: 0o640 });
  expect(nodeFileSystem.read(join(dir, 'b'))).toEqual({ errno: 'ENOENT' });
  expect(nodeFileSystem.read(dir)).toEqual({ errno: 'EISDIR' });
  expect(nodeFileSystem.read('/dev/zero')).toEqual({ errno: 'ENOTSUP' });
});

test('reads octets that are nobody else’s, with their mode and owner', () => {
  const path = join(dir, 'secret');
  writeFileSync(path, Uint8Array.of(0xff, 0, 0x0a));
  chmodSync(path, 0o600);
  const read = nodeFileSystem.readOctets(path);
  if ('errno' in read) throw new Error(read.errno);
  expect([[...read.octets], read.mode, read.isForeign]).toEqual([[0xff, 0, 0x0a], 0o600, false]);
  expect(read.octets.buffer.byteLength).toBe(3);
  expect(nodeFileSystem.readOctets(join(dir, 'b'))).toEqual({ errno: 'ENOENT' });
  expect(nodeFileSystem.readOctets(dir)).toEqual({ errno: 'EISDIR' });
  expect(nodeFileSystem.readOctets('/dev/zero')).toEqual({ errno: 'ENOTSUP' });
});

test('does not wait for somebody to write into a FIFO', () => {
  execFileSync('sh', ['-c', 'mkfifo fifo'], { cwd: dir });
  expect(nodeFileSystem.readOctets(join(dir, 'fifo'))).toEqual({ errno: 'ENOTSUP' });
});

test('globs through directories, sorted, hidden files left out', () => {
  for (const sub of ['x', 'y']) {
    mkdirSync(join(dir, sub));
    for (const file of ['b.conf', 'a.conf', '.c.conf', 'd.txt']) writeFileSync(join(dir, sub, file), '');
  }
  expect(nodeFileSystem.glob(`${dir}/[xy]/*.conf`)).toEqual(
    ['x/a.conf', 'x/b.conf', 'y/a.conf', 'y/b.conf'].map((f) => join(dir, f)),
  );
  expect(nodeFileSystem.glob(`${dir}/*/d.txt`).length).toBe(2);
  expect(nodeFileSystem.glob(`${dir}/nowhere/*.conf`)).toEqual([]);
});
