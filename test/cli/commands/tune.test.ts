import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ipsec } from '../../../src/cli/ipsec.ts';
import { conn } from '../../actors/town.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-tune-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function tune(...args: readonly string[]) {
  let out = '';
  const errs: string[] = [];
  const exit = await ipsec(['tune', ...args], {
    out: (text) => {
      out += text;
    },
    err: (line) => void errs.push(line),
  });
  return { out, errs, exit };
}

test('a file is measured, and the advice is complete', { timeout: 30_000 }, async () => {
  const config = join(dir, 'ipsec.conf');
  const ecdsa = conn('signed', { authby: 'ecdsa', leftid: '@a', rightid: '@b' });
  writeFileSync(config, conn('w-e') + ecdsa);
  const { out, errs, exit } = await tune('--quick', '--config', config, '--json', '--burst', '100');
  expect([exit, errs]).toEqual([0, []]);
  const advice = JSON.parse(out);
  expect(
    advice.profiles.map(({ name, connections }: { name: string; connections: number }) => [name, connections]),
  ).toEqual([
    ['DH31 PSK', 1],
    ['DH31 ECDSA P-256', 1],
  ]);
  expect(advice.profiles.map(({ assumed }: { assumed: boolean }) => assumed)).toEqual([false, true]);
  const fractions: number[] = [];
  JSON.parse(out, (_, value) => (typeof value === 'number' && value % 1 !== 0 ? fractions.push(value) : value));
  expect(fractions.map((n) => Number(n.toPrecision(4)))).toEqual(fractions);
  for (const { keys, costs, expected } of advice.profiles) {
    expect(keys).toBeGreaterThan(0);
    expect(costs.main).toBeGreaterThan(0);
    expect(costs.offload).toBeGreaterThan(0);
    expect(expected.every(({ rate }: { rate: number }) => rate > 0)).toBe(true);
  }
  expect(advice.profiles[1].proof).toBeGreaterThan(0);
  expect(advice.nhelpers).toBeLessThanOrEqual(advice.machine.cpus);
  expect(advice.burst).toBe(100);
  expect(advice.protocol).toBeGreaterThan(0);
  expect(Object.keys(advice.limits)).toEqual(['cookiesFrom', 'maxHalfOpen', 'maxPerSource', 'delay']);
});

test('a file with an error is not measured, nor a burst that is none', async () => {
  const config = join(dir, 'ipsec.conf');
  writeFileSync(config, 'conn x\n  nonsense\n');
  const wrong = await tune('--quick', '--config', config);
  expect(wrong.exit).toBe(1);
  expect(wrong.errs.join()).toContain('ipsec.conf');
  for (const burst of ['0', '-1', 'many', '1e9']) {
    const { exit, errs } = await tune('--quick', `--burst=${burst}`);
    expect([exit, errs.join()]).toEqual([2, `ipsec: --burst ${burst}: expected 1 to 1000000`]);
  }
});
