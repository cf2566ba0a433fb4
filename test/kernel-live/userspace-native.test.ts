/**
 * The engine alone, under sanitizers. Its parts on hostile octets: replay window, ESP, segmentation. And whole, thread
 * and sockets, while its tables change and strangers send: no octet out of bounds, none used after it was freed, no
 * two threads at one thing.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../support/netns.ts';
import { must, run } from '../support/process.ts';

const source = fileURLToPath(new URL('../../src/native/userspace', import.meta.url)).replace('/dist/src/', '/src/');
const parts = ['packet.cc', 'association.cc', 'transform.cc', 'offload.cc'];
const whole = [...parts, 'engine.cc', 'engine-thread.cc', 'policy.cc', 'sockets.cc'];
const memory = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'];
const threads = ['-fsanitize=thread'];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pluto-selfcheck-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Why nothing can be built with these sanitizers; undefined when it can, and runs. */
async function lacks(sanitizers: readonly string[]): Promise<string | undefined> {
  const probe = join(directory, 'probe');
  const built = await run(['g++', '-x', 'c++', '-', ...sanitizers, '-lcrypto', '-o', probe], {
    input: '#include <openssl/evp.h>\nint main() { return EVP_sha1() == nullptr; }\n',
  });
  if (built.status !== 0) return 'needs g++ with its sanitizers, and libssl-dev';
  const { status, stderr } = await run([probe]);
  return status === 0 ? undefined : `${sanitizers[0]} does not run here: ${stderr}`;
}

async function build(main: string, files: readonly string[], sanitizers: readonly string[]): Promise<string> {
  const program = join(directory, `${main}${sanitizers.length}`);
  const paths = [`${main}.cpp`, ...files].map((file) => join(source, file));
  await must(['g++', '-std=c++17', '-g', '-O1', ...sanitizers, ...paths, '-lcrypto', '-lpthread', '-o', program]);
  return program;
}

test('replay window, ESP and offloads hold against hostile octets', async ({ skip }) => {
  const why = await lacks(memory);
  if (why) return skip(why);
  const program = await build('selfcheck', parts, memory);
  for (const seed of ['1', '2', '3']) {
    const { status, stdout, stderr } = await run([program, '2000', seed]);
    expect({ seed, status, said: stdout + stderr }).toEqual({ seed, status: 0, said: 'all hold\n' });
  }
});

const kinds = [
  { kind: 'memory', sanitizers: memory },
  { kind: 'threads', sanitizers: threads },
];
test.for(kinds)('the whole engine holds in a storm: $kind', async ({ sanitizers }, { skip }) => {
  const why = process.getuid?.() === 0 ? await lacks(sanitizers) : 'needs root';
  if (why) return skip(why);
  const program = await build('enginecheck', whole, sanitizers);
  const net = network();
  try {
    const host = await net.host('engines');
    for (const seed of ['1', '2']) {
      const { status, stdout, stderr } = await host.run([program, '1000', seed]);
      expect({ seed, status, end: stdout.slice(-9), stderr }).toEqual({
        seed,
        status: 0,
        end: 'all hold\n',
        stderr: '',
      });
    }
  } finally {
    await net.close();
  }
});
