import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Log, type LogOptions, openLog } from '../../src/actors/log.ts';
import { Address } from '../../src/net/address.ts';
import { town } from './town.ts';

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

describe('logformat=json', () => {
  const peer = Address.parse('192.0.2.7')!;
  const about = {
    policy: { name: 'road', instance: 3 },
    peer,
    serial: 4,
    exchange: 'IKE_AUTH',
    event: 'failed',
  } as const;

  function objects(): readonly unknown[] {
    return read()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  }

  test('each line is an object, with what it is about as fields and not as text', async () => {
    const log = open({ format: 'json', time: true });
    log.write('warn', '"road"[3] 192.0.2.7 #4: no "way" in', 'no "way" in', about);
    log.write('debug', 'nobody’s');
    await log.close();
    expect(objects()).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: 'warn',
        connection: 'road',
        instance: 3,
        serial: 4,
        peer: '192.0.2.7',
        exchange: 'IKE_AUTH',
        event: 'failed',
        text: 'no "way" in',
      },
      { time: expect.any(String), level: 'debug', text: 'nobody’s' },
    ]);
  });

  test('without the time where that is not wanted', async () => {
    const log = open({ format: 'json' });
    log.write('info', 'one');
    await log.close();
    expect(objects()).toEqual([{ level: 'info', text: 'one' }]);
  });

  test('logip=no leaves out addresses of lines about peers, and keeps our own', async () => {
    const json = open({ format: 'json', masksAddresses: true });
    json.write('info', '"road"[3] 192.0.2.7 #4: at 192.0.2.7', 'at 192.0.2.7', about);
    await json.close();
    const text = open({ masksAddresses: true });
    text.write('info', '"road"[3] 192.0.2.7 #4: at 192.0.2.7', 'at 192.0.2.7', about);
    text.write('info', 'adding interface lo 127.0.0.1:UDP/500');
    await text.close();
    const [object, line, own] = read().trimEnd().split('\n');
    expect(JSON.parse(object)).toMatchObject({ peer: '<ip-address>', text: 'at <ip-address>' });
    expect(line).toBe('"road"[3] <ip-address> #4: at <ip-address>');
    expect(own).toBe('adding interface lo 127.0.0.1:UDP/500');
  });
});

test('the lines of a tunnel’s life carry their events, serials and exchanges', () => {
  const events: string[] = [];
  const { west, clock, wire } = town();
  west.onLine = (_, about) => about?.event && events.push(`${about.event} #${about.serial} ${about.exchange}`);
  west.whack({ kind: 'initiate', name: 'w-e' });
  west.whack({ kind: 'rekey-child', name: 'w-e' });
  west.whack({ kind: 'rekey-ike', name: 'w-e' });
  wire.loses = () => true;
  west.whack({ kind: 'terminate', name: 'w-e' });
  clock.advance(600);
  expect(events).toEqual([
    'initiated #1 undefined',
    'established-ike #1 IKE_AUTH',
    'established-child #2 IKE_AUTH',
    'initiated #3 undefined',
    'rekeyed #3 CREATE_CHILD_SA',
    'rekeyed #1 CREATE_CHILD_SA',
    'deleted #1 INFORMATIONAL',
    'retransmit #4 INFORMATIONAL',
  ]);
});
