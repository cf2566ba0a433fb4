import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Answer, PeerCredentials } from '../../src/control/answer.ts';
import { converse, isListening } from '../../src/control/client.ts';
import { encodeFrame } from '../../src/control/frame.ts';
import { type ControlServer, type ControlServerOptions, listenControl } from '../../src/control/listen.ts';
import type { Request } from '../../src/control/protocol.ts';

const ME: PeerCredentials = { pid: process.pid, uid: process.geteuid?.() ?? 0, gid: 0 };

let dir: string;
let path: string;
const servers: ControlServer[] = [];
const sockets: Socket[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-control-'));
  path = join(dir, 'pluto.ctl');
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await server.close(0);
  rmSync(dir, { recursive: true });
});

async function listening(options: Partial<ControlServerOptions> = {}): Promise<ControlServer> {
  const listened = await listenControl({ path, peerCredentials: () => ME, handle: obey, ...options });
  if ('fault' in listened) throw new Error(listened.fault.text);
  servers.push(listened.server);
  return listened.server;
}

/** A daemon of few words: it brings up what is asked for, does not know `nobody`, and never answers `forever`. */
function obey(request: Request, answer: Answer): void {
  if (request.kind === 'initiate' && request.name === 'forever') return;
  if (request.kind === 'initiate' && request.name === 'nobody') answer.line(21, 'no connection named "nobody"');
  else answer.line(4, `${request.kind} done`);
  answer.end();
}

async function whack(...requests: Request[]) {
  const lines: string[] = [];
  const outcome = await converse({
    path,
    requests,
    onReply: (reply) => void (reply.t === 'line' && lines.push(`${reply.code} ${reply.text}`)),
  });
  return { lines, ...outcome };
}

async function raw(): Promise<Socket> {
  const socket = connect(path);
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));

describe('a conversation', () => {
  test('carries requests, lines and the exit status of the first that failed', async () => {
    const server = await listening();
    expect(
      await whack({ kind: 'listen' }, { kind: 'initiate', name: 'nobody' }, { kind: 'initiate', name: 'w-e' }),
    ).toEqual({
      lines: ['4 listen done', '21 no connection named "nobody"', '4 initiate done'],
      exit: 21,
    });
    expect(server.counters).toMatchObject({ accepted: 1, unauthorized: 0, fault: 0 });
  });

  test('carries more requests than the daemon keeps waiting', async () => {
    await listening({ limits: { maxPending: 4 } });
    const { lines, ...outcome } = await whack(
      ...Array<Request>(2000).fill({ kind: 'initiate', name: 'x'.repeat(200) }),
    );
    expect([lines.length, outcome]).toEqual([2000, { exit: 0 }]);
  });

  test('goes on beside one that never ends, one that sends garbage and one that died', async () => {
    const server = await listening();
    const waiting = await raw();
    waiting.write(encodeFrame({ kind: 'initiate', name: 'forever' }));
    const babbling = await raw();
    babbling.end(Buffer.alloc(3000, 0x41));
    const dying = await raw();
    dying.write(encodeFrame({ kind: 'initiate', name: 'forever' }).subarray(0, 9));
    dying.destroy();
    babbling.resume();
    await closed(babbling);
    expect(await whack({ kind: 'listen' })).toEqual({ lines: ['4 listen done'], exit: 0 });
    expect(server.counters.fault).toBe(1);
    expect(waiting.destroyed).toBe(false);
  });

  test('ends in a fault when the daemon goes away in the middle', async () => {
    const server = await listening();
    const asked = whack({ kind: 'initiate', name: 'forever' });
    await until(() => server.counters.accepted === 1);
    await server.close(0);
    expect(await asked).toMatchObject({
      fault: { kind: 'broken', exit: 33, text: 'pluto closed the connection before it had answered initiate' },
    });
  });
});

describe('a client that does not read', () => {
  test('is dropped at the bound while others are served', async () => {
    let flooding: Answer | undefined;
    const server = await listening({
      handle: (request, answer) => {
        if (request.kind === 'showstates') flooding = answer;
        else obey(request, answer);
      },
    });
    const deaf = await raw();
    deaf.pause();
    deaf.write(encodeFrame({ kind: 'showstates' }));
    await until(() => flooding !== undefined);
    while (flooding?.isOpen) flooding.line(2, 'x'.repeat(10_000));
    expect(server.counters.slow).toBe(1);
    expect(await whack({ kind: 'listen' })).toMatchObject({ exit: 0 });
    expect(server.clients).toBeLessThanOrEqual(1);
  });

  test('gets a long listing whole when the daemon waits for it', async () => {
    await listening({
      handle: (_, answer) => {
        let pid = 0;
        const slice = () => {
          while (answer.isOpen && !answer.isCongested && pid < 50_000) {
            const rows = Array.from({ length: 200 }, () => ({ pid: pid++, name: 'a helper with a long name' }));
            answer.rows({ of: 'processes', rows });
          }
          if (pid < 50_000) answer.onRoom(slice);
          else answer.end();
        };
        slice();
      },
    });
    const pids: number[] = [];
    const outcome = await converse({
      path,
      requests: [{ kind: 'processstatus' }],
      onReply: (reply) =>
        void (reply.t === 'rows' && reply.of === 'processes' && pids.push(...reply.rows.map((r) => r.pid))),
    });
    expect(outcome).toEqual({ exit: 0 });
    expect(pids).toEqual(Array.from({ length: 50_000 }, (_, i) => i));
  });
});

describe('who may come in', () => {
  test('nobody else by way of the file', async () => {
    await listening();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['another user', { pid: 1, uid: 4711, gid: 0 }, 'not for uid 4711'],
    ['one whom the kernel does not name', undefined, 'not for uid unknown'],
  ])('not %s', async (_, peer, why) => {
    const server = await listening({ peerCredentials: () => peer, uid: 1000 });
    expect(await whack({ kind: 'listen' })).toEqual({ lines: [`33 refused by pluto: ${why}`], exit: 33 });
    expect(server.counters).toMatchObject({ accepted: 0, unauthorized: 1 });
  });

  test('root and our own user', async () => {
    for (const uid of [0, 1000]) {
      const server = await listening({ peerCredentials: () => ({ pid: 1, uid, gid: 0 }), uid: 1000 });
      expect(await whack({ kind: 'listen' })).toMatchObject({ exit: 0 });
      await server.close();
    }
  });

  test('the credentials asked for are those of the connected socket', async () => {
    const fds: number[] = [];
    await listening({
      peerCredentials: (fd) => {
        fds.push(fd);
        return ME;
      },
    });
    await whack({ kind: 'listen' });
    expect(fds).toEqual([expect.any(Number)]);
    expect(fds[0]).toBeGreaterThan(2);
  });

  test('no more than the bound, and again when one has left', async () => {
    const server = await listening({ limits: { maxClients: 2 } });
    const first = await raw();
    await raw();
    await until(() => server.clients === 2);
    expect(await whack({ kind: 'listen' })).toEqual({
      lines: ['52 refused by pluto: already 2 control clients'],
      exit: 52,
    });
    first.destroy();
    await until(() => server.clients === 1);
    expect(await whack({ kind: 'listen' })).toMatchObject({ exit: 0 });
    expect(server.counters.tooMany).toBe(1);
  });
});

describe('what is at the path already', () => {
  test('a dead daemon’s socket is replaced', async () => {
    const dead = join(dir, 'dead.ctl');
    const other = createServer().listen(dead);
    await new Promise((resolve) => other.once('listening', resolve));
    // Renamed, it survives the close that would have removed it.
    renameSync(dead, path);
    await new Promise((resolve) => other.close(resolve));
    expect(statSync(path).isSocket()).toBe(true);
    await listening();
    expect(await whack({ kind: 'listen' })).toMatchObject({ exit: 0 });
  });

  test('a living daemon’s socket stays', async () => {
    await listening();
    expect(await listenControl({ path, peerCredentials: () => ME, handle: obey })).toEqual({
      fault: { kind: 'in-use', text: `another pluto listens on ${path}` },
    });
    expect(await whack({ kind: 'listen' })).toMatchObject({ exit: 0 });
  });

  test('a file that is no socket stays', async () => {
    writeFileSync(path, 'precious');
    expect(await listenControl({ path, peerCredentials: () => ME, handle: obey })).toMatchObject({
      fault: { kind: 'not-a-socket' },
    });
    expect(statSync(path).size).toBe(8);
  });

  test('a directory that is not there is an error in words', async () => {
    path = join(dir, 'missing', 'pluto.ctl');
    const listened = await listenControl({ path, peerCredentials: () => ME, handle: obey });
    expect(listened).toMatchObject({ fault: { kind: 'system', text: expect.stringContaining(path) } });
  });
});

describe('no daemon', () => {
  test('is told from a dead one, with how to start it', async () => {
    const hint = 'to start it: ipsec start';
    expect(await whack({ kind: 'status' })).toMatchObject({
      fault: { kind: 'no-daemon', text: `Pluto is not running (no "${path}")`, hint, exit: 1 },
    });
    expect(await isListening(path)).toBe(false);
    const server = await listening();
    expect(await isListening(path)).toBe(true);
    await server.close();
    expect(await isListening(path)).toBe(false);
  });

  test('of our version is named as such', async () => {
    const other = createServer((socket) => {
      const frame = encodeFrame({ t: 'end', exit: 0 });
      frame[3] = 2;
      socket.resume().end(frame);
    }).listen(path);
    await new Promise((resolve) => other.once('listening', resolve));
    expect(await whack({ kind: 'status' })).toMatchObject({ fault: { kind: 'version', exit: 33 } });
    await new Promise((resolve) => other.close(resolve));
  });
});

/** Turns of the event loop until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
