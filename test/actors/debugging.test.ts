import { describe, expect, test } from 'vitest';
import { RC } from '../../src/control/reply-codes.ts';
import { conn, type House, town, upTown } from './town.ts';

const debug = (set: string[], name?: string) =>
  ({ kind: 'debug', set, clear: [], ...(name === undefined ? {} : { name }) }) as const;
const debugged = ({ log }: House) => log.filter((line) => line.startsWith('| '));

/** What one tunnel says under these classes. */
function linesOf(...classes: string[]): readonly string[] {
  const { west } = town();
  west.whack(debug(classes));
  west.whack({ kind: 'initiate', name: 'w-e' });
  west.whack({ kind: 'route', name: 'w-e' });
  return debugged(west);
}

describe('a class has its lines, and no other', () => {
  test('none', () => {
    expect(debugged(upTown().west)).toEqual([]);
    expect(linesOf('all', 'none')).toEqual([]);
  });

  test('base: states and what moved them', () => {
    const lines = linesOf('base', 'no-routing');
    expect(lines).toContain('| "w-e" #1: state idle -> initSent, by command initiate');
    expect(lines).toContainEqual(expect.stringMatching(/^\| "w-e" #1: IKE_AUTH \{ .* \} in authSent: /));
  });

  test('base: which connection was meant, and which it was', () => {
    const any = conn('any', { left: '%any', leftid: '%any', leftsubnet: undefined });
    const { west, east } = town({ east: { conf: any + conn('w-e', { left: '192.0.2.1' }) } });
    east.whack(debug(['base']));
    west.whack({ kind: 'initiate', name: 'w-e' });
    expect(debugged(east)).toContainEqual(
      expect.stringMatching(/^\| ".*" #1: IKE_SA_INIT from 192\.0\.2\.1:500 may be for 2 connections; begins as this/),
    );
  });

  test('routing: policies and who holds them', () => {
    const lines = linesOf('routing');
    expect(lines).toContainEqual(expect.stringMatching(/^\| policy 10\.0\.1\.0\/24 10\.0\.2\.0\/24 .*: 2 holders/));
    expect(lines).toContainEqual(expect.stringMatching(/^\| "w-e" #2: SA added: esp SPI 0x[0-9a-f]+ to 192\.0\.2\.1$/));
    expect(lines).toContain('| "w-e": trap laid for 10.0.1.0/24 === 10.0.2.0/24');
    expect(lines.filter((line) => !/policy|SA added|trap/.test(line))).toEqual([]);
  });

  test('crypt: what was chosen and how long the keys are, no key', () => {
    const lines = linesOf('crypt');
    expect(lines).toContainEqual(
      expect.stringContaining('IKE proposal chosen: cipher AES_GCM_16 with 288 bits of key'),
    );
    expect(lines).toContainEqual(
      expect.stringContaining("#2: Child SA's proposal chosen: esp AES_GCM_16 with 288 bits"),
    );
    expect(lines).toContainEqual(expect.stringContaining('goes to the helpers: ike.keys'));
    expect(lines.join()).not.toMatch(/[0-9a-f]{32}/);
  });

  test('private: the keys, after a warning', () => {
    const { west } = town();
    expect(west.whack(debug(['private'])).text).toMatch(/^WARNING: debugging private/);
    west.whack({ kind: 'initiate', name: 'w-e' });
    expect(debugged(west).join()).toMatch(
      /keys in: encryption [0-9a-f]{72} integrity none; out: encryption [0-9a-f]{72} /,
    );
    expect(debugged(west).join()).toMatch(/SPIi [0-9a-f]{16} SPIr [0-9a-f]{16} SK_ei [0-9a-f]{72} SK_er/);
  });

  test('tmi: messages, with what is sealed in them', () => {
    const text = linesOf('tmi', 'no-base', 'no-cpu-usage', 'no-refcnt').join('\n');
    expect(text).toMatch(
      /"w-e" #1: sent from 192\.0\.2\.1:500 to 192\.0\.2\.2:500: IKE_SA_INIT [0-9a-f]{16}:0{16} version 2/,
    );
    expect(text).toMatch(/received from 192\.0\.2\.2:500 at 192\.0\.2\.1:500: TSr \{/);
    expect(text).toMatch(/sent from .*: AUTH \{/);
  });

  test('cpu-usage and refcnt', () => {
    const lines = linesOf('cpu-usage', 'refcnt');
    expect(lines).toContainEqual(expect.stringMatching(/^\| "w-e" #1: packet took \d+ microseconds$/));
    expect(lines).toContainEqual(expect.stringMatching(/^\| states\/#1 begins, beside \d+ actors$/));
  });

  test('whackwatch: requests and their ends', () => {
    const { west } = town();
    west.whack(debug(['whackwatch']));
    west.whack({ kind: 'initiate', name: 'e-w' });
    expect(debugged(west)).toEqual([
      '| whack asks initiate e-w from process 1',
      '| whack has its answer to initiate e-w from process 1: 21',
    ]);
  });
});

describe('of one connection', () => {
  const both = conn('one', { leftid: '@w1' }) + conn('two', { leftid: '@w2', leftsubnet: '10.0.3.0/24' });
  const secrets = ': PSK "swordfish"\n';

  test('its lines, and nobody else’s', () => {
    const { west } = town({ both, west: { secrets }, east: { secrets } });
    expect(west.whack(debug(['crypt'], 'two')).exit).toBe(0);
    for (const name of ['one', 'two']) expect(west.whack({ kind: 'initiate', name }).exit).toBe(0);
    expect(debugged(west).length).toBeGreaterThan(3);
    expect(debugged(west).filter((line) => !line.startsWith('| "two" '))).toEqual([]);
  });

  test('less than the daemon’s', () => {
    const { west } = town({ both, west: { secrets }, east: { secrets } });
    west.whack(debug(['crypt']));
    west.whack(debug(['no-crypt'], 'one'));
    for (const name of ['one', 'two']) west.whack({ kind: 'initiate', name });
    expect(debugged(west).some((line) => line.startsWith('| "two" '))).toBe(true);
    expect(debugged(west).some((line) => line.startsWith('| "one" '))).toBe(false);
  });

  test('as its debug= says, until it is gone', () => {
    const { west } = town({ both: conn('w-e', { debug: 'crypt' }) });
    west.whack({ kind: 'initiate', name: 'w-e' });
    expect(debugged(west)).toContainEqual(expect.stringContaining('proposal chosen'));
    west.whack({ kind: 'delete', name: 'w-e' });
    expect(west.world.debugging.any).toBe(false);
  });

  test('that there is not', () => {
    const { west } = town();
    expect(west.whack(debug(['crypt'], 'e-w')).exit).toBe(RC.UNKNOWN_NAME);
    expect(west.world.debugging.any).toBe(false);
  });
});

test('an unknown class changes nothing, and names the nearest', () => {
  const { west } = town();
  const refused = west.whack(debug(['base', 'crypto']));
  expect([refused.exit, refused.text]).toEqual([
    RC.WHACK_PROBLEM,
    'unknown debug class "crypto"; did you mean "crypt"?',
  ]);
  expect(west.world.debugging.list()).toEqual([]);
});
