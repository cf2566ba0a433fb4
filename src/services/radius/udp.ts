/** The real sockets of RADIUS. */
import { createSocket } from 'node:dgram';
import { Address } from '../../net/address.ts';
import { Endpoint } from '../../net/endpoint.ts';
import type { Socket } from './ports.ts';

/** Packets that wait for a socket to be ready; it takes one turn of the event loop. */
const MOST_WAITING = 256;

/** The kernel lets through what comes from `remote` alone, and chooses our port by dice. */
export function connectUdp(
  remote: Endpoint,
  hear: (octets: Uint8Array) => void,
  failed: (why: string) => void,
): Socket {
  const socket = open(remote.address);
  let waiting: Uint8Array[] | undefined = [];
  let isClosed = false;
  socket.on('message', (octets) => hear(octets));
  socket.on('error', (error) => failed(codeOf(error)));
  const send = (octets: Uint8Array) => socket.send(octets, (error) => (error ? failed(codeOf(error)) : undefined));
  socket.connect(remote.port, `${remote.address}`, () => {
    const first = waiting ?? [];
    waiting = undefined;
    if (!isClosed) for (const octets of first) send(octets);
  });
  return {
    send: (octets) => {
      if (isClosed) return;
      if (!waiting) return send(octets);
      if (waiting.length < MOST_WAITING) waiting.push(octets);
    },
    close: () => {
      if (!isClosed) socket.close();
      isClosed = true;
    },
  };
}

/** Hears whoever sends to `local`; `failed` if that cannot be, or not any more. */
export function listenUdp(
  local: Endpoint,
  hear: (octets: Uint8Array, from: Endpoint, reply: (octets: Uint8Array) => void) => void,
  failed: (why: string) => void,
): { close(): void } {
  const socket = open(local.address);
  let isClosed = false;
  socket.on('message', (octets, { address, port }) => {
    // A link-local address has its interface behind it.
    const from = Address.parse(address.replace(/%.*$/, ''));
    if (from) hear(octets, new Endpoint(from, port), (answer) => void (isClosed || socket.send(answer, port, address)));
  });
  socket.on('error', (error) => failed(codeOf(error)));
  socket.bind({ port: local.port, address: `${local.address}`, exclusive: true });
  return {
    close: () => {
      if (!isClosed) socket.close();
      isClosed = true;
    },
  };
}

/** Octets: answers to all that a socket may have asked at once; the kernel gives as much of it as it allows. */
const BUFFER = 1_048_576;

/** Addresses stand for themselves: nothing is to be looked up, or waited for. */
const open = ({ family }: Address) =>
  createSocket({
    recvBufferSize: BUFFER,
    type: family === 4 ? 'udp4' : 'udp6',
    lookup: (host, _options, callback) => callback(null, host, family),
  });

const codeOf = (error: Error): string => ('code' in error ? `${error.code}` : error.message);
