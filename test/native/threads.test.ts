/** The addon in threads that are ended while they use it, as helpers are that the daemon has no more need of. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ADDON = fileURLToPath(new URL('../../src/native/build/Release/pluto_native.node', import.meta.url));

/** In a process of its own: an abort would be ours. */
const SCRIPT = `
  const { Worker } = require('node:worker_threads');
  const work = \`
    const { parentPort, workerData } = require('node:worker_threads');
    const { Crypto } = require(workerData);
    const crypto = new Crypto(new Uint8Array(1024));
    const hash = crypto.hash('sha256');
    parentPort.postMessage('busy');
    for (;;) crypto.hmac(hash, 32, 32);
  \`;
  (async () => {
    for (let i = 0; i < 20; i++) {
      const worker = new Worker(work, { eval: true, workerData: process.argv[1] });
      await new Promise((busy) => worker.once('message', busy));
      await worker.terminate();
    }
    console.log('all ended');
  })();
`;

test('ending a thread in the middle of a call ends the thread alone', () => {
  const { stdout, stderr, signal } = spawnSync(process.execPath, ['-e', SCRIPT, ADDON], { encoding: 'utf8' });
  expect({ stdout, stderr, signal }).toEqual({ stdout: 'all ended\n', stderr: '', signal: null });
});
