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
