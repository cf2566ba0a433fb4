import { expect, test } from 'vitest';
import { explainId } from '../../../src/ike/explain/identities.ts';
import { Address } from '../../../src/net/address.ts';
import { Id } from '../../../src/net/id.ts';

const id = (text: string) => Id.parse(text)!;

test.each([
  ['@wset', '@west', ''],
  ['@West', '@west', ': they differ in case only'],
  ['@[west]', '@west', ''],
  ['192.0.2.1', '@west', ': without an id= of its own an end is its address, so set our leftid= or rightid='],
  ['192.0.2.7', '@west', ''],
])('we are %s and %s is expected', (actual, expected, hint) => {
  const [line, ...more] = explainId('we', id(actual), 'the peer', id(expected), Address.parse('192.0.2.1'));
  const [a, e] = [id(actual), id(expected)];
  expect(line).toBe(`we are '${a}' (${a.typeName}), the peer expects '${e}' (${e.typeName})${hint}`);
  expect(more).toEqual([]);
});

test('an address as text is another identity than the address', () => {
  const [line] = explainId('A', new Id(2, Buffer.from('192.0.2.7')), 'B', id('192.0.2.7'), undefined);
  expect(line).toBe(
    "A is '@192.0.2.7' (ID_FQDN), B expects '192.0.2.7' (ID_IPV4_ADDR): the same text, but of another type",
  );
});
