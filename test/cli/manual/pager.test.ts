import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { run } from '../../../src/cli/commands/help.ts';

let dir: string;
let stdout: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-pager-'));
  stdout = '';
  vi.stubEnv('MANPAGER', '');
  vi.stubEnv('TERM', 'xterm');
  vi.stubEnv('NO_COLOR', '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

const output = (isScreen: boolean) => ({
  out: (text: string) => {
    stdout += text;
  },
  err: () => {},
  ...(isScreen && { screen: { columns: 60, hasColour: true } }),
});

test('on a screen, the pager has the page, as wide as the screen', async () => {
  vi.stubEnv('PAGER', `cat >${dir}/page`);
  expect(await run({ operands: ['auto'] }, output(true))).toBe(0);
  const page = readFileSync(`${dir}/page`, 'utf8');
  expect(stdout).toBe('');
  expect(page).toContain('\x1b[1mName\x1b[22m');
});

test('into a pipe it goes as it is', async () => {
  vi.stubEnv('PAGER', `cat >${dir}/page`);
  expect(await run({ operands: ['auto'] }, output(false))).toBe(0);
  expect(stdout).toContain('\nName\n');
  expect(() => readFileSync(`${dir}/page`)).toThrow();
});

test('without a pager it is printed', async () => {
  vi.stubEnv('PAGER', 'exit 127');
  await run({ operands: ['auto'] }, output(true));
  expect(stdout).toContain('auto(8)');
});

test('a pager that is left early is no error', async () => {
  vi.stubEnv('PAGER', 'true');
  expect(await run({ operands: ['ipsec.conf'] }, output(true))).toBe(0);
  expect(stdout).toBe('');
});
