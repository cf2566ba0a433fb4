/** Keys in DNS, from a resolver that validates them: what is secure, what is not, and what is a lie. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ipseckeyOf, parseSpki } from '../../src/ike/crypto/signature/public-key.ts';
import { Address } from '../../src/net/address.ts';
import { Id } from '../../src/net/id.ts';
import { DnsKeys } from '../../src/services/dns/dns-keys.ts';
import { realClock } from '../../src/services/fetch/clock.ts';
import { FarLookups } from '../../src/services/fetch/far.ts';
import { lacksPeer } from './peers/prefix.ts';
import { startResolver, type TestResolver } from './resolver.ts';

const lacks = lacksPeer('unbound');

const spki = (key: { export(options: { format: 'der'; type: 'spki' }): Buffer }) =>
  Uint8Array.from(key.export({ format: 'der', type: 'spki' }));
const KEYS = {
  rsa: spki(generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey),
  p256: spki(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
  ed25519: spki(generateKeyPairSync('ed25519').publicKey),
  many: Array.from({ length: 8 }, () => spki(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)),
};

/** As a zone has it: precedence, gateway type, algorithm, gateway, key. */
function ipseckey(der: Uint8Array, precedence = 10, gateway = '0 ALGORITHM .'): string {
  const key = parseSpki(der);
  if ('wrong' in key) throw new Error(key.wrong);
  const { algorithm, octets } = ipseckeyOf(key);
  const middle = gateway.replace('ALGORITHM', `${algorithm}`);
  return `IN IPSECKEY ${precedence} ${middle} ${Buffer.from(octets).toString('base64')}\n`;
}

const zones = [
  {
    name: 'pluto.example',
    signed: 'yes',
    records: [
      `east ${ipseckey(KEYS.rsa, 20)}`,
      `east ${ipseckey(KEYS.p256, 10, '1 ALGORITHM 192.0.2.1')}`,
      `east ${ipseckey(KEYS.ed25519, 30, '3 ALGORITHM gw.pluto.example.')}`,
      'alias IN CNAME east\n',
      'keyless IN A 192.0.2.9\n',
      ...KEYS.many.map((key, i) => `many ${ipseckey(key, i)}`),
    ].join(''),
  },
  { name: '2.0.192.in-addr.arpa', signed: 'yes', records: `7 ${ipseckey(KEYS.p256)}` },
  { name: 'plain.example', signed: 'no', records: `east ${ipseckey(KEYS.p256)}` },
  {
    name: 'bogus.example',
    signed: { instead: ['192.0.2.66', '192.0.2.99'] },
    records: `east ${ipseckey(KEYS.p256, 10, '1 ALGORITHM 192.0.2.66')}`,
  },
] as const;

describe('keys from unbound', () => {
  let resolver: TestResolver;
  const open: FarLookups[] = [];
  beforeAll(async () => {
    if (!lacks) resolver = await startResolver(zones);
  });
  beforeEach(({ skip }) => skip(lacks !== undefined, lacks));
  afterAll(async () => {
    if (lacks) return;
    for (const lookups of open) await lookups.close();
    await resolver.close();
  });

  function keys(onlySecure = true): (id: string) => ReturnType<DnsKeys['answer']> {
    const lookups = new FarLookups({
      settings: {
        curlTimeoutMs: 5000,
        ocspTimeoutMs: 2000,
        ocspMethod: 'get',
        fetchPrivate: 'no',
        dnsServers: [`127.0.0.1@${resolver.port}`],
        dnsTrustAd: false,
      },
      now: realClock.now,
      warn: (text) => expect.fail(text),
    });
    open.push(lookups);
    const answerer = new DnsKeys({ lookups, onlySecure, now: realClock.now, log: () => {}, count: () => {} });
    return (id) => answerer.answer({ t: 'dnsKeys', id: Id.parse(id)!, address: Address.parse('192.0.2.1')! });
  }

  test('all kinds of keys, in the order of their precedence, validated', async () => {
    const answer = await keys()('@east.pluto.example');
    expect(answer).toEqual({ t: 'dnsKeys', isSecure: true, keys: [KEYS.p256, KEYS.rsa, KEYS.ed25519] });
  });

  test('through another name; and the keys of an address', async () => {
    const ask = keys();
    expect(await ask('@alias.pluto.example')).toMatchObject({
      isSecure: true,
      keys: [KEYS.p256, KEYS.rsa, KEYS.ed25519],
    });
    expect(await ask('192.0.2.7')).toMatchObject({ isSecure: true, keys: [KEYS.p256] });
  });

  test('more than a datagram holds comes by TCP', async () => {
    expect(await keys()('@many.pluto.example')).toMatchObject({ isSecure: true, keys: KEYS.many });
  });

  test('a name without keys, and one that is not there', async () => {
    const ask = keys();
    for (const name of ['keyless', 'nonesuch'])
      expect(await ask(`@${name}.pluto.example`)).toEqual({
        t: 'dnsKeys',
        isSecure: false,
        keys: [],
        why: `${name}.pluto.example has no key there`,
      });
  });

  test('what nobody has signed is used only without DNSSEC', async () => {
    expect(await keys()('@east.plain.example')).toMatchObject({ keys: [], why: expect.stringContaining('no AD bit') });
    expect(await keys(false)('@east.plain.example')).toMatchObject({ keys: [KEYS.p256], isSecure: false });
  });

  test('what was changed after it was signed is used by nobody', async () => {
    for (const onlySecure of [true, false])
      expect(await keys(onlySecure)('@east.bogus.example')).toMatchObject({
        keys: [],
        why: expect.stringContaining('SERVFAIL'),
      });
    expect(resolver.running.output()).toMatch(/validation failure.*bogus\.example/);
  });
});
