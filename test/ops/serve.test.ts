/** Scrapers good and bad, against the server itself. */
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type ServeLimits, type Serving, serve } from '../../src/ops/serve.ts';
import { Given, snapshot } from './snapshots.ts';
import { parse } from './text.ts';

const opened: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

async function open(source: Given, limits: Partial<ServeLimits> = {}, now?: () => number): Promise<Serving> {
  const serving = await serve({ host: '127.0.0.1', port: 0, source, limits, ...(now && { now }) });
  if ('why' in serving) throw new Error(serving.why);
  opened.push(() => serving.close());
  return serving;
}

interface Got {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

const ask = (port: number, path = '/metrics', method = 'GET', headers: Record<string, string> = {}): Promise<Got> =>
  new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], body }),
      );
    });
    asking.on('error', reject).end();
  });

function dial(port: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  opened.push(() => void socket.destroy());
  return socket;
}

const ended = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));

test('GET /metrics: text that parses, of the type that scrapers expect', async () => {
  const { port } = await open(new Given());
  const { status, type, body } = await ask(port);
  expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  expect(parse(body).value('pluto_ike_half_open')).toBe(6);
  expect(await ask(port, '/metrics?x=y')).toMatchObject({ status: 200 });
  expect(await ask(port, '/metrics', 'HEAD')).toMatchObject({ status: 200, body: '' });
});

test('there is nothing else, and nothing to write', async () => {
  const source = new Given();
  const { port } = await open(source);
  for (const path of ['/', '/metrics/', '/metricsx', '/../metrics', '//metrics'])
    expect(await ask(port, path)).toMatchObject({ status: 404, body: 'there is /metrics, and nothing else\n' });
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    expect(await ask(port, '/metrics', method)).toMatchObject({ status: 405 });
  expect(source.asked).toEqual([]);
});

test('a flood of scrapes is one question to the daemon, and an old answer is no answer', async () => {
  const source = new Given();
  let now = 0;
  const { port } = await open(source, { connections: 100 }, () => now);
  const all = await Promise.all(Array.from({ length: 60 }, () => ask(port)));
  expect(all.every(({ status }) => status === 200)).toBe(true);
  expect(source.asked.length).toBe(1);
  now = 999;
  await ask(port);
  expect(source.asked.length).toBe(1);
  now = 1_000;
  const { body } = await ask(port);
  expect(source.asked).toEqual([
    { layout: -1, names: -1 },
    { layout: 1, names: 1 },
  ]);
  expect(parse(body).value('pluto_scrapes_total', { result: 'ok' })).toBe(61);
});

test('more connections than there may be are closed, and those there are go on', async () => {
  const { port } = await open(new Given(), { connections: 3 });
  const held = Array.from({ length: 3 }, () => dial(port));
  await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  await ended(dial(port));
  held[0].destroy();
  await ended(held[0]);
  held[1].write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
  const answer = await new Promise<string>((resolve) => held[1].once('data', (data) => resolve(`${data}`)));
  expect(answer).toMatch(/^HTTP\/1.1 200 OK/);
});

test('headers without end: refused as too large, and as too late', async () => {
  const source = new Given();
  const { port } = await open(source, { request: 50, header: 1024 });
  const talker = dial(port);
  talker.write(`GET /metrics HTTP/1.1\r\nX: ${'x'.repeat(5000)}\r\n`);
  const told = await new Promise<string>((resolve) => talker.once('data', (data) => resolve(`${data}`)));
  expect(told).toMatch(/^HTTP\/1.1 431/);
  const sleeper = dial(port);
  sleeper.write('GET /met');
  sleeper.resume();
  await ended(sleeper);
  expect(source.asked).toEqual([]);
});

test('one that does not read its answer is cut off, and costs nobody anything', async () => {
  const source = new Given();
  // More than the buffers of both ends.
  const names = Array.from({ length: 2_000 }, (_, i) => `${'n'.repeat(5_000)}${i}`);
  source.next = async () => snapshot({ connections: { version: 1, names, sas: new Uint32Array(names.length) } });
  const { port } = await open(source, { connections: 1, response: 200, snapshot: 100 });
  const slow = dial(port);
  slow.pause();
  slow.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => slow.once('connect', resolve));
  // It has the only place until it is cut off; nothing that it does here takes that long.
  let refused = 0;
  for (;;) {
    const got = await ask(port).catch(() => undefined);
    if (got) break;
    refused++;
  }
  expect(refused).toBeGreaterThan(0);
});

test('a daemon that does not answer in time is said to be busy; the next scrape asks again', async () => {
  const source = new Given();
  source.next = () => new Promise(() => {});
  const { port } = await open(source, { snapshot: 20 });
  expect(await ask(port)).toMatchObject({ status: 503, body: 'no metrics: the daemon is too busy\n' });
  source.next = async () => snapshot();
  const { status, body } = await ask(port);
  expect(status).toBe(200);
  expect(parse(body).value('pluto_scrapes_total', { result: 'failed' })).toBe(1);
});

test('a port that is taken is a value', async () => {
  const { port } = await open(new Given());
  const second = await serve({ host: '127.0.0.1', port, source: new Given() });
  expect(second).toMatchObject({ why: expect.stringContaining('EADDRINUSE') });
});
