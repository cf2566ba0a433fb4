import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestClock } from '../../../src/actors/runtime/index.ts';
import { Address } from '../../../src/net/address.ts';
import { HEADER, lineOf, read } from '../../../src/services/leases/journal.ts';
import { LeaseFile } from '../../../src/services/leases/lease-file.ts';
import { Leases, LINGER } from '../../../src/services/leases/leases.ts';
import type { Lease } from '../../../src/services/leases/pool.ts';
import { range } from './ranges.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pluto-leases-'));
  path = join(directory, 'leases');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const pools = [range('10.9.0.0-10.9.255.255')];

/** A run of the daemon, as far as leases go. */
function run(at = path, clock = new TestClock()) {
  const lines: string[] = [];
  const file: LeaseFile = new LeaseFile({
    path: at,
    clock,
    log: (_, text) => void lines.push(text),
    all: () => leases.all(),
  });
  const leases: Leases = new Leases({ wall: () => clock.wall(), shares: true, notes: file });
  const found = file.load();
  leases.restore(found.leases, found.isWhole);
  leases.add(pools[0]);
  const take = (identity?: string) => leases.lease({ pools, families: [4], identity, fixed: [] }).leases[0];
  return { file, leases, take, lines, found, clock };
}

const text = (lease: Lease | undefined) => lease && `${lease.address}`;

test('leases outlive the daemon, however it ends', () => {
  const first = run();
  const taken = ['a', 'b', 'c'].map((who) => first.take(who));
  first.leases.release(taken[1], true);
  // Killed: nothing is closed.
  const second = run();
  expect(second.lines).toEqual([]);
  expect(text(second.take('b'))).toBe('10.9.0.1');
  expect(text(second.take('a'))).toBe('10.9.0.0');
  // Nobody else gets what the third may think that it has.
  expect(text(second.take('d'))).toBe('10.9.0.3');
});

test('what was written a moment before is there, although nothing has reached the disk', () => {
  const first = run();
  const lease = first.take('a');
  expect(readFileSync(path, 'utf8')).toBe(HEADER + lineOf(lease));
});

test('identities of any octets', () => {
  const first = run();
  const odd = 'CN=r"oad\n war\\rior ✓  \u0000';
  first.take(odd);
  expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(2);
  expect(text(run().take(odd))).toBe('10.9.0.0');
});

test('nobody else may read it', () => {
  run().take('a');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

describe('a file that was cut', () => {
  const whole = (): Buffer => {
    const first = run();
    for (const who of ['a', 'b', 'c']) first.take(who);
    return readFileSync(path);
  };

  test('at any octet: what is left is read, nobody gets what another may have', () => {
    const bytes = whole();
    for (let end = 1; end < bytes.length; end++) {
      const cut = join(directory, `cut${end}`);
      writeFileSync(cut, bytes.subarray(0, end));
      const second = run(cut);
      const known = second.found.leases.map(({ identity }) => identity);
      expect(['a', 'b', 'c'].slice(0, known.length)).toEqual(known);
      const isAtLine = bytes[end - 1] === 10;
      expect(second.found.isWhole, `${end}`).toBe(isAtLine);
      expect(second.lines).toHaveLength(isAtLine ? 0 : 1);
      const stranger = second.take('x');
      if (isAtLine) expect(text(stranger)).toBe(`10.9.0.${known.length}`);
      else expect(stranger).toBeUndefined();
      for (const [i, who] of known.entries()) expect(text(second.take(who))).toBe(`10.9.0.${i}`);
      // It has been mended.
      expect(read(readFileSync(cut)).damaged).toBe(0);
      expect(second.found.leases).toHaveLength(known.length);
    }
  });

  test('with any bit of it turned: no other lease comes of it', () => {
    const bytes = whole();
    const sound = new Set(read(bytes).leases.map(({ address, identity }) => `${address} ${identity}`));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      const { leases, damaged } = read(flipped);
      expect(damaged, `bit ${bit}`).toBeGreaterThan(0);
      for (const { address, identity } of leases) expect(sound).toContain(`${address} ${identity}`);
    }
  });

  test('and who is new waits until nobody can think any more that it has what was lost', () => {
    const bytes = whole();
    writeFileSync(path, bytes.subarray(0, bytes.length - 5));
    const second = run();
    expect(second.lines[0]).toMatch(/1 of 3 lines of .* are damaged, the first at octet \d+/);
    expect(second.take('x')).toBeUndefined();
    second.clock.advance(LINGER);
    expect(text(second.take('x'))).toBe('10.9.0.2');
  });
});

test('a file of somebody else is not taken for leases', () => {
  writeFileSync(path, '#!/bin/sh\nexit 0\n');
  const one = run();
  expect(one.found).toMatchObject({ leases: [], isWhole: false });
});

test('a folder that is not there: one line, and leases all the same', () => {
  const one = run(join(directory, 'nowhere', 'leases'));
  expect(one.lines).toHaveLength(1);
  expect(text(one.take('a'))).toBe('10.9.0.0');
  expect(one.lines).toHaveLength(1);
});

test('is written anew when changes pile up, and loses none that come meanwhile', async () => {
  const first = run();
  for (let i = 0; i < 100; i++) first.take(`host${i}`);
  let most = 0;
  for (let i = 0; i < 6_000; i++) {
    first.leases.release(first.take('busy'), true);
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, statSync(path).size);
  }
  const late = first.take('late');
  await first.file.close();
  expect(statSync(path).size).toBeLessThan(most);
  expect(most).toBeLessThan(12_000 * 40);
  const second = run();
  expect(second.found).toMatchObject({ isWhole: true });
  expect(text(second.take('late'))).toBe(text(late));
  expect(text(second.take('busy'))).toBe('10.9.0.100');
  expect(text(second.take('host99'))).toBe('10.9.0.99');
});

test('a file written anew says who has what now, and not what it has forgotten', () => {
  const address = Address.parse('10.9.0.1')!;
  const line = (identity: string, users: number) => lineOf({ address, identity, users, heldUntil: 0 });
  const { leases } = read(Buffer.from(HEADER + line('a', 1) + line('a', 0) + line('', 1) + line('', 0)));
  expect(leases).toEqual([]);
});
