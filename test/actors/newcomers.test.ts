/** The two sockets of a port, over loopback: what a flood of first messages fills, and who is answered through it. */
import { afterEach, describe, expect, test } from 'vitest';
import { Debugging } from '../../src/actors/debugging.ts';
import type { IkeSaMessage } from '../../src/actors/ike-sa.ts';
import { Impairments } from '../../src/actors/impairments.ts';
import type { ActorRef } from '../../src/actors/runtime/index.ts';
import { IkeSocket } from '../../src/actors/sockets.ts';
import { Switchboard } from '../../src/actors/switchboard.ts';
import type { Datagram } from '../../src/ike/effects.ts';
import { decodeMessage, EXCHANGE, encodeMessage, NOTIFY, notifies } from '../../src/ike/wire/index.ts';
import type { DataPlane } from '../../src/kernel/port.ts';
import { isFault, systemFault, UDP_RECORD, UdpSocket } from '../../src/native/index.ts';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { Dice } from '../ike/v2/dice.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

const MARKER = 4;
const OUR_SPI = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** One `IKE_SA_INIT`, or a request to the SA with that SPI. */
function request(n: number, spiR: Uint8Array = new Uint8Array(8)): Uint8Array {
  const spiI = new Uint8Array(8);
  new DataView(spiI.buffer).setUint32(0, n + 1);
  const exchange = spiR[0] === 0 ? EXCHANGE.IKE_SA_INIT : EXCHANGE.INFORMATIONAL;
  const header = { spiI, spiR, exchange, isInitiator: true, isResponse: false, messageId: 0 };
  return encodeMessage(header, [{ type: 'Nonce', data: new Uint8Array(64) }]);
}

interface Setting {
  readonly address?: string;
  readonly encapsulates?: boolean;
  readonly bufferOctets?: number;
  readonly plane?: Partial<DataPlane>;
}

/** A port of a daemon that has one SA, and a stranger's socket. `heard`: what its SA, and its answerers, were told. */
function port({ address = '127.0.0.1', encapsulates = false, bufferOctets = 0, plane = {} }: Setting = {}) {
  const heard: { readonly by: 'sa' | 'answerer'; readonly datagram: Datagram }[] = [];
  let wake = () => {};
  let backlog = 0;
  const actor = (by: 'sa' | 'answerer') => {
    const tell = (message: IkeSaMessage) => {
      if (typeof message === 'object' && message.t === 'packet') heard.push({ by, datagram: message.datagram });
      wake();
      return true;
    };
    return { tell, offer: tell } as unknown as ActorRef<IkeSaMessage>;
  };
  const dice = new Dice(1);
  const switchboard = new Switchboard(
    {
      now: () => 0,
      random: (octets) => dice.octets(octets),
      log: () => {},
      strangers: { say: () => {} },
      debugging: new Debugging(),
      impairments: new Impairments(),
      answerer: () => actor('answerer'),
      otherDoor: () => undefined,
      behind: () => 0,
      backlog: () => backlog,
    },
    { mode: 'unlimited', cookiesFrom: 1, maxHalfOpen: 100_000, maxPerSource: 0, delay: 0, ikev1: 'accept' },
  );
  switchboard.register(OUR_SPI, actor('sa'));
  const octets = Address.parse(address)!.toBytes();
  const probe = UdpSocket.open({ address: octets, port: 0, onPackets: () => {}, onError: () => {} });
  if (isFault(probe)) throw new Error(probe.why);
  probe.close();
  const local = new Endpoint(Address.parse(address)!, probe.port);
  const socket = IkeSocket.open(local, encapsulates, {
    switchboard,
    plane: { name: 'none', serve: () => undefined, unserve: () => {}, ...plane } as DataPlane,
    settings: { hearsErrors: true, bufferOctets },
  });
  if ('why' in socket) throw new Error(socket.why);
  const answers: Uint8Array[] = [];
  const stranger = UdpSocket.open({
    address: octets,
    port: 0,
    onPackets: ({ count, arena, records }) => {
      for (let i = 0; i < count; i++) {
        const start = records[i * UDP_RECORD.size + UDP_RECORD.offset];
        answers.push(arena.slice(start, start + records[i * UDP_RECORD.size + UDP_RECORD.length]));
      }
      wake();
    },
    onError: () => {},
  });
  if (isFault(stranger)) throw new Error(stranger.why);
  open.push(socket, stranger);
  const skip = encapsulates ? MARKER : 0;
  return {
    switchboard,
    socket,
    heard,
    answers,
    skip,
    send: (bytes: Uint8Array) => stranger.send(new Uint8Array([...new Uint8Array(skip), ...bytes]), octets, local.port),
    setBacklog: (count: number) => {
      backlog = count;
    },
    async until(isThere: () => boolean) {
      while (!isThere()) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

const by = ({ heard }: ReturnType<typeof port>, who: 'sa' | 'answerer') => heard.filter((one) => one.by === who).length;

describe.each([
  { address: '127.0.0.1', encapsulates: false },
  { address: '127.0.0.1', encapsulates: true },
  { address: '::1', encapsulates: true },
])('at $address, encapsulating: $encapsulates', (where) => {
  test('a flood that overflows its buffer takes no room from who has an SA', async () => {
    const made = port({ ...where, bufferOctets: 65_536 });
    expect(made.socket.lacks).toBeUndefined();
    for (let n = 0; n < 3_000; n++) made.send(request(n));
    for (let n = 0; n < 20; n++) made.send(request(n, OUR_SPI));
    await made.until(() => by(made, 'sa') === 20 && by(made, 'answerer') > 0);
    expect(by(made, 'answerer')).toBeLessThan(1_000);
  });

  test('while cookies are demanded every first message is answered by one, and whoever returns it gets in', async () => {
    const made = port(where);
    made.switchboard.limits.mode = 'busy';
    for (let n = 0; n < 200; n++) made.send(request(n));
    await made.until(() => made.answers.length === 200);
    expect(made.heard).toEqual([]);
    expect(made.switchboard.counters).toMatchObject({ received: 200, cookies: 200, sent: 200 });
    const spis = new Set<number>();
    let last: Uint8Array | undefined;
    for (const answer of made.answers) {
      expect(answer.subarray(0, made.skip).every((octet) => octet === 0)).toBe(true);
      const decoded = decodeMessage(answer.subarray(made.skip));
      if (!decoded.ok) throw new Error(decoded.fault.why);
      const n = new DataView(answer.buffer, answer.byteOffset + made.skip).getUint32(0) - 1;
      spis.add(n);
      const cookie = notifies(decoded.value.payloads, NOTIFY.COOKIE)[0];
      const sent = decodeMessage(request(n));
      if (!sent.ok) throw new Error(sent.fault.why);
      last = encodeMessage(sent.value.header, [cookie, ...sent.value.payloads]);
    }
    expect(spis.size).toBe(200);
    made.send(last!);
    await made.until(() => by(made, 'answerer') === 1);
    expect(made.switchboard.counters.returned).toBe(1);
  });
});

test('who wants a new SA waits while there is enough to do, who has one does not', async () => {
  const made = port();
  made.setBacklog(1_000);
  // What is read before the socket sees that there is no room.
  made.send(request(0));
  await made.until(() => by(made, 'answerer') === 1);
  for (let n = 1; n <= 500; n++) made.send(request(n));
  for (let n = 0; n < 500; n++) made.send(request(n, OUR_SPI));
  await made.until(() => by(made, 'sa') === 500);
  expect(by(made, 'answerer')).toBe(1);
  made.setBacklog(10);
  made.switchboard.turned();
  await made.until(() => by(made, 'answerer') === 501);
});

test('where the kernel does not do it, one socket serves all, and says why', async () => {
  let served = 0;
  const refused = { ...systemFault(1, 'no second one') };
  const serve = () => (served++ === 0 ? undefined : refused);
  const made = port({ plane: { name: 'xfrm', serve } });
  expect(made.socket.lacks).toBe('no second one (EPERM)');
  made.send(request(1));
  made.send(request(1, OUR_SPI));
  await made.until(() => by(made, 'sa') === 1 && by(made, 'answerer') === 1);
});

test('a port that somebody else has is refused', () => {
  const octets = Uint8Array.of(127, 0, 0, 1);
  const other = UdpSocket.open({ address: octets, port: 0, reusePort: true, onPackets: () => {}, onError: () => {} });
  if (isFault(other)) throw new Error(other.why);
  open.push(other);
  const local = new Endpoint(Address.parse('127.0.0.1')!, other.port);
  const { switchboard } = port();
  const plane = { name: 'none', serve: () => undefined, unserve: () => {} } as unknown as DataPlane;
  const socket = IkeSocket.open(local, false, { switchboard, plane, settings: { hearsErrors: true, bufferOctets: 0 } });
  expect(socket).toMatchObject({ why: expect.stringContaining('EADDRINUSE') });
});
