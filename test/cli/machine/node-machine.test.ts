import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RUN_LIMITS } from '../../../src/cli/machine/machine.ts';
import { nodeMachine } from '../../../src/cli/machine/node-machine.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-machine-'));
});

afterEach(() => rmSync(dir, { recursive: true }));

test('a command says what it prints and how it ends', async () => {
  expect(await nodeMachine.run('sh', '-c', 'echo out; echo err >&2; exit 3')).toEqual({
    exit: 3,
    stdout: 'out\n',
    stderr: 'err\n',
    isCut: false,
  });
});

test('no shell reads its words', async () => {
  expect(await nodeMachine.run('echo', '$(id); *')).toMatchObject({ stdout: '$(id); *\n' });
});

test('one that is not there is not there', async () => {
  expect(await nodeMachine.run(join(dir, 'nothing'))).toEqual({ errno: 'ENOENT' });
});

test('one that never stops is stopped, and what it said is kept', async () => {
  const ran = await nodeMachine.run('yes');
  expect(ran).toMatchObject({ isCut: true });
  expect('stdout' in ran && ran.stdout.length).toBe(RUN_LIMITS.octets);
});

test('files: what they are, where links lead, and how they end', () => {
  const path = join(dir, 'file');
  writeFileSync(path, 'one\ntwo\nthree\n', { mode: 0o640 });
  symlinkSync(path, join(dir, 'link'));
  expect(nodeMachine.stat(path)).toEqual({ kind: 'file', mode: 0o640, uid: process.getuid?.() });
  expect(nodeMachine.stat(dir)).toMatchObject({ kind: 'directory' });
  expect(nodeMachine.stat('/dev/null')).toMatchObject({ kind: 'device' });
  expect(nodeMachine.link(join(dir, 'link'))).toBe(path);
  expect(nodeMachine.tail(path, 8)).toEqual({ text: 'three\n' });
  expect(nodeMachine.tail(path, 800)).toEqual({ text: 'one\ntwo\nthree\n' });
  for (const look of [nodeMachine.stat, nodeMachine.link]) expect(look(join(dir, 'none'))).toEqual({ errno: 'ENOENT' });
  expect(nodeMachine.tail(join(dir, 'none'), 1)).toEqual({ errno: 'ENOENT' });
});

test('this machine has an address', () => {
  expect(nodeMachine.addresses()).toContainEqual({ interface: 'lo', address: '127.0.0.1' });
});
