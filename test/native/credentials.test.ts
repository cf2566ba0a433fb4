import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { peerCredentials } from '../../src/native/index.ts';

/** Node hands out no descriptor of a socket but through its handle. */
const fdOf = (socket: Socket): number => (socket as unknown as { _handle: { fd: number } })._handle.fd;

test('the peer of a UNIX socket is who it is', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pluto-'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(directory, 's'), resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = connect(join(directory, 's'));
  try {
    expect(peerCredentials(fdOf(await accepted))).toEqual({
      pid: process.pid,
      uid: process.getuid!(),
      gid: process.getgid!(),
    });
  } finally {
    client.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  }
});

test('no socket, no peer', () => {
  expect(peerCredentials(1 << 20)).toMatchObject({ kind: 'local', errno: 'EBADF' });
});
