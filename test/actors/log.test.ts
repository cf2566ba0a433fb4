import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Log, type LogOptions, openLog } from '../../src/actors/log.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pluto-log-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const place = () => join(directory, 'deeper', 'pluto.log');
const read = () => readFileSync(place(), 'utf8');

function open(options: Partial<LogOptions> = {}): Log {
  const log = openLog({ to: { t: 'file', path: place(), append: true }, time: false, ...options });
  if ('why' in log) throw new Error(log.why);
  return log;
}

test('the lines of a turn leave together at its end, in their order, debug marked', async () => {
  const log = open();
  log.write('info', 'one');
  log.write('debug', 'two %s');
  log.write('warn', 'three');
  expect(read()).toBe('');
  await new Promise(setImmediate);
  expect(read()).toBe('one\n| two %s\nthree\n');
  await log.close();
});

test('close writes what waits; the file is nobody else’s, and grows or begins anew as told', async () => {
  const first = open();
  first.write('info', 'one');
  await first.close();
  expect(statSync(place()).mode & 0o777).toBe(0o600);
  const second = open();
  second.write('info', 'two');
  await second.close();
  expect(read()).toBe('one\ntwo\n');
  await open({ to: { t: 'file', path: place(), append: false } }).close();
  expect(read()).toBe('');
});

test('every line has its time, in the shape that log readers know', async () => {
  const log = open({ time: true });
  log.write('info', 'one');
  log.write('debug', 'two');
  await log.close();
  const time = String.raw`[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\.\d{6}: `;
  expect(read()).toMatch(new RegExp(`^${time}one\n${time}\\| two\n$`));
});

test('a crash takes no line along', () => {
  const module = new URL('../../src/actors/log.ts', import.meta.url).href;
  const script = join(directory, 'crash.mts');
  writeFileSync(
    script,
    `import { openLog } from ${JSON.stringify(module)};
     const log = openLog({ to: { t: 'file', path: ${JSON.stringify(place())}, append: true }, time: false });
     setTimeout(() => { log.write('info', 'the last word'); throw new Error('bug'); }, 1);`,
  );
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', script], { stdio: 'ignore' });
  expect(status).not.toBe(0);
  expect(read()).toBe('the last word\n');
});

test('a file that cannot be opened is a reason, not a throw', () => {
  writeFileSync(join(directory, 'deeper'), 'no directory');
  const log = openLog({ to: { t: 'file', path: place(), append: true }, time: false });
  expect(log).toMatchObject({ why: expect.stringContaining('cannot open log file') });
});
