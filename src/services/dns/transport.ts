/** One question to one server: by UDP from a port of its own, by TCP when the answer says so. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { DnsServer } from '../../net/dns-server.ts';
import type { Clock } from '../fetch/clock.ts';
import { encodeQuery, type Query, type Response, understand } from './message.ts';

export type Outcome = { readonly response: Response } | { readonly why: string };

/** Datagrams with another number or question: so many are an attempt to answer in the server's place. */
const MOST_FOREIGN = 8;
/** Octets: all that TCP's length can say. */
const MOST_OCTETS = 65_535;

/** Never rejects. The time for both ways together is `within` ms. */
export async function ask(server: DnsServer, query: Query, within: number, clock: Clock): Promise<Outcome> {
  const until = clock.now() + within;
  const first = await byUdp(server, query, within, clock);
  if (first !== 'truncated') return first;
  return byTcp(server, query, Math.max(1, until - clock.now()), clock);
}

function byUdp(server: DnsServer, query: Query, within: number, clock: Clock): Promise<Outcome | 'truncated'> {
  return new Promise((resolve) => {
    // Port 0: the system draws one for every question, which an answer from elsewhere has to guess along with the id.
    const socket = createSocket(server.address.family === 4 ? 'udp4' : 'udp6');
    let isOver = false;
    const over = (outcome: Outcome | 'truncated') => {
      if (isOver) return;
      isOver = true;
      cancel();
      socket.close();
      resolve(outcome);
    };
    const cancel = clock.after(within, () => over({ why: 'no answer' }));
    let foreign = 0;
    socket.on('error', (error) => over({ why: reason(error) }));
    socket.on('message', (octets) => {
      const understood = understand(octets, query);
      if (understood.t === 'response') over({ response: understood.response });
      else if (understood.t === 'failed') over({ why: understood.why });
      else if (understood.t === 'truncated') over('truncated');
      else if (++foreign >= MOST_FOREIGN) over('truncated');
    });
    // Connected: the kernel lets nobody else's datagrams in, and tells of a closed port.
    socket.connect(server.port, `${server.address}`, () => {
      if (!isOver) socket.send(encodeQuery(query));
    });
  });
}

function byTcp(server: DnsServer, query: Query, within: number, clock: Clock): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect(server.port, `${server.address}`);
    const over = (outcome: Outcome) => {
      cancel();
      socket.destroy();
      resolve(outcome);
    };
    const cancel = clock.after(within, () => over({ why: 'no answer by TCP' }));
    let got = Buffer.alloc(0);
    socket.on('error', (error) => over({ why: `TCP: ${reason(error)}` }));
    socket.on('close', () => over({ why: 'it closed the connection before its answer' }));
    socket.on('data', (part) => {
      got = Buffer.concat([got, part]);
      if (got.length < 2) return;
      const octets = got.readUInt16BE(0);
      if (got.length < 2 + octets) return got.length > MOST_OCTETS + 2 ? over({ why: 'too much' }) : undefined;
      const understood = understand(got.subarray(2, 2 + octets), query);
      if (understood.t === 'response') over({ response: understood.response });
      else over({ why: understood.t === 'failed' ? understood.why : `a ${understood.t} answer by TCP` });
    });
    socket.on('connect', () => {
      const question = encodeQuery(query);
      const framed = Buffer.alloc(2 + question.length);
      framed.writeUInt16BE(question.length);
      framed.set(question, 2);
      socket.write(framed);
    });
  });
}

function reason(error: NodeJS.ErrnoException): string {
  return error.code === 'ECONNREFUSED' ? 'connection refused' : (error.code ?? error.message);
}
