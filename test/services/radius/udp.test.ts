import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { connectUdp, listenUdp } from '../../../src/services/radius/udp.ts';

const LOCAL = Address.parse('127.0.0.1')!;
const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

/** A socket that does with each packet as it is told. */
async function bound(onPacket: (octets: Buffer, reply: (octets: Buffer) => void) => void) {
  const socket = createSocket('udp4');
  open.push(socket);
  socket.on('message', (octets, { port }) => onPacket(octets, (answer) => socket.send(answer, port, `${LOCAL}`)));
  await new Promise<void>((resolve) => socket.bind(0, `${LOCAL}`, resolve));
  return { socket, endpoint: new Endpoint(LOCAL, socket.address().port) };
}

describe('the sockets of RADIUS', () => {
  test('send what they are given before they are ready, and hear the server', async () => {
    const { endpoint } = await bound((octets, reply) => reply(octets));
    const heard = await new Promise<readonly string[]>((resolve) => {
      const all: string[] = [];
      const socket = connectUdp(
        endpoint,
        (octets) => all.push(Buffer.from(octets).toString()) === 3 && resolve(all),
        (why) => resolve([why]),
      );
      open.push(socket);
      for (const text of ['one', 'two', 'three']) socket.send(Buffer.from(text));
    });
    expect([...heard].sort()).toEqual(['one', 'three', 'two']);
  });

  test('hear nobody else, not from the same address either', async () => {
    const stranger = await bound(() => {});
    let port = 0;
    const { socket: server, endpoint } = await bound((octets, reply) => reply(octets));
    const heard: string[] = [];
    await new Promise<void>((resolve) => {
      server.on('message', (_, from) => {
        port = from.port;
        if (heard.length > 0) return;
        // Loopback keeps the order: what comes after the forged ones has them before it.
        for (let i = 0; i < 5; i++) stranger.socket.send(Buffer.from('forged'), port, `${LOCAL}`);
        stranger.socket.send(Buffer.from('forged'), port, `${LOCAL}`, () => server.send('real', port, `${LOCAL}`));
      });
      const socket = connectUdp(
        endpoint,
        (octets) => {
          heard.push(Buffer.from(octets).toString());
          if (heard.at(-1) === 'real') resolve();
        },
        () => {},
      );
      open.push(socket);
      socket.send(Buffer.from('hello'));
    });
    expect(heard).not.toContain('forged');
  });

  test('say when nobody is there', async () => {
    const { socket, endpoint } = await bound(() => {});
    await new Promise<void>((resolve) => socket.close(resolve));
    open.length = 0;
    const why = await new Promise<string>((resolve) => {
      const asking = connectUdp(endpoint, () => {}, resolve);
      open.push(asking);
      asking.send(Buffer.from('hello'));
    });
    expect(why).toBe('ECONNREFUSED');
  });

  test('listen, answer whoever asks, and say when the port is taken', async () => {
    const { endpoint } = await bound(() => {});
    const why = await new Promise<string>((resolve) => open.push(listenUdp(endpoint, () => {}, resolve)));
    expect(why).toBe('EADDRINUSE');
  });
});
