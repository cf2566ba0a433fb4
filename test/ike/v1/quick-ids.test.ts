import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { netId, selectorOf } from '../../../src/ike/v1/quick-ids.ts';
import type { PayloadNamed } from '../../../src/ike/v1/wire/index.ts';
import { Address } from '../../../src/net/address.ts';
import { Selector } from '../../../src/net/selector.ts';
import { Subnet } from '../../../src/net/subnet.ts';

const subnet = (text: string, protocol = 0, port = 0) =>
  Selector.ofSubnet(Subnet.parse(text)!, protocol, port, port || 65_535);
const id = (idType: number, ...data: number[]): PayloadNamed<'ID'> => ({
  ...{ type: 'ID', idType, protocol: 0, port: 0, data: Uint8Array.from(data) },
});

describe('networks as ID payloads', () => {
  test.each([
    ['10.0.1.5/32', 1, 4],
    ['10.0.1.0/24', 4, 8],
    ['0.0.0.0/0', 4, 8],
    ['10.0.0.0/9', 4, 8],
    ['2001:db8::1/128', 5, 16],
    ['2001:db8::/32', 6, 32],
    ['::/0', 6, 32],
  ] as const)('%s', (text, idType, octets) => {
    for (const [protocol, port] of [
      [0, 0],
      [6, 80],
      [17, 0],
    ] as const) {
      const payload = netId(subnet(text, protocol, port));
      if (payload?.type !== 'ID') throw new Error('no ID');
      expect(payload).toMatchObject({ idType, protocol, port });
      expect(payload.data.length).toBe(octets);
      expect(selectorOf(payload)!.equals(subnet(text, protocol, port))).toBe(true);
    }
  });

  test('a range, and what is a block after all', () => {
    const [from, to] = [Address.parse('10.0.1.5')!, Address.parse('10.0.1.9')!];
    const payload = netId(new Selector(from, to));
    expect(payload).toMatchObject({ idType: 7 });
    expect(selectorOf(payload as PayloadNamed<'ID'>)!.equals(new Selector(from, to))).toBe(true);
  });

  test('a range of ports has no words', () => {
    expect(netId(new Selector(Address.parse('10.0.1.5')!, Address.parse('10.0.1.5')!, 6, 80, 90))).toBeUndefined();
  });

  test.each<[string, PayloadNamed<'ID'>]>([
    ['a name', id(2, 119, 101, 115, 116)],
    ['an address of three octets', id(1, 10, 0, 1)],
    ['a mask with holes', id(4, 10, 0, 0, 0, 255, 0, 255, 0)],
    ['an address with more bits than its mask', id(4, 10, 0, 1, 5, 255, 255, 255, 0)],
    ['a range that runs backwards', id(7, 10, 0, 1, 9, 10, 0, 1, 5)],
    ['a subnet without a mask', id(4, 10, 0, 0, 0)],
    ['octets of IPv6 for IPv4', id(1, ...new Uint8Array(16))],
  ])('%s is none', (_name, payload) => {
    expect(selectorOf(payload)).toBeUndefined();
  });

  test('any octets are a network or none', () => {
    fc.assert(
      fc.property(
        fc.nat(255),
        fc.nat(255),
        fc.nat(65_535),
        fc.uint8Array({ maxLength: 40 }),
        (idType, protocol, port, data) => {
          const got = selectorOf({ type: 'ID', idType, protocol, port, data });
          if (got) expect(selectorOf(netId(got) as PayloadNamed<'ID'>)!.equals(got)).toBe(true);
        },
      ),
    );
  });
});
