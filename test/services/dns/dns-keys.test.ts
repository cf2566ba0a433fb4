import { expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { Id } from '../../../src/net/id.ts';
import { DnsKeys } from '../../../src/services/dns/dns-keys.ts';
import { findKeys, type KeysFound } from '../../../src/services/dns/keys-found.ts';
import type { Lookup } from '../../../src/services/dns/resolver.ts';
import type { Failure } from '../../../src/services/fetch/http.ts';

const KEY = { precedence: 10, kind: 'p256', bits: 256, spki: Uint8Array.of(1, 2, 3) } as const;
const FOUND: KeysFound = { ok: true, keys: [KEY], isSecure: true, doubt: undefined, problems: [], ttl: 60 };
const INSECURE: KeysFound = { ...FOUND, isSecure: false, doubt: 'no AD bit' };

function bench(found: KeysFound | Failure, onlySecure = true) {
  let time = 0;
  const asked: string[] = [];
  const counts: string[] = [];
  const said: string[] = [];
  const keys = new DnsKeys({
    lookups: {
      keys: async (name) => {
        asked.push(name);
        return found;
      },
    },
    onlySecure,
    now: () => time,
    log: (level, text) => void said.push(`${level}: ${text}`),
    count: (what) => void counts.push(what),
  });
  const ask = (id = '@east.example.com') =>
    keys.answer({ t: 'dnsKeys', id: Id.parse(id)!, address: Address.parse('192.0.2.1')! });
  const pass = (ms: number) => {
    time += ms;
  };
  return { ask, asked, counts, said, pass };
}

test('keys that are validated', async () => {
  const { ask, asked, counts, said } = bench(FOUND);
  expect(await ask()).toEqual({ t: 'dnsKeys', keys: [KEY.spki], isSecure: true });
  expect(await ask('192.0.2.7')).toMatchObject({ keys: [KEY.spki] });
  expect(asked).toEqual(['east.example.com', '7.2.0.192.in-addr.arpa']);
  expect(counts).toEqual(['dns.found', 'dns.found']);
  expect(said[0]).toBe('debug: keys of east.example.com in DNS: p256 of 256 bits, validated; for 60 s');
});

test('keys that nobody has validated are not used, unless dnssec-enable=no', async () => {
  const careful = bench(INSECURE);
  expect(await careful.ask()).toEqual({
    t: 'dnsKeys',
    keys: [],
    isSecure: false,
    why: 'east.example.com has 1, which cannot be believed: no AD bit',
  });
  expect(careful.counts).toEqual(['dns.insecure']);
  expect(await bench(INSECURE, false).ask()).toEqual({
    t: 'dnsKeys',
    keys: [KEY.spki],
    isSecure: false,
    why: 'east.example.com: no AD bit',
  });
});

test('no keys, and why', async () => {
  const nothing = bench({ ...FOUND, keys: [], problems: ['DSA is not supported'] });
  expect(await nothing.ask()).toMatchObject({
    keys: [],
    why: 'east.example.com has no key there; DSA is not supported',
  });
  const failed = bench({ ok: false, kind: 'unreachable', why: '192.0.2.53: no answer' });
  expect(await failed.ask()).toMatchObject({ keys: [], why: 'east.example.com: 192.0.2.53: no answer' });
  expect(failed.said).toEqual(['warn: keys of east.example.com in DNS: 192.0.2.53: no answer']);
});

test('what a peer calls itself is asked only if it is a name', async () => {
  const { ask, asked } = bench(FOUND);
  expect(await ask('@*.example.com')).toMatchObject({ keys: [], why: 'its identity is no host name' });
  expect(await ask('user@example.com')).toMatchObject({ keys: [] });
  expect(asked).toEqual([]);
});

test('answers are kept as long as DNS says, an hour at most; failures for ten seconds', async () => {
  const { ask, asked, pass } = bench(FOUND);
  await Promise.all([ask(), ask('@EAST.example.com.')]);
  pass(59_999);
  await ask();
  expect(asked).toHaveLength(1);
  pass(1);
  await ask();
  expect(asked).toHaveLength(2);
  const long = bench({ ...FOUND, ttl: 2 ** 31 });
  await long.ask();
  long.pass(3_600_000);
  await long.ask();
  expect(long.asked).toHaveLength(2);
  const failed = bench({ ok: false, kind: 'unreachable', why: 'no answer' });
  await failed.ask();
  failed.pass(9_999);
  await failed.ask();
  expect(failed.asked).toHaveLength(1);
  failed.pass(1);
  await failed.ask();
  expect(failed.asked).toHaveLength(2);
});

test('in the order of precedence, and no more than are of use', async () => {
  const rdata = (precedence: number) =>
    Uint8Array.of(
      precedence,
      0,
      4,
      ...Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex'),
    );
  const records = [30, 10, 20, ...Array(100).fill(40)].map((precedence) => ({
    type: 'IPSECKEY' as const,
    data: rdata(precedence),
  }));
  const lookUp = async (): Promise<Lookup> => ({ ok: true, records, isSecure: true, doubt: undefined, ttl: 1 });
  const found = await findKeys('east.example.com', { lookUp });
  if (!found.ok) throw new Error(found.why);
  expect(found.keys).toHaveLength(16);
  expect(found.keys.slice(0, 4).map(({ precedence }) => precedence)).toEqual([10, 20, 30, 40]);
});
