/** Arbitrary headers and payloads of IKEv1: everything that the wire can carry. */
import fc from 'fast-check';
import type { Attribute, HeaderFields, Payload, Proposal, Transform } from '../../../../src/ike/v1/wire/index.ts';
import { PAYLOAD } from '../../../../src/ike/v1/wire/index.ts';

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u15 = fc.nat(0x7fff);
const u32 = fc.nat(0xffffffff);
const octets = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });

const attribute: fc.Arbitrary<Attribute> = fc.record({ type: u15, value: fc.oneof(u16, octets(0, 40)) });
const transform: fc.Arbitrary<Transform> = fc.record({
  number: u8,
  id: u8,
  attributes: fc.array(attribute, { maxLength: 10 }),
});
const proposal: fc.Arbitrary<Proposal> = fc.record({
  number: u8,
  protocol: u8,
  spi: octets(0, 16),
  transforms: fc.array(transform, { maxLength: 8 }),
});

const named = <const T extends string>(type: T) => ({ type: fc.constant(type) });
const certificate = <const T extends string>(type: T) =>
  fc.record({ ...named(type), encoding: u8, data: octets(0, 200) });
const original = <const T extends string>(type: T) => fc.record({ ...named(type), idType: u8, data: octets(0, 20) });

const known: ReadonlySet<number> = new Set(
  Object.values(PAYLOAD).filter((number) => number !== PAYLOAD.P && number !== PAYLOAD.T),
);

/** One arbitrary for each payload type. */
export const PAYLOADS = {
  SA: fc.record({ ...named('SA'), proposals: fc.array(proposal, { minLength: 1, maxLength: 6 }) }),
  KE: fc.record({ ...named('KE'), data: octets(1, 300) }),
  ID: fc.record({ ...named('ID'), idType: u8, protocol: u8, port: u16, data: octets(0, 80) }),
  CERT: certificate('CERT'),
  CERTREQ: certificate('CERTREQ'),
  HASH: fc.record({ ...named('HASH'), data: octets(1, 64) }),
  SIG: fc.record({ ...named('SIG'), data: octets(1, 300) }),
  Nonce: fc.record({ ...named('Nonce'), data: octets(8, 256) }),
  N: fc.record({ ...named('N'), doi: u32, protocol: u8, spi: octets(0, 255), notify: u16, data: octets(0, 80) }),
  D: fc.tuple(u32, u8, fc.integer({ min: 1, max: 16 }), fc.nat(6)).chain(([doi, protocol, spiSize, count]) =>
    fc.record({
      ...named('D'),
      doi: fc.constant(doi),
      protocol: fc.constant(protocol),
      spiSize: fc.constant(spiSize),
      spis: fc.array(octets(spiSize, spiSize), { minLength: count, maxLength: count }),
    }),
  ),
  VID: fc.record({ ...named('VID'), data: octets(0, 80) }),
  ATTRIBUTES: fc.record({
    ...named('ATTRIBUTES'),
    cfgType: u8,
    identifier: u16,
    attributes: fc.array(attribute, { maxLength: 20 }),
  }),
  NAT_D: fc.record({ ...named('NAT_D'), data: octets(1, 64) }),
  NAT_D_DRAFT: fc.record({ ...named('NAT_D_DRAFT'), data: octets(1, 64) }),
  NAT_OA: original('NAT_OA'),
  NAT_OA_DRAFT: original('NAT_OA_DRAFT'),
  FRAGMENT: fc.record({
    ...named('FRAGMENT'),
    id: u16,
    number: fc.integer({ min: 1, max: 255 }),
    flags: u8,
    data: octets(1, 200),
  }),
  unknown: fc.record({
    ...named('unknown'),
    number: u8.filter((number) => !known.has(number)),
    data: octets(0, 80),
  }),
} satisfies Record<string, fc.Arbitrary<Payload>>;

export const chain: fc.Arbitrary<Payload[]> = fc.array(fc.oneof(...Object.values(PAYLOADS)), { maxLength: 10 });

export const header: fc.Arbitrary<Required<HeaderFields>> = fc.record({
  cookieI: octets(8, 8),
  cookieR: octets(8, 8),
  exchange: u8,
  isEncrypted: fc.constant(false),
  isCommit: fc.boolean(),
  messageId: u32,
});
