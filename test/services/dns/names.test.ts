import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { ID_TYPES, Id } from '../../../src/net/id.ts';
import { hostName, nameOf, reverseName } from '../../../src/services/dns/names.ts';

const fqdn = (text: string) => nameOf(new Id(ID_TYPES.ID_FQDN, Buffer.from(text, 'latin1')));

test('names of hosts, and of addresses', () => {
  expect(fqdn('East.Example.COM.')).toBe('east.example.com');
  expect(nameOf(Id.parse('192.0.2.10')!)).toBe('10.2.0.192.in-addr.arpa');
  expect(reverseName(Address.parse('2001:db8::567:89ab')!)).toBe(
    'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
  );
});

test.each([
  ['east', 'its name has no domain'],
  ['', 'its identity is no host name'],
  ['.', 'its identity is no host name'],
  ['a..b', 'its identity is no host name'],
  ['a b.example', 'its identity is no host name'],
  ['a\\.b.example', 'its identity is no host name'],
  ['a\0.example', 'its identity is no host name'],
  ['*.example', 'its identity is no host name'],
  ['-a.example', 'its identity is no host name'],
  ['ä.example', 'its identity is no host name'],
  [`${'a'.repeat(64)}.example`, 'its identity is no host name'],
  [`${'a.'.repeat(130)}example`, 'longer than DNS allows'],
])('%j is asked of nobody', (text, why) => {
  expect(fqdn(text)).toEqual({ wrong: expect.stringContaining(why) });
});

test('identities that have no name there', () => {
  for (const text of ['user@example.com', 'C=CA, CN=east', '@#1234', '%null'])
    expect(nameOf(Id.parse(text)!)).toEqual({ wrong: expect.stringContaining('has no name there') });
  expect(nameOf(new Id(ID_TYPES.ID_IPV4_ADDR, new Uint8Array(3)))).toHaveProperty('wrong');
});

test('whatever a peer calls itself, a name that passes has nothing in it but letters, digits, - and _', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.domain(), fc.string({ unit: 'binary' })), (text) => {
      const name = hostName(text);
      if (typeof name !== 'string') return;
      expect(name).toMatch(/^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/);
      expect(name.length).toBeLessThan(254);
    }),
  );
});
