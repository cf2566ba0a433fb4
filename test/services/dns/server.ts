/** A resolver on this machine's loopback that answers what it is told to, by UDP and by TCP. */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import packet, { type Packet } from 'dns-packet';
import { onTestFinished } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import type { DnsServer } from '../../../src/net/dns-server.ts';

export interface Asked {
  readonly by: 'udp' | 'tcp';
  readonly id: number;
  readonly name: string;
  readonly type: string;
  /** Of the whole question. */
  readonly octets: Uint8Array;
}

/** What goes back, one message after another. */
export type Answering = (asked: Asked) => readonly Uint8Array[];

export async function dnsServer(answering: Answering): Promise<{ server: DnsServer; asked: Asked[] }> {
  const asked: Asked[] = [];
  const hear = (by: Asked['by'], octets: Buffer): readonly Uint8Array[] => {
    const { id = 0, questions = [] } = packet.decode(octets);
    const question = { by, id, name: questions[0].name, type: questions[0].type, octets: Uint8Array.from(octets) };
    asked.push(question);
    return answering(question);
  };
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (octets) => {
      for (const answer of hear('tcp', octets.subarray(2))) {
        const framed = Buffer.alloc(2 + answer.length);
        framed.writeUInt16BE(answer.length);
        framed.set(answer, 2);
        // In two parts, as networks do.
        socket.write(framed.subarray(0, 1));
        socket.write(framed.subarray(1));
      }
    });
  });
  await new Promise<void>((resolve) => void tcp.listen(0, '127.0.0.1', resolve));
  const { port } = tcp.address() as { port: number };
  const udp = createSocket('udp4');
  udp.on('message', (octets, { port: from, address }) => {
    for (const answer of hear('udp', octets)) udp.send(answer, from, address);
  });
  await new Promise<void>((resolve) => void udp.bind(port, '127.0.0.1', resolve));
  onTestFinished(() => {
    udp.close();
    tcp.close();
    for (const socket of sockets) socket.destroy();
  });
  return { server: { address: Address.parse('127.0.0.1')!, port }, asked };
}

type Answers = NonNullable<Packet['answers']>;

export interface Said {
  readonly answers?: Answers;
  readonly authorities?: Answers;
  readonly ad?: boolean;
  readonly tc?: boolean;
  readonly rcode?: number;
}

/** A well-made answer; `more` changes what is in it. */
export function answer({ id, name, type }: Pick<Asked, 'id' | 'name' | 'type'>, said: Said = {}): Uint8Array {
  const flags =
    packet.RECURSION_DESIRED |
    packet.RECURSION_AVAILABLE |
    (said.ad ? packet.AUTHENTIC_DATA : 0) |
    (said.tc ? packet.TRUNCATED_RESPONSE : 0) |
    (said.rcode ?? 0);
  return packet.encode({
    type: 'response',
    id,
    flags,
    questions: [{ name, type: type as 'A' }],
    answers: said.answers ?? [],
    authorities: said.authorities ?? [],
  });
}

/** An IPSECKEY record; the types of dns-packet do not know that its data is octets. */
export const ipseckey = (name: string, data: Uint8Array, ttl = 300): Answers[number] =>
  ({ name, type: 'IPSECKEY', class: 'IN', ttl, data: Buffer.from(data) }) as unknown as Answers[number];

export const cname = (name: string, data: string, ttl = 300): Answers[number] => ({
  name,
  type: 'CNAME',
  class: 'IN',
  ttl,
  data,
});
