import packet from 'dns-packet';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { parseDnsServer } from '../../../src/net/dns-server.ts';
import { encodeQuery, understand } from '../../../src/services/dns/message.ts';
import { parseResolvConf } from '../../../src/services/dns/resolv-conf.ts';
import { Resolver, type ResolverOptions } from '../../../src/services/dns/resolver.ts';
import { StandingClock } from '../fetch/bench.ts';
import { type Answering, answer, cname, dnsServer, ipseckey } from './server.ts';

const NAME = 'east.example.com';
const KEY = Uint8Array.of(10, 0, 2, 1, 3, 99);

async function asking(answering: Answering, more: Partial<ResolverOptions> = {}) {
  const { server, asked } = await dnsServer(answering);
  const clock = new StandingClock();
  let id = 1000;
  const randomId = () => ++id;
  const resolver = new Resolver({ servers: [server], trustsAd: false, clock, randomId, ...more });
  return { resolver, server, asked, clock, look: () => resolver.lookUp(NAME, 'IPSECKEY') };
}

test('a record, validated by a resolver of this machine', async () => {
  const { look, asked } = await asking((q) => [answer(q, { answers: [ipseckey(NAME, KEY, 60)], ad: true })]);
  expect(await look()).toEqual({
    ok: true,
    records: [{ type: 'IPSECKEY', data: KEY }],
    isSecure: true,
    doubt: undefined,
    ttl: 60,
  });
  const { questions, flag_ad, flag_rd, flag_cd, additionals } = packet.decode(Buffer.from(asked[0].octets));
  expect(questions).toMatchObject([{ name: NAME, type: 'IPSECKEY', class: 'IN' }]);
  expect([flag_rd, flag_ad, flag_cd]).toEqual([true, true, false]);
  expect(additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232, flag_do: true, ednsVersion: 0 }]);
});

test('no AD bit, or that of a resolver on another machine, is not secure', async () => {
  const { look } = await asking((q) => [answer(q, { answers: [ipseckey(NAME, KEY)] })]);
  expect(await look()).toMatchObject({ isSecure: false, doubt: expect.stringContaining('no AD bit') });

  // Loopback is how the test reaches it; the resolver is told that it stands elsewhere.
  const { server } = await dnsServer((q) => [answer(q, { answers: [ipseckey(NAME, KEY)], ad: true })]);
  const elsewhere = Object.create(server.address, {
    isLoopback: { value: false },
    toString: { value: () => '127.0.0.1' },
  });
  const options = { clock: new StandingClock(), randomId: () => 1, servers: [{ ...server, address: elsewhere }] };
  expect(await new Resolver({ ...options, trustsAd: false }).lookUp(NAME, 'IPSECKEY')).toMatchObject({
    isSecure: false,
    doubt: expect.stringContaining('on another machine'),
  });
  expect(await new Resolver({ ...options, trustsAd: true }).lookUp(NAME, 'IPSECKEY')).toMatchObject({ isSecure: true });
});

test('through other names, in any order; the TTL is the least of all', async () => {
  const { look } = await asking((q) => [
    answer(q, {
      ad: true,
      answers: [
        ipseckey('c.example.com', KEY, 500),
        ipseckey('unasked.example.com', Uint8Array.of(1, 2, 3)),
        cname('B.example.com', 'c.example.com', 7),
        cname(NAME, 'b.example.com', 90),
      ],
    }),
  ]);
  expect(await look()).toMatchObject({ records: [{ data: KEY }], ttl: 7 });
});

test('names that lead in a circle lead nowhere', async () => {
  const { look } = await asking((q) => [
    answer(q, { ad: true, answers: [cname(NAME, 'b.example.com'), cname('b.example.com', NAME)] }),
  ]);
  expect(await look()).toMatchObject({ ok: true, records: [] });
});

test('nothing is an answer too, as long as RFC 2308 says', async () => {
  const soa = (minimum: number) => ({
    name: 'example.com',
    type: 'SOA' as const,
    class: 'IN' as const,
    ttl: 200,
    data: { mname: 'ns', rname: 'root', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
  });
  for (const [minimum, ttl] of [
    [100, 100],
    [86_400, 200],
    [0, 5],
  ]) {
    const { look } = await asking((q) => [answer(q, { ad: true, rcode: 3, authorities: [soa(minimum)] })]);
    expect(await look()).toMatchObject({ ok: true, records: [], isSecure: true, ttl });
  }
});

test('a truncated answer is asked for again by TCP', async () => {
  const keys = Array.from({ length: 12 }, (_, i) => Uint8Array.of(i, 0, 2, ...Array(300).fill(i)));
  const { look, asked } = await asking((q) => [
    q.by === 'udp'
      ? answer(q, { tc: true })
      : answer(q, { ad: true, answers: keys.map((data) => ipseckey(NAME, data)) }),
  ]);
  const found = await look();
  expect(asked.map(({ by }) => by)).toEqual(['udp', 'tcp']);
  expect(found).toMatchObject({ ok: true, records: keys.map((data) => ({ data })) });
});

test('an answer cut off in the midst of a record is truncated, not wrong', async () => {
  const { look, asked } = await asking((q) => {
    const whole = answer(q, { tc: q.by === 'udp', ad: true, answers: [ipseckey(NAME, KEY)] });
    return [q.by === 'udp' ? whole.subarray(0, -3) : whole];
  });
  expect(await look()).toMatchObject({ ok: true, records: [{ data: KEY }] });
  expect(asked).toHaveLength(2);
});

test('answers to other questions are not heard, and too many of them lead to TCP', async () => {
  const forged = (q: { id: number; name: string; type: string }) => [
    answer({ ...q, id: q.id ^ 1 }, { ad: true, answers: [ipseckey(NAME, Uint8Array.of(6, 6, 6))] }),
    answer({ ...q, name: 'west.example.com' }, { ad: true, answers: [ipseckey('west.example.com', KEY)] }),
    answer({ ...q, type: 'A' }, { ad: true }),
    Uint8Array.of(1, 2, 3),
  ];
  const one = await asking((q) => [...forged(q), answer(q, { ad: true, answers: [ipseckey(NAME, KEY)] })]);
  expect(await one.look()).toMatchObject({ records: [{ data: KEY }] });
  expect(one.asked.map(({ by }) => by)).toEqual(['udp']);
  const many = await asking((q) =>
    q.by === 'udp' ? [...forged(q), ...forged(q)] : [answer(q, { ad: true, answers: [ipseckey(NAME, KEY)] })],
  );
  expect(await many.look()).toMatchObject({ records: [{ data: KEY }] });
  expect(many.asked.map(({ by }) => by)).toEqual(['udp', 'tcp']);
});

test('a server that says nothing is given up, and the next one asked; each has its own number', async () => {
  const good = await dnsServer((q) => [answer(q, { ad: true, answers: [ipseckey(NAME, KEY)] })]);
  let isAsked: () => void = () => {};
  const silent = await dnsServer(() => {
    isAsked();
    return [];
  });
  const clock = new StandingClock();
  let id = 0;
  const servers = [silent.server, good.server];
  const resolver = new Resolver({ servers, trustsAd: false, clock, randomId: () => ++id });
  const heard = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const found = resolver.lookUp(NAME, 'IPSECKEY');
  await heard;
  clock.advance(2000);
  expect(await found).toMatchObject({ ok: true, records: [{ data: KEY }] });
  expect([silent.asked[0].id, good.asked[0].id]).toEqual([1, 2]);
});

test('what no server can answer is a failure that names them', async () => {
  const { look, server, asked } = await asking((q) => [answer(q, { rcode: 2 })]);
  expect(await look()).toEqual({
    ok: false,
    why: `127.0.0.1@${server.port}: SERVFAIL: it could not get the answer, or the answer is bogus`,
  });
  expect(asked).toHaveLength(2);
});

test('a port that nobody listens to', async () => {
  const resolver = new Resolver({
    servers: [{ address: Address.parse('127.0.0.1')!, port: 1 }],
    trustsAd: false,
    clock: new StandingClock(),
    randomId: () => 1,
  });
  expect(await resolver.lookUp(NAME, 'IPSECKEY')).toEqual({ ok: false, why: '127.0.0.1@1: connection refused' });
});

test('resolv.conf(5)', () => {
  const conf = parseResolvConf(
    '# nameserver 10.0.0.1\nnameserver 192.0.2.1 ; first\n nameserver ::1\nnameserver bad\nnameserver 192.0.2.3\nnameserver 192.0.2.4\noptions edns0 trust-ad\nsearch example.com\n',
  );
  expect(conf.servers.map(({ address, port }) => `${address}@${port}`)).toEqual([
    '192.0.2.1@53',
    '::1@53',
    '192.0.2.3@53',
  ]);
  expect(conf.trustsAd).toBe(true);
  expect(parseResolvConf('')).toMatchObject({ servers: [{ port: 53 }], trustsAd: false });
  expect(`${parseResolvConf('').servers[0].address}`).toBe('127.0.0.1');
});

test('dns-servers=', () => {
  expect(parseDnsServer('192.0.2.1')).toMatchObject({ port: 53 });
  expect(parseDnsServer('::1@5353')).toMatchObject({ port: 5353 });
  for (const text of ['', 'ns.example', '192.0.2.1@', '192.0.2.1@0', '192.0.2.1@65536', '192.0.2.1@53@53', '1.2.3.4@x'])
    expect(parseDnsServer(text)).toBeUndefined();
});

test('any octets are understood as something; none that are not the answer become one', () => {
  const query = { id: 7, name: NAME, type: 'IPSECKEY' } as const;
  const good = answer(query, { ad: true, answers: [ipseckey(NAME, KEY)] });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(good.length), (octets, at) => {
      understand(octets, query);
      const mixed = Uint8Array.from(good);
      mixed.set(octets.subarray(0, good.length - at), at);
      const { t } = understand(mixed, query);
      expect(['response', 'truncated', 'failed', 'foreign']).toContain(t);
      // The question is echoed: with another name in it, it is not ours.
      const nameChanged = at < 29 && at >= 13 && octets.length > 0 && (octets[0] | 0x20) !== (good[at] | 0x20);
      if (nameChanged && t === 'response') throw new Error('an answer to another question');
    }),
  );
});

test('a question is what it says', () => {
  const octets = encodeQuery({ id: 0xbeef, name: NAME, type: 'PTR' });
  expect([octets[0], octets[1]]).toEqual([0xbe, 0xef]);
  expect(octets.length).toBeLessThan(64);
});
