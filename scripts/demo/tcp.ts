/** 50 MB through the tunnel: a sink and a source, each a process on its own host, and both hash what they see. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Host } from '../../test/support/netns.ts';

const port = 7;
const megabyte = 1_000_000;

/** In the child: receives one connection to its end, and prints what it was. */
export function sink(address: string): void {
  const server = createServer((socket) => {
    server.close();
    const hash = createHash('sha256');
    let octets = 0;
    socket.on('data', (chunk) => {
      hash.update(chunk);
      octets += chunk.length;
    });
    socket.on('end', () => {
      socket.end();
      process.stdout.write(`received ${octets} ${hash.digest('hex')}\n`);
    });
  });
  server.listen(port, address, () => process.stdout.write('listening\n'));
}

/** In the child: sends, and prints what it sent once the sink has taken all of it. */
export async function source(from: string, to: string, megabytes: number): Promise<void> {
  const socket = connect({ host: to, port, localAddress: from });
  const hash = createHash('sha256');
  const block = createHash('shake256', { outputLength: megabyte }).update('pluto').digest();
  await once(socket, 'connect');
  for (let sent = 0; sent < megabytes; sent++) {
    hash.update(block);
    if (!socket.write(block)) await once(socket, 'drain');
  }
  socket.end().resume();
  await once(socket, 'close');
  process.stdout.write(`sent ${megabytes * megabyte} ${hash.digest('hex')}\n`);
}

/** The whole transfer, from one host's inner address to another's; gives what it came to in words. */
export async function transfer(
  program: string,
  from: { host: Host; inner: string },
  to: { host: Host; inner: string },
  megabytes: number,
): Promise<string> {
  const receiver = to.host.start([process.execPath, program, 'tcp-sink', to.inner]);
  await receiver.says(/listening/);
  const began = performance.now();
  const sender = from.host.start([process.execPath, program, 'tcp-source', from.inner, to.inner, `${megabytes}`]);
  try {
    const [, octets, sent] = await sender.says(/sent (\d+) (\w+)/, 120_000);
    const seconds = (performance.now() - began) / 1000;
    const [, , received] = await receiver.says(/received (\d+) (\w+)/);
    if (sent !== received) throw new Error('what arrived is not what was sent');
    const rate = (Number(octets) * 8) / seconds / 1e6;
    return `${Number(octets) / 1e6} MB in ${seconds.toFixed(1)} s (${rate.toFixed(0)} Mbit/s), the same octets at both ends`;
  } finally {
    await sender.stop('SIGKILL');
    await receiver.stop('SIGKILL');
  }
}
