import { expect, onTestFinished, test } from 'vitest';
import { FarLookups } from '../../../src/services/fetch/far.ts';
import type { LookupSettings } from '../../../src/services/fetch/lookups.ts';
import { serve } from './bench.ts';

const SETTINGS: LookupSettings = {
  curlTimeoutMs: 60_000,
  ocspTimeoutMs: 60_000,
  ocspMethod: 'get',
  fetchPrivate: 'no',
  dnsTrustAd: false,
};

function far(settings: Partial<LookupSettings> = {}, thread?: URL) {
  const said: string[] = [];
  let time = 0;
  const lookups = new FarLookups({
    settings: { ...SETTINGS, ...settings },
    now: () => time,
    warn: (text) => void said.push(text),
    ...(thread && { thread }),
  });
  onTestFinished(() => lookups.close());
  const pass = (ms: number) => {
    time += ms;
  };
  return { lookups, said, pass };
}

const NOBODY = new Uint8Array();
const MORTAL = new URL(import.meta.url.endsWith('.ts') ? './mortal.ts' : './mortal.js', import.meta.url);

test('in its own thread, and with the settings of config setup', async () => {
  const asked: (string | undefined)[] = [];
  const { port } = await serve((request, answer) => {
    asked.push(request.headers.host);
    answer.end(Uint8Array.of(0x30, 7, 0x0a, 1, 0, 0xa0, 2, 0x30, 0));
  });
  const url = `http://127.0.0.1:${port}/`;
  const careful = await far().lookups.ocsp(url, new Uint8Array(3));
  expect(careful).toMatchObject({ ok: false, kind: 'refused', why: expect.stringContaining('loopback') });
  const found = await far({ fetchPrivate: ['127.0.0.0/8'] }).lookups.ocsp(url, new Uint8Array(3));
  expect(found).toMatchObject({ ok: true, der: expect.any(Uint8Array) });
  expect(asked).toEqual([`127.0.0.1:${port}`]);
});

test('localhost is this machine whoever asks, and refused for that', async () => {
  const result = await far().lookups.crl('http://localhost/', NOBODY);
  expect(result).toMatchObject({ ok: false });
});

test('curl-iface without an address is said', async () => {
  const { lookups } = far({ fetchPrivate: 'yes', curlIface: 'nonesuch0' });
  const result = await lookups.crl('http://127.0.0.1/', NOBODY);
  expect(result).toMatchObject({ ok: false, why: 'curl-iface=nonesuch0 has no IPv4 address' });
});

test('when the thread dies, whoever waits is told, and after a rest there is another one', async () => {
  const { lookups, said, pass } = far({}, MORTAL);
  const died = { ok: false, kind: 'local', why: 'the thread that looks things up has died' };
  const [one, two] = await Promise.all([lookups.crl('http://a/', NOBODY), lookups.crl('http://b/', NOBODY)]);
  expect([one, two]).toEqual([died, died]);
  expect(said.join()).toContain('has died');
  expect(await lookups.keys('east.example')).toMatchObject({ ok: false, why: expect.stringContaining('not running') });
  pass(5_000);
  expect(await lookups.keys('east.example')).toMatchObject({ ok: true });
});

test('a throw over there is an answer here', async () => {
  const { lookups } = far({}, MORTAL);
  expect(await lookups.ocsp('http://a/', new Uint8Array())).toEqual({ ok: false, kind: 'local', why: 'a bug' });
});

test('nothing is looked up after the end', async () => {
  const { lookups, said } = far();
  await lookups.close();
  expect(await lookups.crl('http://127.0.0.1/', NOBODY)).toMatchObject({ ok: false, kind: 'local' });
  expect(said).toEqual([]);
});
