import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { crlSaver, fileNameOf } from '../../../src/services/revocation/saved-crls.ts';

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'pluto-crls-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test('a file for each URL, whole, and nothing else; a newer list takes its place', async () => {
  const dir = folder();
  const save = crlSaver(dir, (text) => expect.fail(text));
  save('http://a/../../etc/shadow', Uint8Array.of(1));
  save('http://b/', Uint8Array.of(2));
  const names = [fileNameOf('http://a/../../etc/shadow'), fileNameOf('http://b/')].sort();
  await vi.waitFor(() => expect(readdirSync(dir).sort()).toEqual(names));
  save('http://b/', Uint8Array.of(3));
  await vi.waitFor(() => expect([...readFileSync(join(dir, fileNameOf('http://b/')))]).toEqual([3]));
  expect(fileNameOf('http://b/')).toMatch(/^fetched-[0-9a-f]{16}\.crl$/);
});

test('a folder that cannot be written to costs one warning', async () => {
  const said: string[] = [];
  const save = crlSaver(join(folder(), 'nonesuch'), (text) => void said.push(text));
  save('http://a/', Uint8Array.of(1));
  save('http://b/', Uint8Array.of(2));
  await vi.waitFor(() => expect(said).toHaveLength(1));
  await new Promise((resolve) => setImmediate(resolve));
  expect(said[0]).toMatch(/^fetched CRLs are not saved in .*ENOENT/);
  expect(said).toHaveLength(1);
});
