/** A clock that stands still, and servers on this machine's loopback that behave as they are told. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import type { Clock } from '../../../src/services/fetch/clock.ts';
import type { HttpPorts, HttpQuery } from '../../../src/services/fetch/http.ts';

export class StandingClock implements Clock {
  #now = 0;
  readonly #alarms = new Set<{ readonly at: number; readonly ring: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, ring: () => void): () => void {
    const alarm = { at: this.#now + ms, ring };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const alarm of [...this.#alarms])
      if (alarm.at <= this.#now) {
        this.#alarms.delete(alarm);
        alarm.ring();
      }
  }

  get armed(): number {
    return this.#alarms.size;
  }
}

/** Closed when the test is over, with all that is still connected. */
export async function serve(answer: RequestListener): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, server };
}

const LOOPBACK = Address.parse('127.0.0.1')!;

/** Every name is this machine, and nothing is refused. */
export const ports = (more: Partial<HttpPorts> = {}): HttpPorts => ({
  addressesOf: async () => ({ addresses: [LOOPBACK] }),
  refuses: () => undefined,
  from: () => undefined,
  clock: new StandingClock(),
  ...more,
});

export const query = (url: string, more: Partial<HttpQuery> = {}): HttpQuery => ({
  url,
  headers: {},
  within: 1000,
  mostOctets: 1000,
  ...more,
});
