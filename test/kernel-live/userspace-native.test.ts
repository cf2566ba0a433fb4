/** The engine's parts alone, under AddressSanitizer and UBSan: replay window, ESP, segmentation, on hostile octets. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { must, run } from '../support/process.ts';

const source = fileURLToPath(new URL('../../src/native/userspace', import.meta.url)).replace('/dist/src/', '/src/');
const parts = ['selfcheck.cpp', 'packet.cc', 'association.cc', 'transform.cc', 'offload.cc'];
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pluto-selfcheck-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('replay window, ESP and offloads hold against hostile octets', async ({ skip }) => {
  const probe = await run(['g++', '-x', 'c++', '-', ...sanitizers, '-lcrypto', '-o', join(directory, 'probe')], {
    input: '#include <openssl/evp.h>\nint main() { return EVP_sha1() == nullptr; }\n',
  });
  if (probe.status !== 0) return skip('needs g++ with its sanitizers, and libssl-dev');
  const program = join(directory, 'selfcheck');
  const files = parts.map((part) => join(source, part));
  await must(['g++', '-std=c++17', '-g', '-O1', ...sanitizers, ...files, '-lcrypto', '-o', program]);
  for (const seed of ['1', '2', '3']) {
    const { status, stdout, stderr } = await run([program, '2000', seed]);
    expect({ seed, status, said: stdout + stderr }).toEqual({ seed, status: 0, said: 'all hold\n' });
  }
});
