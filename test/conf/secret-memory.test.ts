/**
 * What is left of ipsec.secrets in this process: its own memory, searched octet by octet. The test knows the secrets
 * only in part and masked, so as not to find itself.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nodeFileSystem } from '../../src/conf/node-file-system.ts';
import { loadSecrets } from '../../src/conf/secrets.ts';

const dir = mkdtempSync(join(tmpdir(), 'secrets-'));
afterAll(() => rmSync(dir, { recursive: true }));

const OCTETS = 32;
const HEAD = 8;
const MASK = 0xa5;

/** The first octets as they are, all of them masked. */
interface Canary {
  readonly head: Buffer;
  readonly masked: Uint8Array;
}

/** `before`, 32 letters, `after`, as a file; what is left here is the canary. */
function plant(name: string, before: string, after: string): { readonly path: string; readonly canary: Canary } {
  const text = Buffer.alloc(before.length + OCTETS + after.length);
  text.write(before);
  text.write(after, before.length + OCTETS);
  const letters = text.subarray(before.length, before.length + OCTETS);
  const dice = randomBytes(OCTETS);
  for (let i = 0; i < OCTETS; i++) letters[i] = 0x41 + (dice[i] % 26);
  const path = join(dir, name);
  writeFileSync(path, text, { mode: 0o600 });
  const canary = { head: Buffer.from(letters.subarray(0, HEAD)), masked: letters.map((octet) => octet ^ MASK) };
  text.fill(0);
  return { path, canary };
}

/** How often the canary is in the memory of this process; what is read for that may be counted itself. */
function copies({ head, masked }: Canary): number {
  const room = Buffer.alloc(1 << 20);
  const isWhole = (at: number) => masked.every((octet, i) => (room[at + i] ^ MASK) === octet);
  let found = 0;
  const memory = openSync('/proc/self/mem', 'r');
  try {
    for (const [start, end] of writableRegions()) {
      for (let at = start; at < end; at += room.length - OCTETS) {
        room.fill(0);
        const length = readAt(memory, room, Math.min(room.length, end - at), at);
        for (let hit = room.indexOf(head); hit >= 0; hit = room.indexOf(head, hit + 1)) {
          if (hit + OCTETS <= length && isWhole(hit)) found++;
        }
      }
    }
  } finally {
    closeSync(memory);
    room.fill(0);
  }
  return found;
}

function readAt(fd: number, room: Buffer, length: number, position: number): number {
  try {
    return readSync(fd, room, 0, length, position);
  } catch {
    // Pages that went away, or that not even we may read.
    return 0;
  }
}

function writableRegions(): [number, number][] {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .flatMap((line): [number, number][] => {
      const region = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
      return region ? [[Number.parseInt(region[1], 16), Number.parseInt(region[2], 16)]] : [];
    });
}

test.each([
  ['psk', '@west @east : PSK "', '"\n'],
  ['xauth', '@joe : XAUTH 0t', '\n'],
  ['ppk', '@west : PPKS "id" "', '"\n'],
])('%s: there while it is in force, nowhere after a wipe', (name, before, after) => {
  const { path, canary } = plant(name, before, after);
  const { secrets } = loadSecrets(path, nodeFileSystem);
  expect(secrets.size).toBe(1);
  expect(copies(canary)).toBeGreaterThan(0);
  secrets.wipe();
  expect(copies(canary)).toBe(0);
});

test.each([
  ['hex', '@west : PSK 0x', '\n'],
  ['comment', '# ', '\n'],
  ['unquoted', '@west : PSK ', '\n'],
  ['no-colon', '@west PSK "', '"\n'],
  ['no-quote', '@west : PSK "', '\n'],
  ['rsa', ': RSA {\n\tPrime1: 0t', '\n\t}\n'],
])('%s: what is no secret after all leaves none at all', (name, before, after) => {
  const { path, canary } = plant(name, before, after);
  const { secrets } = loadSecrets(path, nodeFileSystem);
  expect(secrets.size).toBe(0);
  expect(copies(canary)).toBe(0);
});
