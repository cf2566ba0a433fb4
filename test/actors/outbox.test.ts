/** What is to be sent, over loopback: all of it, in order, as it was when it was given. */
import { afterEach, expect, test } from 'vitest';
import { Outbox } from '../../src/actors/outbox.ts';
import { isFault, UDP_RECORD, UdpSocket } from '../../src/native/index.ts';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';

const open: UdpSocket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

function wire(address: string, skip: number) {
  const heard: Uint8Array[] = [];
  let wake = () => {};
  const [from, to] = [0, 1].map(() => {
    const socket = UdpSocket.open({
      address: Address.parse(address)!.toBytes(),
      port: 0,
      onPackets: ({ count, arena, records }) => {
        for (let i = 0; i < count; i++) {
          const start = records[i * UDP_RECORD.size + UDP_RECORD.offset];
          heard.push(arena.slice(start, start + records[i * UDP_RECORD.size + UDP_RECORD.length]));
        }
        wake();
      },
      onError: () => {},
    });
    if (isFault(socket)) throw new Error(socket.why);
    open.push(socket);
    return socket;
  });
  return {
    heard,
    outbox: new Outbox(from, skip),
    peer: new Endpoint(Address.parse(address)!, to.port),
    async until(count: number) {
      while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

/** The n-th of some: its number, its length. */
function message(n: number, octets: number): Uint8Array {
  const bytes = new Uint8Array(octets).fill(n & 255);
  new DataView(bytes.buffer).setUint32(0, n);
  return bytes;
}

test.each([
  ['127.0.0.1', 0],
  ['127.0.0.1', 4],
  ['::1', 4],
])('at %s, after %i octets of zero, nothing is sent before its time and nothing is lost', async (address, skip) => {
  const { heard, outbox, peer, until } = wire(address, skip);
  const scratch = new Uint8Array(300);
  for (let n = 0; n < 200; n++) {
    scratch.set(message(n, 100 + n));
    outbox.add(scratch.subarray(0, 100 + n), peer);
  }
  scratch.fill(0xff);
  await until(128);
  outbox.flush();
  outbox.flush();
  await until(200);
  expect(heard.map((bytes) => bytes.subarray(skip))).toEqual(
    Array.from({ length: 200 }, (_, n) => message(n, 100 + n)),
  );
  for (const bytes of heard) expect(bytes.subarray(0, skip).every((octet) => octet === 0)).toBe(true);
});

test('large messages take their turn among small ones, the largest too', async () => {
  const { heard, outbox, peer, until } = wire('127.0.0.1', 4);
  const sizes = [100, 40_000, 40_000, 65_503, 100, 65_000, 300];
  for (const [n, octets] of sizes.entries()) outbox.add(message(n, octets), peer);
  outbox.flush();
  await until(sizes.length);
  expect(heard.map((bytes) => [new DataView(bytes.buffer).getUint32(4), bytes.length - 4])).toEqual(
    sizes.map((octets, n) => [n, octets]),
  );
});
