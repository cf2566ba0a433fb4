import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installedSas } from './shim-log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shim-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

const sa = (operation: string, spi: string, keys: string): string =>
  `${operation} src=192.0.2.1 dst=192.0.2.2 proto=esp spi=${spi} reqid=1 mode=tunnel replay=0 flags=0x20 ${keys}`;

async function read(...lines: readonly string[]): Promise<Awaited<ReturnType<typeof installedSas>>> {
  await writeFile(join(folder, 'log'), lines.map((line) => `${line}\n`).join(''));
  return installedSas(join(folder, 'log'));
}

test('an SA that was reserved, filled in, and not deleted', async () => {
  const gcm = 'aead=rfc4106(gcm(aes))/128:00ff';
  expect(await read(sa('ALLOCSPI', '0x00000001', ''), sa('UPDSA', '0x00000001', `${gcm} encap=2:4500>13300`))).toEqual([
    { src: '192.0.2.1', dst: '192.0.2.2', spi: '0x00000001', keys: gcm, encapsulation: '2:4500>13300' },
  ]);
});

test('a reserved SPI is no SA, and a deleted SA is none any more', async () => {
  const cbc = 'enc=cbc(aes):00 auth=hmac(sha256)/128:11';
  expect(
    await read(
      sa('ALLOCSPI', '0x00000001', ''),
      sa('NEWSA', '0x00000002', cbc),
      'DELSA spi=0x00000002 proto=50',
      'NEWPOLICY dir=out sel=10.1.0.0/24[0]-10.2.0.0/24[0]:0 action=allow prio=1',
    ),
  ).toEqual([]);
});

test('both names of AES-CBC are one', async () => {
  const [short] = await read(sa('NEWSA', '0x00000001', 'enc=aes:00 auth=hmac(sha256)/128:11'));
  const [long] = await read(sa('NEWSA', '0x00000001', 'enc=cbc(aes):00 auth=hmac(sha256)/128:11'));
  expect(short).toEqual(long);
});

test('other keys are other SAs', async () => {
  const [one] = await read(sa('NEWSA', '0x00000001', 'enc=cbc(aes):00 auth=hmac(sha256)/128:11'));
  const [other] = await read(sa('NEWSA', '0x00000001', 'enc=cbc(aes):00 auth=hmac(sha256)/128:12'));
  expect(one).not.toEqual(other);
});

test('no log, no SA', async () => {
  expect(await installedSas(join(folder, 'none'))).toEqual([]);
});
