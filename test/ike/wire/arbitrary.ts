/** Arbitrary headers and payloads: everything that the wire can carry. */
import fc from 'fast-check';
import type { HeaderFields, Payload, Proposal, Transform } from '../../../src/ike/wire/index.ts';
import { PAYLOAD, TRANSFORM_ATTRIBUTE, TS_TYPE } from '../../../src/ike/wire/index.ts';
import { Address } from '../../../src/net/address.ts';
import { Selector } from '../../../src/net/selector.ts';

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u15 = fc.nat(0x7fff);
const octets = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
const critical = fc.boolean();

const attribute = fc.record({
  type: u15.filter((type) => type !== TRANSFORM_ATTRIBUTE.KEY_LENGTH),
  value: fc.oneof(u16, octets(0, 40)),
});
const transform: fc.Arbitrary<Transform> = fc.record(
  { type: u8, id: u16, keyBits: u16, attributes: fc.array(attribute, { minLength: 1, maxLength: 7 }) },
  { requiredKeys: ['type', 'id'] },
);
const proposal: fc.Arbitrary<Proposal> = fc.record({
  number: u8,
  protocol: u8,
  spi: octets(0, 16),
  transforms: fc.array(transform, { maxLength: 12 }),
});

const range = (family: 4 | 6): fc.Arbitrary<Selector> => {
  const word = fc.bigInt(0n, (1n << (family === 4 ? 32n : 128n)) - 1n);
  const address = word.map((value) => Address.fromBigInt(family, value));
  const ordered = fc.tuple(u16, u16).map(([x, y]) => [Math.min(x, y), Math.max(x, y)]);
  const opaque = fc.constant([65535, 0]);
  return fc
    .tuple(address, address, u8, fc.oneof(ordered, opaque))
    .map(([a, b, protocol, [startPort, endPort]]) =>
      a.compare(b) <= 0
        ? new Selector(a, b, protocol, startPort, endPort)
        : new Selector(b, a, protocol, startPort, endPort),
    );
};
const isRange = (tsType: number) => tsType === TS_TYPE.TS_IPV4_ADDR_RANGE || tsType === TS_TYPE.TS_IPV6_ADDR_RANGE;
const otherSelector = fc.record({
  tsType: u8.filter((tsType) => !isRange(tsType)),
  protocol: u8,
  data: octets(0, 60),
});
const trafficSelectors = (type: 'TSi' | 'TSr') =>
  fc.record(
    {
      type: fc.constant(type),
      critical,
      selectors: fc.array(fc.oneof(range(4), range(6)), { maxLength: 8 }),
      others: fc.array(otherSelector, { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ['type', 'critical', 'selectors'] },
  );

const identity = (type: 'IDi' | 'IDr') =>
  fc.record({ type: fc.constant(type), critical, idType: u8, data: octets(0, 80) });
const certificate = (type: 'CERT' | 'CERTREQ') =>
  fc.record({ type: fc.constant(type), critical, encoding: u8, data: octets(0, 200) });

const known: ReadonlySet<number> = new Set(
  Object.entries(PAYLOAD)
    .filter(([name]) => !['GSPM', 'IDg', 'GSA', 'KD', 'PS'].includes(name))
    .map(([, number]) => number),
);

/** One arbitrary for each payload type that may stand anywhere in a chain. */
export const PAYLOADS = {
  SA: fc.record({
    type: fc.constant('SA' as const),
    critical,
    proposals: fc.array(proposal, { minLength: 1, maxLength: 8 }),
  }),
  KE: fc.record({ type: fc.constant('KE' as const), critical, group: u16, data: octets(1, 300) }),
  IDi: identity('IDi'),
  IDr: identity('IDr'),
  CERT: certificate('CERT'),
  CERTREQ: certificate('CERTREQ'),
  AUTH: fc.record({ type: fc.constant('AUTH' as const), critical, method: u8, data: octets(0, 80) }),
  Nonce: fc.record({ type: fc.constant('Nonce' as const), critical, data: octets(16, 256) }),
  N: fc.record({
    type: fc.constant('N' as const),
    critical,
    protocol: u8,
    spi: octets(0, 255),
    notify: u16,
    data: octets(0, 80),
  }),
  D: fc
    .tuple(critical, u8, fc.integer({ min: 1, max: 16 }), fc.nat(6))
    .chain(([isCritical, protocol, spiSize, count]) =>
      fc.record({
        type: fc.constant('D' as const),
        critical: fc.constant(isCritical),
        protocol: fc.constant(protocol),
        spiSize: fc.constant(spiSize),
        spis: fc.array(octets(spiSize, spiSize), { minLength: count, maxLength: count }),
      }),
    ),
  V: fc.record({ type: fc.constant('V' as const), critical, data: octets(0, 80) }),
  TSi: trafficSelectors('TSi'),
  TSr: trafficSelectors('TSr'),
  CP: fc.record({
    type: fc.constant('CP' as const),
    critical,
    cfgType: u8,
    attributes: fc.array(fc.record({ type: u15, value: octets(0, 40) }), { maxLength: 10 }),
  }),
  EAP: fc.record({
    type: fc.constant('EAP' as const),
    critical,
    data: octets(4, 80).map((data) => {
      data[2] = 0;
      data[3] = data.length;
      return data;
    }),
  }),
  unknown: fc.record({
    type: fc.constant('unknown' as const),
    critical,
    number: u8.filter((number) => !known.has(number)),
    data: octets(0, 80),
  }),
} satisfies Record<string, fc.Arbitrary<Payload>>;

export const ENVELOPES = {
  SK: fc.record({
    type: fc.constant('SK' as const),
    critical,
    nextPayload: u8,
    aadOctets: fc.constant(0),
    data: octets(0, 200),
  }),
  SKF: fc.tuple(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: 0xffff })).chain(([a, b]) =>
    fc.record({
      type: fc.constant('SKF' as const),
      critical,
      number: fc.constant(Math.min(a, b)),
      total: fc.constant(Math.max(a, b)),
      nextPayload: u8,
      aadOctets: fc.constant(0),
      data: octets(0, 200),
    }),
  ),
} satisfies Record<string, fc.Arbitrary<Payload>>;

export const chain: fc.Arbitrary<Payload[]> = fc.array(fc.oneof(...Object.values(PAYLOADS)), { maxLength: 10 });

export const header: fc.Arbitrary<Required<HeaderFields>> = fc.record({
  spiI: octets(8, 8),
  spiR: octets(8, 8),
  major: fc.constant(2),
  minor: fc.nat(15),
  exchange: u8,
  isInitiator: fc.boolean(),
  isResponse: fc.boolean(),
  higherVersion: fc.boolean(),
  messageId: fc.nat(0xffffffff),
});
