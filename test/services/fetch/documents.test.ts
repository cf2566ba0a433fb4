import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fetchCrl, fetchOcsp } from '../../../src/services/fetch/documents.ts';
import { ports, StandingClock, serve } from './bench.ts';
import { type Ca, makeCa, withOpenssl } from './openssl.ts';

const NOW = Date.now() / 1000;

/** A server with one document. */
async function serving(body: Uint8Array | string): Promise<string> {
  const { port } = await serve((_, answer) => void answer.end(body));
  return `http://ca.example:${port}/crl`;
}

/** What a server has, as the list of `ca`. */
async function fetched(ca: Ca, body: Uint8Array | string, at = NOW) {
  const issuer = Uint8Array.from(ca.run('x509', '-in', 'ca.pem', '-outform', 'DER'));
  return fetchCrl({ url: await serving(body), issuer, within: 1000, at }, ports());
}

test('a CRL as OpenSSL makes it, in DER and in PEM', async (context) => {
  withOpenssl(context);
  const ca = makeCa();
  const der = ca.crl();
  const found = await fetched(ca, der);
  if (!found.ok) throw new Error(found.why);
  expect(found.der).toEqual(der);
  expect(found.nextUpdate - found.thisUpdate).toBe(7 * 86_400);
  const armoured = await fetched(ca, readFileSync(ca.at('crl.pem')));
  expect(armoured).toEqual(found);
});

test('what is no CRL is said to be none', async (context) => {
  withOpenssl(context);
  const ca = makeCa();
  const der = ca.crl();
  expect(await fetched(ca, '<html>Log in to the hotel')).toMatchObject({
    kind: 'malformed',
    why: 'it is neither a CRL in DER nor one in PEM',
  });
  expect(await fetched(ca, der.subarray(0, -1))).toMatchObject({ kind: 'malformed' });
  expect(await fetched(ca, '')).toMatchObject({ kind: 'malformed' });
  expect(await fetched(ca, der, NOW - 2 * 86_400)).toMatchObject({
    kind: 'malformed',
    why: 'it is dated in the future',
  });
});

test('a list that another has signed under the same name, or that was changed, does not come in', async (context) => {
  withOpenssl(context);
  const [ca, impostor] = [makeCa(), makeCa()];
  expect(await fetched(ca, impostor.crl())).toMatchObject({
    kind: 'malformed',
    why: expect.stringContaining('"CN=test root" has not signed it'),
  });
  const der = ca.crl();
  for (const at of [der.length - 1, 60, 90]) {
    const changed = Uint8Array.from(der);
    changed[at] ^= 1;
    expect(await fetched(ca, changed), `octet ${at}`).toMatchObject({ ok: false, kind: 'malformed' });
  }
});

test('OpenSSL’s responder, by GET and by POST', async (context) => {
  withOpenssl(context);
  const ca = makeCa();
  ca.issue('east');
  const { request } = ca.request('east');
  const port = await ca.responder();
  for (const method of ['get', 'post'] as const) {
    const url = `http://ocsp.example:${port}/`;
    const found = await fetchOcsp({ url, request, method, within: 1000 }, ports());
    if (!found.ok) throw new Error(found.why);
    writeFileSync(ca.at('answer.der'), found.der);
    const said = ca.run('ocsp', '-respin', 'answer.der', '-reqin', 'r.der', '-CAfile', 'ca.pem', '-resp_text');
    expect(`${said}`).toContain('Cert Status: good');
  }
});

/** OCSPResponse: successful with some bytes, and those that say what went wrong. */
const SUCCESS = Uint8Array.of(0x30, 7, 0x0a, 1, 0, 0xa0, 2, 0x30, 0);
const status = (number: number) => Uint8Array.of(0x30, 3, 0x0a, 1, number);
const REQUEST = Uint8Array.from({ length: 60 }, (_, i) => 251 + i);

test('a GET has the request in its path as RFC 6960 writes it', async () => {
  const paths: (string | undefined)[] = [];
  const { port } = await serve((request, answer) => {
    paths.push(`${request.method} ${request.url}`);
    answer.end(SUCCESS);
  });
  const ask = (request: Uint8Array, url: string) =>
    fetchOcsp({ url: `http://ocsp.example:${port}${url}`, request, method: 'get', within: 1000 }, ports());
  await ask(Uint8Array.of(0xfb, 0xff, 0xfe), '/ocsp/');
  await ask(Uint8Array.of(0xfb, 0xff, 0xfe), '/ocsp');
  await ask(new Uint8Array(300), '/ocsp');
  expect(paths).toEqual(['GET /ocsp/%2B%2F%2F%2B', 'GET /ocsp/%2B%2F%2F%2B', 'POST /ocsp']);
});

test('a server that does not take GET is asked by POST, once and in what is left of the time', async () => {
  const clock = new StandingClock();
  const methods: (string | undefined)[] = [];
  const { port } = await serve((request, answer) => {
    methods.push(request.method);
    if (request.method === 'GET') answer.writeHead(405).end();
    else clock.advance(1000);
  });
  const url = `http://ocsp.example:${port}/`;
  const found = await fetchOcsp({ url, request: REQUEST, method: 'get', within: 1000 }, ports({ clock }));
  expect(methods).toEqual(['GET', 'POST']);
  expect(found).toMatchObject({ ok: false, kind: 'late' });
});

test.each([
  [status(3), 'the responder says tryLater'],
  [status(6), 'the responder says unauthorized: it does not know this issuer'],
  [status(9), 'the responder says 9'],
  [Uint8Array.of(0x30, 3, 0x0a, 1, 0), 'it is no OCSP response: responseBytes: it is missing'],
  [Buffer.from('<html>'), 'it is no OCSP response'],
  [Uint8Array.of(...SUCCESS, 0), 'something follows it'],
])('an answer that is no answer: %#', async (body, why) => {
  const url = await serving(body);
  const found = await fetchOcsp({ url, request: REQUEST, method: 'post', within: 1000 }, ports());
  expect(found).toMatchObject({ ok: false, why: expect.stringContaining(why) });
});
