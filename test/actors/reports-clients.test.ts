/** Reports to clients that read slowly, not at all, or ask for more than they read: over whole control sessions. */
import { expect, test } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../src/control/frame.ts';
import { CONTROL_LIMITS } from '../../src/control/limits.ts';
import { parseReply, type Reply, type Request } from '../../src/control/protocol.ts';
import { type ClientWire, ControlSession } from '../../src/control/server.ts';
import { conn, type House, town } from './town.ts';

const MANY = Array.from({ length: 400 }, (_, i) =>
  conn(`c${i}`, { leftsubnet: `10.${1 + (i >> 8)}.${i & 255}.0/24`, rightsubnet: '10.200.0.0/16' }),
).join('');
const LIMITS = { ...CONTROL_LIMITS, congested: 4096 };

/** A client that takes what it is given when it is told to. */
class Client implements ClientWire {
  readonly session: ControlSession;
  readonly #decoder = new FrameDecoder(LIMITS.maxFrame);
  #unread: Uint8Array[] = [];
  state: 'open' | 'paused' | 'closed' = 'open';
  most = 0;
  time = 0;
  closedFor: string | undefined = undefined;

  constructor(house: House) {
    this.session = new ControlSession(
      { pid: 1, uid: 0, gid: 0 },
      this,
      LIMITS,
      (request, answer) => house.control.handle(request, answer),
      {
        closed: (why) => {
          this.closedFor = why;
        },
        threw: (error) => {
          throw error;
        },
      },
    );
  }

  ask(...requests: readonly Request[]): void {
    this.session.receive(Buffer.concat(requests.map(encodeFrame)));
  }

  /** All that is there. */
  read(): readonly Reply[] {
    const values = this.#unread.flatMap((chunk) => this.#decoder.push(chunk).values);
    this.#unread = [];
    this.session.drained();
    return values.map((value) => parseReply(value)!);
  }

  get queued(): number {
    return this.#unread.reduce((sum, chunk) => sum + chunk.length, 0);
  }
  send(frame: Uint8Array): void {
    this.#unread.push(frame);
    this.most = Math.max(this.most, this.queued);
  }
  pause(): void {
    this.state = 'paused';
  }
  resume(): void {
    this.state = 'open';
  }
  close(): void {
    this.state = 'closed';
  }
  drop(): void {
    this.state = 'closed';
  }
  later(callback: () => void): void {
    setImmediate(callback);
  }
  now(): number {
    return this.time;
  }
}

async function turns({ clock }: House, n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    clock.settle();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Reads until so many requests have been answered. */
async function answers(house: House, client: Client, ends: number): Promise<readonly Reply[]> {
  const replies: Reply[] = [];
  for (let turn = 0; turn < 5_000 && replies.filter((r) => r.t === 'end').length < ends; turn++) {
    await turns(house, 1);
    replies.push(...client.read());
  }
  return replies;
}

const rowsIn = (replies: readonly Reply[]): number =>
  replies.reduce((sum, reply) => sum + (reply.t === 'rows' && reply.of === 'connections' ? reply.rows.length : 0), 0);

test('what crosses the socket is what was said: settings come back whole', async () => {
  const { west } = town({ west: { conf: MANY } });
  const client = new Client(west);
  client.ask({ kind: 'connectionstatus' });
  const replies = await answers(west, client, 1);
  expect(rowsIn(replies)).toBe(400);
  for (const reply of replies)
    if (reply.t === 'rows' && reply.of === 'connections')
      for (const row of reply.rows) expect(row.settings).toMatchObject({ ikeVersion: 2, ipsecLifetime: 28_800 });
});

test('a client that reads nothing holds a slice or two, delays nobody, and is dropped', async () => {
  const { west } = town({ west: { conf: MANY + conn() } });
  const { actors } = west.system.counters();
  const client = new Client(west);
  client.ask({ kind: 'status' });
  await turns(west, 100);
  expect(client.most).toBeLessThan(LIMITS.congested + 20_000);
  expect(west.system.counters().actors).toBe(actors + 1);
  expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
  const others = west.system.counters().actors - 1;
  client.time = LIMITS.stallTimeout;
  client.session.sweep();
  await turns(west, 2);
  expect([client.state, client.closedFor]).toEqual(['closed', 'stalled']);
  expect(west.system.counters().actors).toBe(others);
});

test('a client that goes in the midst takes its report along', async () => {
  const { west } = town({ west: { conf: MANY } });
  const { actors } = west.system.counters();
  const client = new Client(west);
  client.ask({ kind: 'connectionstatus' });
  await turns(west, 20);
  client.session.gone();
  await turns(west, 2);
  expect(west.system.counters().actors).toBe(actors);
});

test('a hundred listings asked for at once are given one after the other', async () => {
  const { west } = town({ west: { conf: MANY } });
  const { actors } = west.system.counters();
  const client = new Client(west);
  client.ask(...Array<Request>(100).fill({ kind: 'connectionstatus' }));
  expect(client.state).toBe('paused');
  await turns(west, 20);
  expect(west.system.counters().actors).toBe(actors + 1);
  const replies = await answers(west, client, 100);
  expect(rowsIn(replies)).toBe(100 * 400);
  expect(client.most).toBeLessThan(LIMITS.congested + 20_000);
  expect(west.system.counters().actors).toBe(actors);
});

test('a hundred clients that read nothing hold a hundred slices', async () => {
  const { west } = town({ west: { conf: MANY } });
  const clients = Array.from({ length: 100 }, () => new Client(west));
  for (const client of clients) client.ask({ kind: 'connectionstatus' });
  await turns(west, 200);
  const held = clients.reduce((sum, client) => sum + client.queued, 0);
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThan(100 * (LIMITS.congested + 20_000));
  const reading = new Client(west);
  reading.ask({ kind: 'briefstatus' });
  expect((await answers(west, reading, 1)).map((r) => r.t)).toEqual(['rows', 'end']);
});
