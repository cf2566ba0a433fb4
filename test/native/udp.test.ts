/** UDP sockets over loopback: batches, where a packet was sent to, and the errors that come back. */
import { afterEach, describe, expect, test } from 'vitest';
import {
  encapsulateEsp,
  isFault,
  type SystemFault,
  setBuffers,
  sharePort,
  steer,
  UDP_ADDRESSES,
  UDP_RECORD,
  type UdpBatch,
  type UdpError,
  UdpSocket,
} from '../../src/native/index.ts';

const LOCAL4 = Uint8Array.of(127, 0, 0, 1);
const OTHER4 = Uint8Array.of(127, 0, 0, 2);
const ANY4 = new Uint8Array(4);
const LOCAL6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const text = new TextEncoder();

const open: { close(): void }[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

function must<T>(value: T | SystemFault): T {
  if (isFault(value)) throw new Error(value.why);
  return value;
}

interface Packet {
  readonly text: string;
  readonly src: Uint8Array;
  readonly srcPort: number;
  readonly dst: Uint8Array;
  readonly dstPort: number;
  readonly ifindex: number;
}

function unpack(batch: UdpBatch): Packet[] {
  return Array.from({ length: batch.count }, (_, i) => {
    const word = (field: number) => batch.records[i * UDP_RECORD.size + field];
    const octets = word(UDP_RECORD.family) === 4 ? 4 : 16;
    const address = (at: number) =>
      batch.addresses.slice(i * UDP_ADDRESSES.size + at, i * UDP_ADDRESSES.size + at + octets);
    const offset = word(UDP_RECORD.offset);
    return {
      text: Buffer.from(batch.arena.subarray(offset, offset + word(UDP_RECORD.length))).toString(),
      src: address(UDP_ADDRESSES.src),
      srcPort: word(UDP_RECORD.srcPort),
      dst: address(UDP_ADDRESSES.dst),
      dstPort: word(UDP_RECORD.dstPort),
      ifindex: word(UDP_RECORD.ifindex),
    };
  });
}

/** A socket and what it hears; `packets(n)` and `error()` wait for it. */
function listener(address: Uint8Array, options: { port?: number; reusePort?: boolean } = {}) {
  const heard: Packet[] = [];
  const errors: UdpError[] = [];
  const batches: number[] = [];
  let wake = () => {};
  const socket = must(
    UdpSocket.open({
      address,
      port: options.port ?? 0,
      ...(options.reusePort && { reusePort: true }),
      onPackets(batch) {
        batches.push(batch.count);
        heard.push(...unpack(batch));
        wake();
      },
      onError(error) {
        errors.push(error);
        wake();
      },
    }),
  );
  open.push(socket);
  const until = async (isThere: () => boolean) => {
    while (!isThere()) await new Promise<void>((resolve) => (wake = resolve));
  };
  return {
    socket,
    batches,
    async packets(count: number) {
      await until(() => heard.length >= count);
      return heard.splice(0, count);
    },
    async error() {
      await until(() => errors.length > 0);
      return errors.shift()!;
    },
  };
}

test('a packet tells both its ends, also where the socket is bound to any address', async () => {
  const east = listener(ANY4);
  const west = listener(ANY4);
  expect(west.socket.send(text.encode('hello'), OTHER4, east.socket.port, LOCAL4)).toBe(0);
  const [packet] = await east.packets(1);
  expect(packet).toMatchObject({ text: 'hello', src: LOCAL4, srcPort: west.socket.port, dst: OTHER4, ifindex: 1 });
  expect(packet.dstPort).toBe(east.socket.port);
});

test('IPv6 likewise', async () => {
  const east = listener(LOCAL6);
  const west = listener(new Uint8Array(16));
  expect(west.socket.send(text.encode('six'), LOCAL6, east.socket.port, LOCAL6)).toBe(0);
  expect(await east.packets(1)).toMatchObject([{ text: 'six', src: LOCAL6, dst: LOCAL6 }]);
});

test('a hundred packets go out in one call and come in few, in order, whole', async () => {
  const east = listener(LOCAL4);
  const west = listener(ANY4);
  const count = 100;
  const arena = new Uint8Array(count * 8);
  const records = new Int32Array(count * UDP_RECORD.size);
  const addresses = new Uint8Array(count * UDP_ADDRESSES.size);
  const texts = Array.from({ length: count }, (_, i) => `no.${i}`);
  texts.forEach((t, i) => {
    arena.set(text.encode(t), i * 8);
    records.set([i * 8, t.length, 4, 0, east.socket.port, 0], i * UDP_RECORD.size);
    addresses.set(LOCAL4, i * UDP_ADDRESSES.size + UDP_ADDRESSES.src);
    addresses.set(LOCAL4, i * UDP_ADDRESSES.size + UDP_ADDRESSES.dst);
  });
  expect(west.socket.sendBatch({ count, arena, records, addresses })).toBe(count);
  expect((await east.packets(count)).map((p) => p.text)).toEqual(texts);
  expect(east.batches.length).toBeLessThan(10);
});

test('a batch that reaches outside its arena is our bug', () => {
  const { socket } = listener(LOCAL4);
  const records = Int32Array.of(60, 10, 4, 0, 9, 0);
  const batch = { count: 1, arena: new Uint8Array(64), records, addresses: new Uint8Array(32) };
  expect(() => socket.sendBatch(batch)).toThrow(RangeError);
  expect(() => socket.sendBatch({ ...batch, count: 2 })).toThrow(RangeError);
});

test('the largest datagram passes, a larger one is refused and counted', async () => {
  const east = listener(LOCAL4);
  const west = listener(LOCAL4);
  expect(west.socket.send(new Uint8Array(65507).fill(0x61), LOCAL4, east.socket.port)).toBe(0);
  expect((await east.packets(1))[0].text).toHaveLength(65507);
  const EMSGSIZE = 90;
  expect(west.socket.send(new Uint8Array(65508), LOCAL4, east.socket.port)).toBe(EMSGSIZE);
  expect(west.socket.counters().unsent).toBe(1);
});

test('"port unreachable" comes back with the packet it is about, and the socket goes on', async () => {
  const gone = listener(LOCAL4);
  const { port } = gone.socket;
  gone.socket.close();
  const west = listener(LOCAL4);
  expect(west.socket.send(text.encode('anyone?'), LOCAL4, port)).toBe(0);
  const error = await west.error();
  expect(error).toMatchObject({ origin: 'icmp', type: 3, code: 3, destination: LOCAL4, port, offender: LOCAL4 });
  expect(error.fault.errno).toBe('ECONNREFUSED');
  expect(Buffer.from(error.quoted).toString()).toBe('anyone?');

  const east = listener(LOCAL4);
  expect(west.socket.send(text.encode('you'), LOCAL4, east.socket.port)).toBe(0);
  expect(await east.packets(1)).toMatchObject([{ text: 'you' }]);
});

test('a port that is taken is a fault, unless both sockets share it', () => {
  const first = listener(LOCAL4);
  const quiet = { onPackets() {}, onError() {} };
  expect(UdpSocket.open({ address: LOCAL4, port: first.socket.port, ...quiet })).toMatchObject({ errno: 'EADDRINUSE' });
  const shared = listener(LOCAL4, { reusePort: true });
  listener(LOCAL4, { reusePort: true, port: shared.socket.port });
});

test('a closed socket sends nothing and hears nothing', () => {
  const { socket } = listener(LOCAL4);
  socket.close();
  socket.close();
  const EBADF = 9;
  expect(socket.fd).toBe(-1);
  expect(socket.send(new Uint8Array(1), LOCAL4, 9)).toBe(EBADF);
});

test('ESP can be taken out of a UDP socket, and out of nothing else', () => {
  expect(encapsulateEsp(listener(LOCAL4).socket.fd)).toBeUndefined();
  expect(encapsulateEsp(0)).toMatchObject({ errno: expect.stringMatching(/^E/) });
});

test('buffers of an open socket can be made smaller, and then hold less', async () => {
  const east = listener(LOCAL4);
  const west = listener(LOCAL4);
  const flood = () => {
    for (let i = 0; i < 200; i++) west.socket.send(new Uint8Array(1000), LOCAL4, east.socket.port);
  };
  flood();
  await east.packets(200);
  expect(setBuffers(east.socket.fd, 16_384)).toBeUndefined();
  flood();
  await east.packets(1);
  // How many were lost is told with the next packet.
  west.socket.send(text.encode('and?'), LOCAL4, east.socket.port);
  for (let last = ''; last !== 'and?'; ) last = (await east.packets(1))[0].text;
  expect(east.socket.counters().overflowed).toBeGreaterThan(0);
  expect(setBuffers(-1, 16_384)).toMatchObject({ errno: 'EBADF' });
});

describe.each([
  ['IPv4', LOCAL4, false],
  ['IPv4, with the marker', LOCAL4, true],
  ['IPv6, with the marker', LOCAL6, true],
] as const)('sockets that share a port, %s', (_, address, isMarked) => {
  const skip = isMarked ? 4 : 0;
  /** As much of an IKE header as decides, and `tag` at its end. */
  const ike = (tag: string, spiR: number, flags: number, octets = 60) => {
    const bytes = new Uint8Array(skip + octets);
    bytes[skip + 15] = spiR;
    bytes[skip + 19] = flags;
    bytes.set(text.encode(tag), bytes.length - tag.length);
    return bytes;
  };
  const [REQUEST, RESPONSE] = [0x08, 0x20];
  const tagOf = ({ text: whole }: Packet) => whole.replace(/[^a-z]/g, '');

  test('each gets what is its own, and nobody else is let in', async () => {
    const known = listener(address);
    expect(sharePort(known.socket.fd)).toBeUndefined();
    const { port } = known.socket;
    const esp = listener(address, { port, reusePort: true });
    const fresh = listener(address, { port, reusePort: true });
    expect(steer(known.socket.fd, { isMarked, known: 0, esp: 1, fresh: 2 })).toBeUndefined();
    const west = listener(address);
    for (let i = 0; i < 20; i++) {
      const packets = [
        ike('known', 1, REQUEST),
        ike('answer', 0, RESPONSE),
        ike('fresh', 0, REQUEST),
        ike('short', 9, REQUEST, 27),
      ];
      if (isMarked)
        packets.push(new Uint8Array([1, 0, 0, 0, ...new Uint8Array(40), ...text.encode('esp')]), Uint8Array.of(0x61));
      for (const packet of packets) west.socket.send(packet, address, port);
    }
    expect(new Set((await known.packets(40)).map(tagOf))).toEqual(new Set(['known', 'answer']));
    expect(new Set((await fresh.packets(isMarked ? 60 : 40)).map(tagOf))).toEqual(
      new Set(['fresh', 'short', ...(isMarked ? ['a'] : [])]),
    );
    if (isMarked) expect(new Set((await esp.packets(20)).map(tagOf))).toEqual(new Set(['esp']));
    expect(UdpSocket.open({ address, port, onPackets() {}, onError() {} })).toMatchObject({ errno: 'EADDRINUSE' });
  });
});

test('a program for a socket that shares nothing, or is none, is refused', () => {
  expect(steer(-1, { isMarked: false, known: 0, fresh: 1, esp: 0 })).toMatchObject({ errno: 'EBADF' });
  expect(sharePort(-1)).toMatchObject({ errno: 'EBADF' });
});

test('a socket that pauses leaves what comes in its buffer, and tells how long that has waited', async () => {
  const waits: number[] = [];
  const heard: number[] = [];
  let wake = () => {};
  const east = must(
    UdpSocket.open({
      address: LOCAL4,
      port: 0,
      stamps: true,
      onPackets({ count }, waited) {
        heard.push(count);
        waits.push(waited);
        wake();
      },
      onError() {},
    }),
  );
  open.push(east);
  const west = listener(LOCAL4);
  east.pause();
  for (let i = 0; i < 10; i++) west.socket.send(text.encode('x'), LOCAL4, east.port);
  // Its echo has been through the loop: what was to be read before has been.
  west.socket.send(text.encode('echo'), LOCAL4, west.socket.port);
  await west.packets(1);
  expect(heard).toEqual([]);
  east.resume();
  while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
  expect(heard).toEqual([10]);
  expect(waits[0]).toBeGreaterThan(0);
  east.close();
  east.resume();
});
