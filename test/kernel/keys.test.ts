import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packPolicy, packSa, unpackPolicy, unpackSa } from '../../src/kernel/keys.ts';
import type { PolicyKey, SaKey } from '../../src/kernel/port.ts';
import { Address } from '../../src/net/address.ts';
import { Subnet } from '../../src/net/subnet.ts';

const octets = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
const address = fc.oneof(octets(4), octets(16)).map((bytes) => Address.fromBytes(bytes));
const saKey: fc.Arbitrary<SaKey> = fc.record({
  protocol: fc.constantFrom('esp', 'ah'),
  dst: address,
  spi: fc.integer({ min: 0, max: 0xffffffff }),
});
const subnet = (family: 4 | 6) =>
  fc
    .tuple(octets(family === 4 ? 4 : 16), fc.integer({ min: 0, max: family === 4 ? 32 : 128 }))
    .map(([bytes, prefix]) => Subnet.of(Address.fromBytes(bytes), prefix));
const port = fc.integer({ min: 0, max: 65535 });
const policyKey: fc.Arbitrary<PolicyKey> = fc.constantFrom<4 | 6>(4, 6).chain((family) =>
  fc.record(
    {
      direction: fc.constantFrom('in', 'out', 'fwd'),
      src: subnet(family),
      dst: subnet(family),
      protocol: fc.integer({ min: 0, max: 255 }),
      srcPort: port,
      dstPort: port,
    },
    { requiredKeys: ['direction', 'src', 'dst', 'protocol'] },
  ),
);

test('a packed key unpacks to what it was', () => {
  fc.assert(
    fc.property(saKey, (key) => {
      const { protocol, dst, spi } = unpackSa(packSa(key));
      expect([protocol, spi, `${dst}`]).toEqual([key.protocol, key.spi, `${key.dst}`]);
    }),
  );
  fc.assert(
    fc.property(policyKey, (key) => {
      const unpacked = unpackPolicy(packPolicy(key));
      expect({ ...unpacked, src: `${unpacked.src}`, dst: `${unpacked.dst}` }).toEqual({
        ...key,
        src: `${key.src}`,
        dst: `${key.dst}`,
      });
    }),
  );
});

test('a port of 0 is not any port', () => {
  const src = Subnet.all(4);
  const key = { direction: 'out', src, dst: src, protocol: 6 } as const;
  expect(packPolicy({ ...key, srcPort: 0 })).not.toBe(packPolicy(key));
  expect(unpackPolicy(packPolicy({ ...key, srcPort: 0 }))).toMatchObject({ srcPort: 0 });
  expect(unpackPolicy(packPolicy(key))).not.toHaveProperty('srcPort');
});
