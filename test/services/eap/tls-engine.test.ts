import { afterAll, describe, expect, test } from 'vitest';
import { NO_TRUST, TrustReader } from '../../../src/ike/auth/x509/trust-reader.ts';
import { KeyReader } from '../../../src/ike/crypto/signature/key-shelf.ts';
import { MOST_TUNNELS, TlsEngine } from '../../../src/services/eap/tls-engine.ts';
import type { Flight, TlsPort, TlsTerms } from '../../../src/services/eap/tls-port.ts';
import { TlsRemote } from '../../../src/services/eap/tls-remote.ts';
import { realClock } from '../../../src/services/fetch/clock.ts';
import { Authority } from './authority.ts';

const authority = new Authority('Root');
const moon = authority.issue('moon', { extensions: ['subjectAltName=DNS:moon.example'] });
const carol = authority.issue('carol');
const expired = authority.issue('late', { days: -1 });
afterAll(() => authority.end());

const server: TlsTerms = { role: 'server', key: moon.key, chain: [moon.certificate], wantsCertificate: true };
const client: TlsTerms = {
  role: 'client',
  key: carol.key,
  chain: [carol.certificate],
  wantsCertificate: true,
};
const shelves = { keys: authority.shelf.shared, trust: authority.trust.shared };
const engine = () => new TlsEngine(new KeyReader(shelves.keys), new TrustReader(shelves.trust));
const rules = {
  ...{ crlStrict: false, crlFetch: false, ocsp: false, ocspStrict: false, ocspUri: undefined, hasLooked: true },
  at: Math.floor(Date.now() / 1000),
};
const bad = (why: unknown) => ({ t: 'bad', why });

const named = (name: string) => Uint8Array.of(2, ...Buffer.from(name));

/** Feeds each end what the other has sent, until there is no more; the flights that opened or closed either. */
async function shake(port: TlsPort, terms: { server?: TlsTerms; client?: TlsTerms }) {
  const [s, c] = [await port.open(terms.server ?? server), await port.open(terms.client ?? client)];
  if (typeof s !== 'number' || typeof c !== 'number') throw new Error(JSON.stringify([s, c]));
  const ends: { server?: Flight; client?: Flight } = {};
  let records = (await port.feed(c, new Uint8Array())).out;
  for (let i = 0; i < 6; i++) {
    const atServer = await port.feed(s, records);
    if (atServer.opened || atServer.state === 'closed') ends.server ??= atServer;
    const atClient = await port.feed(c, atServer.out);
    if (atClient.opened || atClient.state === 'closed') ends.client ??= atClient;
    records = atClient.out;
  }
  return { s, c, ...ends };
}

describe.each<[string, () => TlsPort & { stop?: () => Promise<void> }]>([
  ['in this thread', engine],
  ['in a thread', () => new TlsRemote({ shelves, clock: realClock, onError: () => {} })],
])('TLS %s', (_, make) => {
  test('both ends open, know each other and have the same key', async () => {
    const port = make();
    const { s, c, server: atServer, client: atClient } = await shake(port, {});
    expect(atServer?.opened).toEqual({ isTls13: true, hasCertificate: true });
    expect(atClient?.opened).toEqual({ isTls13: true, hasCertificate: true });
    expect(await port.judge(s, { id: undefined, ca: undefined, rules })).toEqual({ t: 'good' });
    expect(await port.judge(c, { id: named('moon.example'), ca: undefined, rules })).toEqual({ t: 'good' });
    expect(await port.judge(c, { id: named('sun.example'), ca: undefined, rules })).toEqual(
      bad('certificate "CN=moon": the identity "@sun.example" is not among its subjectAltNames'),
    );
    const request = { label: 'EXPORTER_EAP_TLS_Key_Material', context: Uint8Array.of(13), octets: 128 };
    const key = await port.exportKey(s, request);
    expect(key?.length).toBe(128);
    expect(await port.exportKey(c, request)).toEqual(key);
    expect(await port.exportKey(c, { ...request, context: Uint8Array.of(21) })).not.toEqual(key);
    const { out } = await port.write(s, Uint8Array.of(1, 2, 3));
    expect((await port.feed(c, out)).plain).toEqual(Uint8Array.of(1, 2, 3));
    port.close(s);
    expect((await port.feed(s, new Uint8Array())).why).toBe('the tunnel is gone');
    await port.stop?.();
  });

  test('a client without a certificate, and one that has expired, are not believed', async () => {
    const port = make();
    const bare = await shake(port, { client: { ...client, key: undefined, chain: [] } });
    expect(bare.server?.opened?.hasCertificate).toBe(false);
    expect(await port.judge(bare.s, { id: undefined, ca: undefined, rules })).toEqual(bad('there is no certificate'));
    const late = await shake(port, { client: { ...client, key: expired.key, chain: [expired.certificate] } });
    expect(await port.judge(late.s, { id: undefined, ca: undefined, rules })).toEqual(
      bad('certificate "CN=late": expired 2021-01-01 00:00:00 UTC'),
    );
    await port.stop?.();
  });
});

describe('an engine', () => {
  test('trusts nobody when the store believes nobody', async () => {
    const port = new TlsEngine(new KeyReader(shelves.keys), NO_TRUST);
    const { s } = await shake(port, {});
    expect(await port.judge(s, { id: undefined, ca: undefined, rules })).toEqual(
      bad('certificate "CN=carol": its issuer "CN=Root" is not known'),
    );
  });

  test('refuses what is no TLS, and keys that are gone', async () => {
    const port = engine();
    const s = await port.open(server);
    if (typeof s !== 'number') throw new Error(s.wrong);
    const flight = await port.feed(s, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(flight).toMatchObject({ state: 'closed', why: expect.stringMatching(/./) });
    expect(await port.exportKey(s, { label: 'x', octets: 8 })).toBeUndefined();
    expect(await port.open({ ...server, key: 99_999 })).toEqual({ wrong: 'the private key is gone' });
    expect(await port.open({ ...server, chain: [Uint8Array.of(1, 2, 3)] })).toMatchObject({
      wrong: expect.stringMatching(/^TLS cannot use our certificate or key: /),
    });
  });

  test('has a limit of tunnels, and room again when one is closed', async () => {
    const port = engine();
    const bare: TlsTerms = { ...client, key: undefined, chain: [] };
    const numbers = await Promise.all(Array.from({ length: MOST_TUNNELS }, () => port.open(bare)));
    expect(numbers.every((number) => typeof number === 'number')).toBe(true);
    expect(await port.open(bare)).toEqual({ wrong: `${MOST_TUNNELS} TLS tunnels are open already` });
    port.close(numbers[0] as number);
    expect(typeof (await port.open(bare))).toBe('number');
    for (const number of numbers) port.close(number as number);
  });

  test('lets one address have half of them, whether or not it goes on with any, and others theirs', async () => {
    const port = engine();
    const from = (source: string): TlsTerms => ({ ...server, source });
    const open: number[] = [];
    for (let n = 0; n < MOST_TUNNELS; n++) {
      const opened = await port.open(from('greedy'));
      if (typeof opened === 'number') open.push(opened);
    }
    expect(open).toHaveLength(MOST_TUNNELS / 2);
    expect(await port.open(from('greedy'))).toEqual({ wrong: '128 TLS tunnels with this address are open already' });
    const other = await port.open(from('other'));
    expect(typeof other).toBe('number');
    port.close(other as number);
    port.close(open[0]);
    expect(typeof (await port.open(from('greedy')))).toBe('number');
    for (const number of open) port.close(number);
  });
});

test('a thread that takes too long is no answer', async () => {
  let ring = () => {};
  const after = (_: number, then: () => void) => {
    ring = then;
    return () => {};
  };
  const clock = { now: () => 0, after };
  const port = new TlsRemote({ shelves, clock, onError: () => {} });
  const opening = port.open(server);
  ring();
  expect(await opening).toEqual({ wrong: 'TLS takes too long' });
  await port.stop();
});
