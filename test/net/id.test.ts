import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ID_TYPES, Id } from '../../src/net/id.ts';

describe('Id', () => {
  test.each([
    ['192.0.2.1', 'ID_IPV4_ADDR', 'c0000201'],
    ['2001:db8::1', 'ID_IPV6_ADDR', '20010db8000000000000000000000001'],
    ['@west', 'ID_FQDN', '77657374'],
    ['me@west', 'ID_USER_FQDN', '6d654077657374'],
    ['@#0A0b', 'ID_KEY_ID', '0a0b'],
    ['@[west]', 'ID_KEY_ID', '77657374'],
    ['@[west', 'ID_KEY_ID', '77657374'],
    ['%null', 'ID_NULL', ''],
  ])('%s is %s %s', (text, type, hex) => {
    const id = Id.parse(text)!;
    expect([id.typeName, id.type, Buffer.from(id.data).toString('hex')]).toEqual([
      type,
      ID_TYPES[type as keyof typeof ID_TYPES],
      hex,
    ]);
  });

  test.each(['', '@', 'west', '@#', '@#0', '@#xyz', '@[]', '%any', '192.0.2.256', 'me@'])(
    '%j is no identity',
    (text) => {
      expect(Id.parse(text)).toBeUndefined();
    },
  );

  test.each(['192.0.2.1', '2001:db8::1', '@west.example.com', 'me@west.example.com', '@#0x0a0b', '%null'])(
    '%s is written as it was read',
    (text) => expect(`${Id.parse(text)}`).toBe(text),
  );

  test('whatever a peer sends can be printed, in one line of printable ASCII', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 40 }), (type, data) => {
        expect(`${new Id(type, data)}`).toMatch(/^[\x20-\x7e]*$/);
        expect(JSON.stringify(new Id(type, data))).toMatch(/^"[\x20-\x7e]*"$/);
      }),
    );
  });

  test('octets of the wrong number are not taken for an address', () => {
    expect(`${new Id(ID_TYPES.ID_IPV4_ADDR, new Uint8Array(3))}`).toBe('<3 octets>');
    expect(`${new Id(ID_TYPES.ID_IPV6_ADDR, new Uint8Array(4))}`).toBe('<4 octets>');
  });

  test('a peer sends nothing but dots: what they come to is not looked for from each of them', () => {
    const data = new Uint8Array(1 << 20).fill(0x2e);
    data[data.length - 1] = 0x61;
    expect(new Id(ID_TYPES.ID_FQDN, data).key).toHaveLength(data.length + 2);
  });

  test('the same octets as another type are another identity', () => {
    const data = new TextEncoder().encode('west');
    expect(new Id(ID_TYPES.ID_FQDN, data).equals(new Id(ID_TYPES.ID_FQDN, data.slice()))).toBe(true);
    expect(new Id(ID_TYPES.ID_FQDN, data).equals(new Id(ID_TYPES.ID_KEY_ID, data))).toBe(false);
    expect(new Id(ID_TYPES.ID_FQDN, data).equals(new Id(ID_TYPES.ID_FQDN, data.slice(1)))).toBe(false);
  });

  test.each([
    ['@West.Example.com', '@west.example.com.'],
    ['Me@West', 'me@west'],
    ['192.0.2.1', '192.0.2.1'],
    ['@#0A', '@#0x0a'],
    ['C=CA,CN=West', '/c=ca/cn=WEST'],
    ['@~3000', '@~0x3000'],
  ])('%s and %s are the same', (one, other) => {
    expect(Id.parse(one)!.equals(Id.parse(other)!)).toBe(true);
    expect(Id.parse(one)!.key).toBe(Id.parse(other)!.key);
  });

  test.each([
    ['@west', 'west@west'],
    ['@west', '@[west]'],
    ['@[west]', '@[West]'],
    ['@west', '@west.example'],
    ['@west', '@west..'],
    ['@.', '%null'],
    ['@[C=CA]', 'C=CA'],
    ['192.0.2.1', '@#c0000201'],
    ['192.0.2.1', '@192.0.2.1'],
    ['%null', '@#00'],
  ])('%s and %s are not', (one, other) => {
    expect(Id.parse(one)!.equals(Id.parse(other)!)).toBe(false);
    expect(Id.parse(one)!.key).not.toBe(Id.parse(other)!.key);
  });

  test('the keys of any two are the same if, and only if, they are', () => {
    const data = fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc.constantFrom('a', 'A', 'a.', 'a#', 'é').map((s) => Buffer.from(s)),
    );
    const id = fc
      .tuple(fc.constantFrom(1, 2, 3, 9, 11, 13), data)
      .map(([type, octets]) => new Id(type, Uint8Array.from(octets)));
    fc.assert(
      fc.property(id, id, (one, other) => {
        expect(one.key === other.key).toBe(one.equals(other));
        expect(one.key).toMatch(/^[\x21-\x7e]*$/);
        if (one.type !== other.type) expect(one.equals(other)).toBe(false);
      }),
    );
  });

  test.each(['%fromcert', '%none', '%myid', '%any', '%any6', '%default'])('%s stands for one, and is none', (text) => {
    expect(Id.parse(text)).toBeUndefined();
  });
});
