import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { fetchHttp } from '../../../src/services/fetch/http.ts';
import { refusal } from '../../../src/services/fetch/permitted.ts';
import { ports, query, StandingClock, serve } from './bench.ts';

const text = (result: { readonly ok: boolean }) =>
  'body' in result && result.body instanceof Uint8Array ? Buffer.from(result.body).toString() : undefined;

test('a document, with the host that the URL names and nothing packed', async () => {
  const asked: unknown[] = [];
  const { port } = await serve((request, answer) => {
    const { method, url, headers } = request;
    asked.push([method, url, headers.host, headers['accept-encoding']]);
    answer.setHeader('Content-Type', 'Application/PKIX-CRL; charset=x').end('crl');
  });
  const result = await fetchHttp(query(`http://ca.example:${port}/a%20b?c=d#e`), ports());
  expect([text(result), result]).toEqual(['crl', expect.objectContaining({ ok: true, type: 'application/pkix-crl' })]);
  expect(asked).toEqual([['GET', '/a%20b?c=d', `ca.example:${port}`, 'identity']]);
});

test('a body makes it a POST', async () => {
  const { port } = await serve((request, answer) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => answer.end(`${request.method} ${Buffer.concat(parts)}`));
  });
  const result = await fetchHttp(query(`http://ca.example:${port}/`, { body: Buffer.from('question') }), ports());
  expect(text(result)).toBe('POST question');
});

test('a server that never answers, and one that never ends, are given up when the time is over', async () => {
  for (const begins of [false, true]) {
    const clock = new StandingClock();
    let asked: () => void = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { port } = await serve((_, answer) => {
      if (begins) answer.write('a little');
      asked();
    });
    const result = fetchHttp(query(`http://ca.example:${port}/`), ports({ clock }));
    await isAsked;
    clock.advance(1000);
    expect(await result).toEqual({ ok: false, kind: 'late', why: 'no answer within 1 s' });
    expect(clock.armed).toBe(0);
  }
});

test('the time runs while the name is looked up, too', async () => {
  const clock = new StandingClock();
  const result = fetchHttp(query('http://ca.example/'), ports({ clock, addressesOf: () => new Promise(() => {}) }));
  clock.advance(1000);
  expect(await result).toMatchObject({ ok: false, kind: 'late' });
});

test('too large: as announced, and as it comes', async () => {
  for (const announced of [true, false]) {
    const { port } = await serve((_, answer) => {
      if (announced) answer.setHeader('Content-Length', 1001);
      answer.write('x'.repeat(1000));
      answer.write('x');
    });
    const result = await fetchHttp(query(`http://ca.example:${port}/`), ports());
    expect(result).toEqual({ ok: false, kind: 'large', why: 'it has more than 1000 octets' });
  }
  const { port } = await serve((_, answer) => void answer.end('x'.repeat(1000)));
  expect((await fetchHttp(query(`http://ca.example:${port}/`), ports())).ok).toBe(true);
});

test('an answer that is cut off is none', async () => {
  const { port } = await serve((_, answer) => {
    answer.setHeader('Content-Length', 100);
    answer.write('a little', () => answer.destroy());
  });
  const result = await fetchHttp(query(`http://ca.example:${port}/`), ports());
  expect(result).toMatchObject({ ok: false, kind: 'answer' });
});

test('what is packed, and what is no success, is not taken', async () => {
  const { port } = await serve((request, answer) => {
    if (request.url === '/gone') answer.writeHead(404).end('nothing here');
    else answer.setHeader('Content-Encoding', 'gzip').end('bomb');
  });
  const at = (path: string) => fetchHttp(query(`http://ca.example:${port}${path}`), ports());
  expect(await at('/gone')).toEqual({ ok: false, kind: 'answer', why: 'HTTP status 404' });
  expect(await at('/')).toMatchObject({ ok: false, kind: 'answer', why: expect.stringContaining('encoding gzip') });
});

test('something that speaks no HTTP', async () => {
  const server = createServer((socket) => void socket.end('220 mail.example ESMTP\r\n'));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const result = await fetchHttp(query(`http://ca.example:${port}/`), ports());
  expect(result).toMatchObject({ ok: false, kind: 'unreachable' });
});

test('redirects are followed, three of them, and each is held to the same rules', async () => {
  const { port } = await serve((request, answer) => {
    const left = Number(request.url?.slice(1));
    if (left > 0) answer.writeHead(302, { Location: `/${left - 1}` }).end();
    else answer.end('there');
  });
  const at = (path: string) => fetchHttp(query(`http://ca.example:${port}${path}`), ports());
  expect(text(await at('/3'))).toBe('there');
  expect(await at('/4')).toEqual({ ok: false, kind: 'answer', why: 'more than 3 redirects' });
});

test.each([
  ['http://169.254.169.254/latest/meta-data', 'link-local'],
  ['http://user:secret@ca.example/', 'password'],
  ['file:///etc/shadow', 'file:// is not supported'],
  ['ldap://ca.example/cn=crl', 'ldap:// is not supported'],
  ['http://[', 'no URL'],
  [`http://ca.example/${'x'.repeat(2048)}`, 'characters'],
])('a redirect to %s is refused', async (location, why) => {
  const { port } = await serve((_, answer) => void answer.writeHead(302, { Location: location }).end());
  const result = await fetchHttp(
    query(`http://ca.example:${port}/`),
    ports({
      addressesOf: async (host) => ({ addresses: [Address.parse(host) ?? Address.parse('127.0.0.1')!] }),
      refuses: (address) => (address.isLoopback ? undefined : refusal(address, 'no')),
    }),
  );
  expect(result).toMatchObject({ ok: false, kind: 'refused', why: expect.stringContaining(why) });
});

test('a POST is not turned into something else by a redirect', async () => {
  const { port } = await serve((_, answer) => void answer.writeHead(302, { Location: '/else' }).end());
  const result = await fetchHttp(query(`http://ca.example:${port}/`, { body: Buffer.from('q') }), ports());
  expect(result).toEqual({ ok: false, kind: 'answer', why: 'HTTP status 302' });
});

test('it is the address that was checked that is connected to, whatever the name server says next', async () => {
  let connections = 0;
  const { port } = await serve((_, answer) => void answer.end(`${++connections}`));
  // Public when it is looked at, this machine's own afterwards: DNS rebinding.
  const answers = ['192.0.2.1', '127.0.0.1'];
  const looked: string[] = [];
  const result = await fetchHttp(
    query(`http://evil.example:${port}/`),
    ports({
      addressesOf: async (host) => {
        looked.push(host);
        return { addresses: [Address.parse(answers.shift()!)!] };
      },
      refuses: (address) => refusal(address, 'no'),
    }),
  );
  expect(result).toMatchObject({ ok: false, kind: 'refused' });
  expect([looked, connections]).toEqual([['evil.example'], 0]);
});

test('of several addresses those that are refused are left out, and those that are not there', async () => {
  const { port } = await serve((_, answer) => void answer.end('found'));
  const addresses = ['10.0.0.1', '127.0.0.2', '127.0.0.1'].map((address) => Address.parse(address)!);
  const refused: string[] = [];
  const result = await fetchHttp(
    query(`http://ca.example:${port}/`),
    ports({
      addressesOf: async () => ({ addresses }),
      refuses: (address) => {
        if (!address.isLoopback) refused.push(`${address}`);
        return address.isLoopback ? undefined : 'no';
      },
    }),
  );
  expect([text(result), refused]).toEqual(['found', ['10.0.0.1']]);
});

test('curl-iface: the connection comes from there, or does not come at all', async () => {
  const from: (string | undefined)[] = [];
  const { port } = await serve((request, answer) => {
    from.push(request.socket.remoteAddress);
    answer.end();
  });
  await fetchHttp(query(`http://ca.example:${port}/`), ports({ from: () => '127.0.0.9' }));
  const without = ports({ from: () => ({ why: 'eth9 has no IPv4 address' }) });
  const result = await fetchHttp(query(`http://ca.example:${port}/`), without);
  expect(from).toEqual(['127.0.0.9']);
  expect(result).toEqual({ ok: false, kind: 'unreachable', why: 'eth9 has no IPv4 address' });
});

test('a closed port', async () => {
  const { port, server } = await serve(() => {});
  server.close();
  await once(server, 'close');
  const result = await fetchHttp(query(`http://ca.example:${port}/`), ports());
  expect(result).toEqual({ ok: false, kind: 'unreachable', why: '127.0.0.1: connection refused' });
});

test('nothing stays open when it is over', async () => {
  const { port, server } = await serve((_, answer) => void answer.write('endless'));
  const closed = new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
  });
  const clock = new StandingClock();
  const result = fetchHttp(query(`http://ca.example:${port}/`), ports({ clock }));
  await once(server, 'request');
  clock.advance(1000);
  await result;
  await closed;
});
